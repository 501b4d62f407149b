import ArgumentParser
import CLIP
import CLIPTraining
import Files
import Foundation

struct DistillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Teach a model's text tower what another model's says of texts, and the same of their translations.",
        discussion: """
            Example: clip distill --model start --teacher sentences --texts words.tsv --output runs/words

            Each line of --texts is a text that the teacher reads and, after tabs, what else is to be read the same way \
            (arXiv 2004.09813). The image tower stays as it is. Stopped, the same command goes on. RUN/final is the model.
            """)

    @Option(help: ArgumentHelp("The model whose text embeddings are learned.", valueName: "name|directory"))
    var teacher: String
    @Option(help: ArgumentHelp("A table of texts and their translations, with tabs between.", valueName: "file"))
    var texts: String
    @Option(help: ArgumentHelp("The run's directory.", valueName: "directory"))
    var output: String
    @Option(help: "Times that every text is read.")
    var epochs = TextDistillation.Options().epochs
    @Option(help: "Texts of a step.")
    var batchSize = TextDistillation.Options().batchSize
    @Option(help: "The peak learning rate.")
    var lr = TextDistillation.Options().learningRate
    @Option(help: "What the vectors of tokens learn faster by.")
    var tokenFactor = TextDistillation.Options().tokenFactor
    @Option(help: "Steps in which the rate rises to its peak.")
    var warmup = TextDistillation.Options().warmupSteps
    @Option(help: "The order of texts.")
    var seed: UInt64 = 0
    @OptionGroup var shared: LearningOptions

    private struct Document: Encodable {
        var model: String
        var output: String
        var steps: Int
        var heldOut: TextDistillation.Outcome?
    }

    func validate() throws {
        guard epochs > 0, batchSize > 0, lr > 0, lr.isFinite, tokenFactor > 0, tokenFactor.isFinite, warmup >= 0 else {
            throw ValidationError("Sizes, epochs and rates are numbers above 0.")
        }
    }

    func run() throws {
        let lessons = try TextLessons(path: texts)
        let student = try shared.describe().loaded(weights: shared.weights, device: shared.device.device)
        let master = try ModelCatalog.description(of: teacher).loaded(
            device: shared.device.device, precision: shared.compute.precision.dtype)
        var options = TextDistillation.Options()
        (options.epochs, options.batchSize, options.learningRate) = (epochs, batchSize, lr)
        (options.tokenFactor, options.warmupSteps, options.seed) = (tokenFactor, warmup, seed)
        options.precision = shared.compute.precision
        let stop = StopRequest()
        let signals = TrainingSession.stopping(stop)
        let run = try TextDistillation(
            student, teacher: master, lessons: lessons, options: options, output: output, stop: stop)
        Console.note("\(student.name) learns \(lessons.count) texts from \(master.name) in \(run.totalSteps) steps")
        var last = 0.0
        let outcome = try withExtendedLifetime(signals) {
            try run.run { share in
                Console.status("the teacher reads: \(Format.fixed(share * 100, 0)) %")
            } onProgress: { progress in
                let left = Double((progress.totalSteps - progress.step) * batchSize) / max(1, progress.textsPerSecond)
                let line =
                    "step \(progress.step)/\(progress.totalSteps)  loss \(Format.fixed(progress.loss, 4))  "
                    + "\(Format.fixed(progress.textsPerSecond, 0)) texts/s  \(Format.duration(left)) left"
                Console.status(line)
                let now = ProcessInfo.processInfo.systemUptime
                if !Console.errorIsTerminal, now - last > 30 || progress.step == progress.totalSteps {
                    Console.note(line)
                    last = now
                }
            }
        }
        Console.endStatus()
        guard let outcome else { return Console.note("stopped; the same command goes on") }
        if shared.json {
            return try Console.printJSON(
                Document(
                    model: student.name, output: run.finalModelPath, steps: run.totalSteps, heldOut: outcome))
        }
        try Console.answer(run.finalModelPath)
        func line(_ name: String, _ value: Double?) throws {
            guard let value else { return }
            try Console.answer("  \(name): \(Format.fixed(value, 3))")
        }
        try line("cosine to the teacher, held-out texts", outcome.textCosine)
        try line("the same, their translations", outcome.otherCosine)
        try line("translations that find their text among \(outcome.otherCount)", outcome.otherFound)
    }
}

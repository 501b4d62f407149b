import CLIP
import CLIPData
import CLIPText
import Files
import Foundation
import Torch
import TorchNN

/// Teaches a model's text tower to say of texts what another model's says, and of their translations the same: a tower that
/// knows words before it sees pictures, in another vocabulary, with fewer layers, or in another language (Reimers and
/// Gurevych, "Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation", arXiv 2004.09813).
///
/// What is lowered is one less the cosine of the two embeddings. The image tower stays as it is.
public final class TextDistillation {
    /// How it is learned.
    public struct Options: Sendable, Equatable, Codable {
        /// Texts of a step.
        public var batchSize = 256
        /// Times that every text is read.
        public var epochs = 4
        /// The peak.
        public var learningRate = 3e-4
        /// What the vectors of tokens learn faster by: many of them are met seldom.
        public var tokenFactor = 5.0
        /// Steps in which the rate rises to its peak; a cosine follows.
        public var warmupSteps = 200
        /// What the towers' products are computed in.
        public var precision = Precision.fp32
        /// The order of texts.
        public var seed: UInt64 = 0
        /// Steps between checkpoints.
        public var checkpointInterval = 500

        public init() {}
    }

    /// How far it has come, after a step.
    public struct Progress: Sendable {
        /// Steps done.
        public let step: Int
        /// Steps of the whole.
        public let totalSteps: Int
        /// The mean of the last steps, up to a hundred.
        public let loss: Double
        /// Of this run.
        public let textsPerSecond: Double
    }

    /// What the student made of texts that it did not learn from.
    public struct Outcome: Sendable, Equatable, Codable {
        /// Of the student's embeddings and the teacher's, of the same texts; nil where none were held out.
        public var textCosine: Double?
        /// The same for the others, such as translations.
        public var otherCosine: Double?
        /// How often a translation's nearest of ``otherCount`` texts is the one that it translates.
        public var otherFound: Double?
        /// Others that were held out.
        public var otherCount: Int
    }

    private let student: CLIPModel
    private let lessons: [TextLessons.Lesson]
    private let heldOut: [TextLessons.Lesson]
    private let teacher: CLIPModel
    private let options: Options
    private let output: String
    private let stop: StopRequest
    private let optimizer: AdamW
    private let schedule: LearningRateSchedule
    /// What a student reads: the place of the lesson, and of the text within it, the teacher's own first.
    private let readings: [(lesson: Int, text: Int)]
    private var step = 0

    /// Lessons of which one is held out.
    private static let heldOutEvery: UInt64 = 200
    private static let mostHeldOut = 2000

    /// - Parameters:
    ///   - student: whose text tower learns, in place.
    ///   - teacher: whose text embeddings are learned; as long as the student's.
    ///   - lessons: what is read.
    ///   - output: the run's directory. One that holds an unfinished run with the same options is gone on with.
    ///   - stop: how an end is asked for.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)``.
    public init(
        _ student: CLIPModel, teacher: CLIPModel, lessons: TextLessons, options: Options, output: String,
        stop: StopRequest = StopRequest()
    ) throws {
        (self.student, self.teacher, self.options, self.output, self.stop) = (student, teacher, options, output, stop)
        let (own, others) = (student.model.configuration.embeddingSize, teacher.model.configuration.embeddingSize)
        guard own == others else {
            throw TrainingError.invalidOption(
                name: "teacher", problem: "its embeddings have \(others) numbers, the model's \(own)")
        }
        guard options.batchSize > 0, options.epochs > 0, options.learningRate > 0, options.tokenFactor > 0 else {
            throw TrainingError.invalidOption(name: "distillation", problem: "sizes and rates above 0 are needed")
        }
        // By the text itself, so that the same is held out whatever stands beside it.
        func isHeldOut(_ lesson: TextLessons.Lesson) -> Bool {
            UInt64(bitPattern: CaptionKey.key(of: lesson.text.utf8.map(Int32.init))) % Self.heldOutEvery == 0
        }
        heldOut = Array(lessons.lessons.filter(isHeldOut).prefix(Self.mostHeldOut))
        let learned = lessons.lessons.filter { !isHeldOut($0) }
        self.lessons = learned
        readings = learned.enumerated().flatMap { lesson, content in
            (0...content.others.count).map { (lesson: lesson, text: $0) }
        }
        guard readings.count >= options.batchSize else {
            throw TrainingError.invalidOption(
                name: "batch size", problem: "\(options.batchSize) is more than the \(readings.count) texts")
        }
        let totalSteps = readings.count / options.batchSize * options.epochs
        schedule = LearningRateSchedule(
            peak: options.learningRate, warmupSteps: options.warmupSteps, totalSteps: totalSteps)
        try student.model.ownMemory()
        let named = try student.model.text.namedParameters.filter(\.parameter.isTrainable)
        let isTable = { (name: String) in name.hasPrefix("token_embedding") }
        optimizer = try AdamW(
            [
                AdamW.Group(named.filter { isTable($0.name) }, weightDecay: 0, learningRateFactor: options.tokenFactor),
                AdamW.Group(named.filter { !isTable($0.name) }, weightDecay: 0.01),
            ], beta2: 0.98)
    }

    /// Steps of the whole run.
    public var totalSteps: Int { schedule.totalSteps }

    /// `RUN/final`, a model directory, which is there once ``run(onProgress:)`` has finished.
    public var finalModelPath: String { output + "/final" }

    /// Learns to the last step, and writes the model.
    /// - Parameter onProgress: told after each step, and of the teacher's reading before (a share from 0 to 1).
    /// - Returns: nil where an end was asked for first; the same call goes on from there.
    public func run(
        onTeacher: (Double) -> Void = { _ in }, onProgress: (Progress) -> Void = { _ in }
    ) throws -> Outcome? {
        try restore()
        guard let targets = try vectors(of: lessons.map(\.text), onTeacher) else {
            try checkpoint()
            return nil
        }
        let start = (step: step, time: ProcessInfo.processInfo.systemUptime)
        var losses: [Double] = []
        while step < totalSteps {
            if stop.isRequested {
                try checkpoint()
                return nil
            }
            losses.append(try takeStep(targets))
            losses = losses.suffix(100)
            let seconds = max(1e-9, ProcessInfo.processInfo.systemUptime - start.time)
            onProgress(
                Progress(
                    step: step, totalSteps: totalSteps, loss: losses.reduce(0, +) / Double(losses.count),
                    textsPerSecond: Double((step - start.step) * options.batchSize) / seconds))
            if step % options.checkpointInterval == 0, step < totalSteps { try checkpoint() }
        }
        let outcome = try measure()
        try ModelDirectory(finalModelPath).write(
            student.model, preprocess: student.preprocessor.configuration, tokenizerFiles: student.tokenizerFiles())
        try? FileManager.default.removeItem(atPath: checkpointPath)
        return outcome
    }

    /// The teacher's vectors, half as wide, `[N, E]`; nil where an end was asked for meanwhile.
    private func vectors(of texts: [String], _ onProgress: (Double) -> Void) throws -> Tensor? {
        var parts: [Tensor] = []
        let size = 1024
        for start in stride(from: 0, to: texts.count, by: size) {
            if stop.isRequested { return nil }
            let batch = Array(texts[start..<min(start + size, texts.count)])
            parts.append(try teacher.vectors(texts: batch).converted(to: .float16))
            onProgress(Double(start + batch.count) / Double(texts.count))
        }
        return try Engine.inference { try Tensor.concatenated(parts) }
    }

    private func takeStep(_ targets: Tensor) throws -> Double {
        let perEpoch = readings.count / options.batchSize
        let order = order(of: step / perEpoch)
        let first = step % perEpoch * options.batchSize
        let batch = order[first..<first + options.batchSize].map { readings[Int($0)] }
        let tokenizer = try student.tokenizer
        let captions = batch.map { reading in
            let lesson = lessons[reading.lesson]
            let text = reading.text == 0 ? lesson.text : lesson.others[reading.text - 1]
            return tokenizer.tokenize(text).tokens
        }
        let wanted = try Engine.withoutGradients {
            try targets.rows(Tensor(batch.map { Int64($0.lesson) })).converted(to: .float32)
        }
        try optimizer.clearGradients()
        let embeddings = try Engine.autocast(options.precision.autocastType, on: student.model.device) {
            try student.model.encode(captions: captions)
        }.converted(to: .float32).normalized()
        let loss = try (embeddings * wanted).sum(along: 1).mean() * -1 + 1
        try loss.backward()
        let value = try loss.detached().item()
        let clipping = try GradientClipping(optimizer.gradients(), bound: 1)
        guard value.isFinite, clipping.norm.isFinite else {
            throw TrainingError.notFinite(step: step, what: value.isFinite ? "gradient" : "loss", samples: [])
        }
        try optimizer.step(learningRate: schedule.rate(at: step), gradientFactor: clipping.factor)
        step += 1
        return value
    }

    private var cachedOrder: (epoch: Int, places: [Int32])?

    private func order(of epoch: Int) -> [Int32] {
        if let cachedOrder, cachedOrder.epoch == epoch { return cachedOrder.places }
        var places = (0..<Int32(readings.count)).map { $0 }
        var generator = SplitMix64(seed: SplitMix64.seed(options.seed, UInt64(epoch)))
        generator.shuffle(&places)
        cachedOrder = (epoch, places)
        return places
    }

    private func measure() throws -> Outcome {
        let pairs = heldOut.flatMap { lesson in lesson.others.first.map { [(lesson.text, $0)] } ?? [] }
        guard !heldOut.isEmpty else { return Outcome(otherCount: 0) }
        func cosine(_ a: Tensor, _ b: Tensor) throws -> Double { try (a * b).sum(along: 1).mean().item() }
        let texts = heldOut.map(\.text)
        let same = try cosine(student.vectors(texts: texts), teacher.vectors(texts: texts))
        guard !pairs.isEmpty else { return Outcome(textCosine: same, otherCount: 0) }
        let said = try student.vectors(texts: pairs.map(\.1))
        let wanted = try teacher.vectors(texts: pairs.map(\.0))
        let nearest = try said.productWithTransposed(wanted).argmax(along: 1).elements(Int64.self)
        // Different translations of one text are each found by finding it.
        let found = nearest.enumerated().count { pairs[Int($1)].0 == pairs[$0].0 }
        return Outcome(
            textCosine: same, otherCosine: try cosine(said, wanted),
            otherFound: Double(found) / Double(pairs.count), otherCount: pairs.count)
    }

    // MARK: On the disk

    private struct State: Codable, Equatable {
        var step: Int
        var options: Options
        var readings: Int
    }

    private var checkpointPath: String { output + "/checkpoint" }

    private func checkpoint() throws {
        let state = try JSONEncoder().encode(State(step: step, options: options, readings: readings.count))
        try WholeDirectory.write(checkpointPath) { folder in
            try TensorFile.write(student.model.text.state(), to: folder + "/text.safetensors")
            try TensorFile.write(optimizer.state(), to: folder + "/optimizer.safetensors")
            try WholeFile.write(state, to: folder + "/state.json")
        }
    }

    /// Goes on where an earlier run with the same options was stopped.
    private func restore() throws {
        let path = checkpointPath + "/state.json"
        guard FileManager.default.fileExists(atPath: path) else { return }
        guard let data = try? WholeFile.data(path, limit: 1 << 20),
            let state = try? JSONDecoder().decode(State.self, from: data), (0...totalSteps).contains(state.step)
        else { throw TrainingError.checkpointMismatch(path: path, problem: "it cannot be read; remove \(output)") }
        guard state.options == options, state.readings == readings.count else {
            throw TrainingError.checkpointMismatch(
                path: path, problem: "it is of a run with other options or texts: repeat those, or remove \(output)")
        }
        do {
            try student.model.text.load(TensorFile.read(checkpointPath + "/text.safetensors"))
            try student.model.ownMemory()
            try optimizer.load(TensorFile.read(checkpointPath + "/optimizer.safetensors"))
        } catch let mismatch as StateMismatch {
            throw TrainingError.checkpointMismatch(path: checkpointPath, problem: "\(mismatch)")
        }
        step = state.step
    }
}

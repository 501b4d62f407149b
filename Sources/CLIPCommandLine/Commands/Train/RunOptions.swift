import ArgumentParser
import CLIPTraining

/// How often a run is saved and evaluated, and how it goes on.
struct RunOptions: ParsableArguments {
    @Option(help: "Steps between checkpoints; one is written after each epoch besides.")
    var checkpointInterval = 500
    @Option(
        help: ArgumentHelp("A checkpoint after this many seconds, too.", valueName: "seconds"))
    var checkpointSeconds: Double?
    @Option(help: ArgumentHelp("How many checkpoints are kept; the oldest go first.", valueName: "count"))
    var keepCheckpoints = 2
    @Option(
        help: ArgumentHelp(
            "Keep the best model on --val-data as RUN/best, by retrieval or zero-shot.",
            valueName: "retrieval|zero-shot"))
    var keepBest: HeldOutMeasure?
    @Option(help: "Epochs between evaluations on --val-data.")
    var evaluationInterval = 1
    @Option(help: "How the final model's numbers are stored: fp32 or fp16.")
    var store = Storage.fp32
    @Option(
        help: ArgumentHelp(
            "With --resume: this option may be another than the run began with, as in --allow-change lr. May be given "
                + "several times.", valueName: "option"))
    var allowChange: [String] = []
    @Flag(
        help: ArgumentHelp(
            "Train on the first batch again and again, and say whether it is learned (exit 0) or not (exit 65). Nothing "
                + "is written."))
    var overfitOneBatch = false

    enum Storage: String, ExpressibleByArgument, CaseIterable {
        case fp32
        case fp16
    }

    func validate() throws {
        guard checkpointInterval > 0, evaluationInterval > 0, keepCheckpoints > 0, checkpointSeconds ?? 1 > 0 else {
            throw ValidationError("Intervals and --keep-checkpoints are numbers above 0.")
        }
    }

    func apply(to options: inout TrainingRun.Options) {
        options.checkpointInterval = checkpointInterval
        options.checkpointSeconds = checkpointSeconds
        options.keptCheckpoints = keepCheckpoints
        options.keepsBest = keepBest
        options.evaluationInterval = evaluationInterval
        options.storedType = store == .fp16 ? .float16 : nil
        options.allowsOtherData = allowChange.contains { $0 == "train-data" || $0 == "--train-data" }
        options.allowedChanges = Set(allowChange.flatMap(RunArguments.settings(of:)))
    }
}

extension HeldOutMeasure: ExpressibleByArgument {}

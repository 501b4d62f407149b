import ArgumentParser
import CLIPTraining

/// How often a run is saved and evaluated, and how it goes on.
struct RunOptions: ParsableArguments, SettingOptions {
    @Option(help: "Steps between checkpoints; one is written after each epoch besides.")
    var checkpointInterval = Given(\.run.checkpointInterval)
    @Option(
        help: ArgumentHelp("A checkpoint after this many seconds, too.", valueName: "seconds"))
    var checkpointSeconds: Double?
    @Option(help: ArgumentHelp("How many checkpoints are kept; the oldest go first.", valueName: "count"))
    var keepCheckpoints = Given(\.run.keptCheckpoints)
    @Option(
        help: ArgumentHelp(
            "Keep the best model on --val-data as RUN/best, by retrieval or zero-shot.",
            valueName: "retrieval|zero-shot"))
    var keepBest: HeldOutMeasure?
    @Option(help: "Epochs between evaluations on --val-data.")
    var evaluationInterval = Given(\.run.evaluationInterval)
    @Option(help: "Epochs between runs of --suite.")
    var suiteInterval = Given(\.run.suiteInterval)
    @Option(help: "How the final model's numbers are stored: fp32 or fp16.")
    var store = Given(\.run.storage)
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

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("checkpoint-interval", \.run.checkpointInterval) { $0.checkpointInterval.given }.free,
            SettingKey("checkpoint-seconds", optional: \.run.checkpointSeconds) { $0.checkpointSeconds }.free,
            SettingKey("keep-checkpoints", \.run.keptCheckpoints) { $0.keepCheckpoints.given }.free,
            SettingKey("keep-best", optional: \.run.keepsBest) { $0.keepBest }.free,
            SettingKey("evaluation-interval", \.run.evaluationInterval) { $0.evaluationInterval.given }.free,
            SettingKey("suite-interval", \.run.suiteInterval) { $0.suiteInterval.given }.free,
            SettingKey("store", \.run.storage) { $0.store.given }.free,
            .momentary("allow-change"), .momentary("overfit-one-batch"),
        ]
    }

    /// What `--allow-change` names, with or without its dashes.
    var allowedNames: Set<String> {
        Set(allowChange.map { $0.hasPrefix("--") ? String($0.dropFirst(2)) : $0 })
    }

    func validate() throws {
        guard checkpointInterval.value > 0, evaluationInterval.value > 0, suiteInterval.value > 0,
            keepCheckpoints.value > 0,
            checkpointSeconds ?? 1 > 0
        else { throw ValidationError("Intervals and --keep-checkpoints are numbers above 0.") }
    }
}

extension TrainingSettings.Storage: ExpressibleByArgument {}
extension HeldOutMeasure: ExpressibleByArgument {}

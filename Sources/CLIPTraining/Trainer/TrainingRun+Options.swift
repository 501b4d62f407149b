import CLIP
import CLIPData
import Files
import Torch

extension TrainingRun {
    /// What happens along the way, for whoever shows progress.
    public enum Event {
        case step(StepReport, epoch: Int, pairsPerSecond: Double, secondsLeft: Double)
        case evaluation(HeldOutEvaluation, epoch: Int)
        case checkpoint(step: Int)
        /// A better model than any before was kept.
        case best(BestRecord)
        /// A sign that training fails.
        case warning(TrainingWarning)
        /// Something about the run's files or place that its user should know.
        case notice(String)
    }

    /// How a run came to its end.
    public enum Outcome: Sendable, Equatable {
        /// The last step is done and the final model is written.
        case finished
        /// Somebody asked for an end before the last step; the checkpoint of this step was written.
        case stopped(step: Int)
    }

    /// How a run reads its pairs and is saved, measured and stopped. ``TrainingSettings`` has its defaults from here.
    public struct Options: Sendable {
        /// The run directory: `metrics.jsonl`, `report.html`, `tensorboard/`, `checkpoints/` and `final/`
        /// go there.
        public var output: String
        /// Steps between checkpoints; one is written at each epoch's end besides.
        public var checkpointInterval = 500
        /// Seconds after which a checkpoint is written even so; nil for no such limit.
        public var checkpointSeconds: Double?
        /// How many checkpoints are kept.
        public var keptCheckpoints = 2
        /// What `RUN/best` is chosen by; nil keeps no best model.
        public var keepsBest: HeldOutMeasure?
        /// Epochs between held-out evaluations.
        public var evaluationInterval = 1
        /// Epochs between observations; the last epoch's end is observed too.
        public var observationInterval = 1
        /// How pairs are read and shared.
        public var loading = LoadingPlan()
        /// How the final model's parameters are stored; nil for 32 bits.
        public var storedType: DType?
        /// Settings that may be others than the run began with, as ``SettingDifference/setting`` names them.
        public var allowedChanges: Set<String> = []
        /// Whether the run may go on with other data than it began with: its epoch then begins anew.
        public var allowsOtherData = false
        /// What `run.json` remembers; nil writes none.
        public var record: RunRecord?
        /// How an end is asked for.
        public var stop = StopRequest()
        /// Whether the processes share the optimizer's moments out among them; see ``ShardedAdamW``.
        public var sharesOptimizer = false

        public init(output: String) { self.output = output }
    }
}

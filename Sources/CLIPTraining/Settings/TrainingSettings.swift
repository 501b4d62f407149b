import CLIPData
import Torch

/// All that a training run is asked to do, as it was asked: what `run.json` holds, and where the defaults are.
///
/// What is nil was not asked for, and follows from the rest. ``configuration(batchesPerEpoch:hasLogitBias:)`` and
/// ``apply(to:batchesPerEpoch:)`` turn settings into what ``TrainingRun`` takes; ``RunRecord`` keeps them with the run.
public struct TrainingSettings: Sendable, Equatable, Codable {
    public var sources = Sources()
    public var model = Model()
    public var length = Length()
    public var optimization = Optimization()
    public var loss = Loss()
    public var data = Data()
    public var techniques = Techniques()
    public var run = Run()
    public var compute = Compute()
    public var distribution = Distribution()

    public init() {}

    /// What is trained on and measured with. Relative paths are relative to ``RunRecord/workingDirectory``.
    public struct Sources: Sendable, Equatable, Codable {
        /// Tar shards, a table or a folder, as `PairSource` takes them.
        public var training: String?
        /// Pairs to evaluate on, likewise; nil for a run that is not measured.
        public var heldOut: String?
        /// A table's header of picture paths.
        public var imageColumn = TableOptions().imageColumn
        /// A table's header of captions.
        public var captionColumn = TableOptions().captionColumn
        /// A table's separator, one character; nil to tell it by the table.
        public var separator: String?
        /// How often each source between `::` is drawn, as `1::3`; nil for evenly.
        public var factors: String?
        /// Pairs in the training data; nil where they are to be counted.
        public var pairCount: Int?
    }

    /// What is trained.
    public struct Model: Sendable, Equatable, Codable {
        /// A name or a directory; nil for the bundled model.
        public var name: String?
        /// A file of weights in place of the model's own.
        public var weights: String?
        /// Pixels of a picture's side, where it is not the model's.
        public var imageSize: Int?
        /// Tokens of a text, where it is not the model's.
        public var contextLength: Int?
        public var projection = Projection.linear
    }

    /// What towers that start afresh end in.
    public enum Projection: String, Sendable, Codable, CaseIterable {
        case linear
        /// Two layers with a non-linearity between them.
        case mlp
    }

    public struct Length: Sendable, Equatable, Codable {
        /// Pairs per step, over all processes together.
        public var batchSize = 256
        /// Pairs through the towers at a time; nil for ``TrainingConfiguration``'s choice.
        public var microBatchSize: Int?
        /// Times through the data, where ``steps`` is nil.
        public var epochs = 32
        /// Steps in all.
        public var steps: Int?
    }

    public struct Optimization: Sendable, Equatable, Codable {
        public var learningRate = standard.learningRate
        public var warmupSteps = standard.warmupSteps
        public var weightDecay = standard.weightDecay
        /// The gradient's longest norm; 0 for no clipping.
        public var gradientNorm: Double = 1
        public var seed = standard.seed
    }

    public struct Loss: Sendable, Equatable, Codable {
        /// Nil for the one that suits the model: sigmoid where it has a bias.
        public var kind: LossConfiguration.Kind?
        /// What the loss is given of its own ``EmbeddingLoss/parameters``, by name.
        public var parameters: [String: Double] = [:]
        public var duplicates = standard.loss.duplicates
        public var fixesTemperature = standard.loss.fixesTemperature
        /// The name or directory of a model that is learned from besides the captions.
        public var teacher: String?
        public var teacherWeights: String?
        /// What the teacher's answers count beside the captions; nil for 1.
        public var distillationWeight: Double?
    }

    /// How pairs are read and varied.
    public struct Data: Sendable, Equatable, Codable {
        /// Threads that decode.
        public var workers = LoadingPlan().threads
        public var openShards = LoadingPlan().openShards
        public var drawsShardsWithReplacement = LoadingPlan().drawsShardsWithReplacement
        public var shardAssignment = LoadingPlan().assignment
        /// The least share of a picture's area that a view covers.
        public var cropScale = standard.augmentation.areaRange.lowerBound
        /// The share of views that are mirrored.
        public var mirror = standard.augmentation.mirrorProbability
        public var alternativeCaptions = standard.alternativeCaptionProbability
        public var weighsCaptions = standard.weighsCaptions
    }

    /// See ``TechniqueConfiguration``.
    public struct Techniques: Sendable, Equatable, Codable {
        public var patchDropout = standard.techniques.patchDropout
        public var checkpointsGradients = standard.techniques.checkpointsGradients
        public var averageDecay: Double?
        public var imageTower = Tower()
        public var textTower = Tower()
        /// For both towers, where one has none of its own.
        public var layerDecay: Double?
        public var schedule = Schedule.cosine
        /// Steps of a cool-down; nil for schedules that have none.
        public var cooldownSteps: Int?
        public var cooldownEnd: Double = 0
        public var cooldownPower: Double = 1
    }

    /// What one tower is asked of its own. See ``TowerTechniques``.
    public struct Tower: Sendable, Equatable, Codable {
        public var isLocked = false
        public var unlockedGroups = 0
        public var freezesStatistics = false
        public var learningRate: Double?
        public var weightDecay: Double?
        public var layerDecay: Double?
    }

    /// A ``ScheduleShape`` by its name.
    public enum Schedule: String, Sendable, Codable, CaseIterable {
        case cosine
        case const
        case constCooldown = "const-cooldown"
    }

    /// How often a run is saved and evaluated; nothing here changes what is trained.
    public struct Run: Sendable, Equatable, Codable {
        public var checkpointInterval = TrainingRun.Options.standard.checkpointInterval
        public var checkpointSeconds: Double?
        public var keptCheckpoints = TrainingRun.Options.standard.keptCheckpoints
        public var keepsBest: HeldOutMeasure?
        public var evaluationInterval = TrainingRun.Options.standard.evaluationInterval
        /// How the final model's numbers are stored.
        public var storage = Storage.fp32
    }

    public enum Storage: String, Sendable, Codable, CaseIterable {
        case fp32
        case fp16
    }

    /// Where and in what it is computed.
    public struct Compute: Sendable, Equatable, Codable {
        public var precision = standard.precision
        public var productPrecision = Engine.ProductPrecision.highest
        /// Nil for all cores.
        public var threads: Int?
        public var device = ComputeDevice.cpu
    }

    public enum ComputeDevice: String, Sendable, Codable, CaseIterable {
        case cpu
        case cuda
        case mps
    }

    /// How several processes train together.
    public struct Distribution: Sendable, Equatable, Codable {
        /// See ``ShardedAdamW``.
        public var sharesOptimizer = TrainingRun.Options.standard.sharesOptimizer
        /// Seconds that a process is waited for.
        public var timeout: Double = 600
        /// Nil for NCCL on CUDA devices and Gloo elsewhere.
        public var backend: ProcessGroup.Backend?
    }

    /// Where the defaults are that a configuration has of itself.
    private static let standard = TrainingConfiguration(batchSize: 256, totalSteps: 1)
}

extension TrainingRun.Options {
    fileprivate static let standard = TrainingRun.Options(output: "")
}

import CLIP
import CLIPData
import Torch

/// All that a training run is asked to do, as it was asked: what `run.json` holds, and where the defaults are.
///
/// What is nil was not asked for, and follows from the rest. ``configuration(batchesPerEpoch:hasLogitBias:)`` and
/// ``apply(to:batchesPerEpoch:)`` turn settings into what ``TrainingRun`` takes; ``RunRecord`` keeps them with the run.
public struct TrainingSettings: Sendable, Equatable, Codable {
    /// Where pairs come from.
    public var sources = Sources()
    /// The model to begin with.
    public var model = Model()
    /// How much is trained, and in what pieces.
    public var length = Length()
    /// How parameters are moved.
    public var optimization = Optimization()
    /// What is lowered.
    public var loss = Loss()
    /// How pairs become batches.
    public var data = Data()
    /// What goes beyond the plain recipe.
    public var techniques = Techniques()
    /// What is kept and measured along the way.
    public var run = Run()
    /// Where, and in what numbers, it is computed.
    public var compute = Compute()
    /// How several processes train together; without effect for one.
    public var distribution = Distribution()

    public init() {}

    /// What is trained on and measured with. Relative paths are relative to ``RunRecord/workingDirectory``.
    public struct Sources: Sendable, Equatable, Codable {
        /// Tar shards, a table or a folder, as `PairSource` takes them.
        public var training: String?
        /// Pairs to evaluate on, likewise; nil for a run that is not measured.
        public var heldOut: String?
        /// A suite of evaluations that is run between epochs.
        public var suite: String?
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
        /// What both towers end in; anything but `linear` is for models without weights.
        public var projection = Projection.linear
    }

    /// What towers that start afresh end in.
    public enum Projection: String, Sendable, Codable, CaseIterable {
        case linear
        /// Two layers with a non-linearity between them.
        case mlp
    }

    /// How much is trained: epochs, or steps where they are given.
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

    /// What AdamW is told; the betas and its epsilon are ``TrainingConfiguration``'s and no setting.
    public struct Optimization: Sendable, Equatable, Codable {
        /// The peak, above 0; see ``LearningRateSchedule``.
        public var learningRate = standard.learningRate
        /// Steps of the linear rise to the peak.
        public var warmupSteps = standard.warmupSteps
        /// Decoupled, of matrices and embeddings only.
        public var weightDecay = standard.weightDecay
        /// The gradient's longest norm; 0 for no clipping.
        public var gradientNorm: Double = 1
        /// Of new weights, the order of pairs, views and captions.
        public var seed = standard.seed
    }

    /// What is lowered, and what is learned from besides the captions.
    public struct Loss: Sendable, Equatable, Codable {
        /// Nil for the one that suits the model: sigmoid where it has a bias.
        public var kind: LossConfiguration.Kind?
        /// What the loss is given of its own ``EmbeddingLoss/parameters``, by name.
        public var parameters: [String: Double] = [:]
        /// What pairs of one batch with equal captions are to each other.
        public var duplicates = standard.loss.duplicates
        /// Whether the temperature stays as the model brings it.
        public var fixesTemperature = standard.loss.fixesTemperature
        /// The name or directory of a model that is learned from besides the captions.
        public var teacher: String?
        /// A file of weights in place of the teacher's own; nil for its own.
        public var teacherWeights: String?
        /// What the teacher's answers count beside the captions; nil for 1.
        public var distillationWeight: Double?
        /// A file of `ClassAnchors`, whose classes are learned besides.
        public var anchors: String?
        /// What they count beside the captions.
        public var anchorWeight = standard.anchorWeight
    }

    /// How pairs are read and varied.
    public struct Data: Sendable, Equatable, Codable {
        /// Threads that decode.
        public var workers = LoadingPlan().threads
        /// Shards read at once, a thread each. The order of pairs depends on it.
        public var openShards = LoadingPlan().openShards
        /// Whether each shard is drawn anew from all, by ``Sources/factors``, instead of read once an epoch.
        public var drawsShardsWithReplacement = LoadingPlan().drawsShardsWithReplacement
        /// How processes share the pairs; with `exact` the steps are those of one process.
        public var shardAssignment = LoadingPlan().assignment
        /// The least share of a picture's area that a view covers.
        public var cropScale = standard.augmentation.areaRange.lowerBound
        /// The share of views that are mirrored.
        public var mirror = standard.augmentation.mirrorProbability
        /// What else views may be.
        public var variations = standard.augmentation.variations
        /// The share of uses in which another of the pair's captions stands in for the main one, from 0 to 1.
        public var alternativeCaptions = standard.alternativeCaptionProbability
        /// Whether each use draws a caption by the pair's weights; not together with ``alternativeCaptions``.
        public var weighsCaptions = standard.weighsCaptions
        /// Language tags with commas between, in which captions are used beside the main ones; nil for none.
        public var captionLanguages: String?
        /// The share of uses in which a pair that has captions in ``captionLanguages`` is called in one, from 0 to 1.
        public var languageShare = 0.4
    }

    /// See ``TechniqueConfiguration``.
    public struct Techniques: Sendable, Equatable, Codable {
        /// The share of patches left out of each picture in training, from 0 to below 1.
        public var patchDropout = standard.techniques.patchDropout
        /// Whether blocks' inner states are computed again in the backward pass: less memory for a third more work.
        public var checkpointsGradients = standard.techniques.checkpointsGradients
        /// What the moving average of the weights keeps at each step, from 0 to below 1; nil for no average.
        public var averageDecay: Double?
        /// What the tower for pictures is asked of its own.
        public var imageTower = Tower()
        /// What the tower for captions is asked of its own.
        public var textTower = Tower()
        /// For both towers, where one has none of its own.
        public var layerDecay: Double?
        /// What the learning rate does after the warm-up.
        public var schedule = Schedule.cosine
        /// Steps of a cool-down; nil for schedules that have none.
        public var cooldownSteps: Int?
        /// The learning rate a cool-down ends at.
        public var cooldownEnd: Double = 0
        /// The power of a cool-down's fall; 1 is a straight line.
        public var cooldownPower: Double = 1
    }

    /// What one tower is asked of its own. See ``TowerTechniques``.
    public struct Tower: Sendable, Equatable, Codable {
        /// Whether the tower keeps its weights.
        public var isLocked = false
        /// Groups at a locked tower's end that are trained all the same: the projection, the last block, and so on.
        public var unlockedGroups = 0
        /// Whether a locked ResNet's batch normalizations keep their running statistics.
        public var freezesStatistics = false
        /// The peak; nil for ``Optimization/learningRate``.
        public var learningRate: Double?
        /// Nil for ``Optimization/weightDecay``.
        public var weightDecay: Double?
        /// What a layer's learning rate is of the next one's; nil for ``Techniques/layerDecay``.
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
        /// Steps between checkpoints; one is written at each epoch's end besides.
        public var checkpointInterval = TrainingRun.Options.standard.checkpointInterval
        /// Seconds after which a checkpoint is written even so; nil for no such limit.
        public var checkpointSeconds: Double?
        /// How many checkpoints are kept, the newest ones.
        public var keptCheckpoints = TrainingRun.Options.standard.keptCheckpoints
        /// What `RUN/best` is chosen by; nil keeps no best model. It needs ``Sources/heldOut``.
        public var keepsBest: HeldOutMeasure?
        /// Epochs between held-out evaluations.
        public var evaluationInterval = TrainingRun.Options.standard.evaluationInterval
        /// Epochs between runs of ``Sources/suite``.
        public var suiteInterval = TrainingRun.Options.standard.observationInterval
        /// How the final model's numbers are stored.
        public var storage = Storage.fp32
    }

    /// The element type of a written model. Training itself is in 32 bits either way.
    public enum Storage: String, Sendable, Codable, CaseIterable {
        case fp32
        case fp16
    }

    /// Where and in what it is computed.
    public struct Compute: Sendable, Equatable, Codable {
        /// What the towers' matrix products are computed in; parameters stay 32 bits.
        public var precision = standard.precision
        /// How exact products of 32-bit numbers are: `high` lets a GPU take TF32.
        public var productPrecision = Engine.ProductPrecision.highest
        /// Nil for all cores.
        public var threads: Int?
        /// The kind alone: of several GPUs each process takes that of its local rank.
        public var device = ComputeDevice.cpu
    }

    /// The devices that can train, by libtorch's names.
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

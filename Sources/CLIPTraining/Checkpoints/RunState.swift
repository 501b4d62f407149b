import CLIPData
import Torch

/// Where a run stands, to go on from.
public struct TrainingPosition: Sendable, Equatable, Codable {
    /// Steps done.
    public var step: Int
    /// The epoch the next step belongs to, from 0.
    public var epoch: Int
    /// The next pair's position within that epoch.
    public var pair: Int

    public init(step: Int = 0, epoch: Int = 0, pair: Int = 0) {
        self.step = step
        self.epoch = epoch
        self.pair = pair
    }
}

/// What a checkpoint holds beside tensors.
public struct RunState: Sendable, Equatable, Codable {
    /// What the run counts by; ``cursor`` says where that is in the data.
    public var position: TrainingPosition
    /// Where the data go on, on rank 0.
    public var cursor: DataCursor
    /// Of a run of several processes, in the order of ranks.
    public var processes: [ProcessPlace]?
    /// The settings the run was begun with.
    public var configuration: TrainingConfiguration
    /// Nil before the first evaluation, and where no best model is kept.
    public var best: BestRecord?
    /// What the run has been warned of, and is being watched for.
    public var watch: TrainingWatch
    /// Where the run was computed last; going on elsewhere is allowed, and told.
    public var place: ComputePlace

    public init(
        position: TrainingPosition = TrainingPosition(), cursor: DataCursor = DataCursor(epoch: 0),
        configuration: TrainingConfiguration,
        best: BestRecord? = nil, watch: TrainingWatch = TrainingWatch(), place: ComputePlace = ComputePlace()
    ) {
        self.position = position
        self.cursor = cursor
        self.configuration = configuration
        self.best = best
        self.watch = watch
        self.place = place
    }
}

/// What the last bits of a sum depend on.
public struct ComputePlace: Sendable, Equatable, Codable {
    /// libtorch's version, as `Engine.version` names it.
    public var libtorch: String
    /// Threads that one operation is spread over.
    public var threads: Int
    /// The model's device, such as `cpu` or `cuda:0`.
    public var device: String

    /// Where this process computes.
    public init(device: Device = .cpu) {
        libtorch = Engine.version
        threads = Engine.threadCount
        self.device = device.description
    }
}

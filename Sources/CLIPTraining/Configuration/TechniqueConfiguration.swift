/// What a run does beyond the plain recipe; nothing, unless it is set.
public struct TechniqueConfiguration: Sendable, Equatable, Codable {
    /// The share of patches left out of each picture in training. See `PatchDropout`.
    public var patchDropout: Double = 0
    /// Whether blocks' inner states are computed again in the backward pass instead of kept. See
    /// `Engine.recomputed(_:_:)`.
    public var checkpointsGradients = false
    /// What pictures' tower has of its own, such as being locked (LiT, arXiv 2111.07991).
    public var imageTower = TowerTechniques()
    /// What captions' tower has of its own.
    public var textTower = TowerTechniques()
    /// What is kept of the weights' moving average at each step; nil for none. See `MovingAverage`.
    public var averageDecay: Double?
    /// What the learning rate does after the warm-up; the paper's is the cosine.
    public var schedule = ScheduleShape.cosine

    public init() {}

    /// - Throws: ``TrainingError/invalidOption(name:problem:)``.
    public func validate() throws {
        func need(_ condition: Bool, _ name: String, _ problem: String) throws {
            if !condition { throw TrainingError.invalidOption(name: name, problem: problem) }
        }
        try need((0..<1).contains(patchDropout), "patch dropout", "a share from 0 to below 1 is needed")
        try need(averageDecay.map((0..<1).contains) ?? true, "EMA decay", "a number from 0 to below 1 is needed")
        for (name, tower) in [("image", imageTower), ("text", textTower)] {
            try need(
                tower.learningRate.map { $0 >= 0 && $0.isFinite } ?? true, "\(name) learning rate",
                "0 or more is needed")
            try need(
                tower.weightDecay.map { $0 >= 0 && $0.isFinite } ?? true, "\(name) weight decay",
                "0 or more is needed")
            try need(
                tower.layerDecay > 0 && tower.layerDecay <= 1, "\(name) layer decay",
                "a number above 0 and up to 1 is needed")
            try need(tower.unlockedGroups >= 0, "unlocked \(name) blocks", "0 or more are needed")
            try need(
                tower.isLocked || tower.unlockedGroups == 0, "unlocked \(name) blocks",
                "the tower is not locked")
        }
        if case .constantWithCooldown(let steps, let end, let power) = schedule {
            try need(steps >= 0, "cool-down", "0 or more steps are needed")
            try need(end >= 0 && end.isFinite, "cool-down's end", "a rate of 0 or more is needed")
            try need(power > 0 && power.isFinite, "cool-down's power", "a number above 0 is needed")
        }
    }
}

/// What one tower has of its own.
public struct TowerTechniques: Sendable, Equatable, Codable {
    /// Whether the tower stays as it is. See `Tower.lock(unlockedGroups:freezesStatistics:)`.
    public var isLocked = false
    /// Groups at a locked tower's end that are trained all the same.
    public var unlockedGroups = 0
    /// Whether a locked tower's batch normalizations keep to their running statistics.
    public var freezesStatistics = false
    /// The peak learning rate, where it is not the run's.
    public var learningRate: Double?
    /// The weight decay, where it is not the run's.
    public var weightDecay: Double?
    /// What a layer's learning rate is of that of the layer after it; 1 for the same everywhere.
    public var layerDecay: Double = 1

    public init() {}
}

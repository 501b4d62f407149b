import Torch
import TorchNN

extension Tower {
    /// Keeps parameters as they are in training: no gradients, so no optimizer state and no decay, and what comes before
    /// the first unlocked layer is not even recorded (LiT, Zhai et al., arXiv 2111.07991).
    ///
    /// Groups, from the input on: embeddings; each block, the last with the norm after it; the projection or pooling
    /// head. Towers without one end in the last block; a ConvNeXt has its own, see ``lockGroup(of:)``.
    /// - Parameters:
    ///   - unlockedGroups: how many groups at the end are trained all the same; more than there are unlock everything.
    ///   - freezesStatistics: whether locked batch normalizations use their running statistics, and leave them, in
    ///     training too.
    public func lock(unlockedGroups: Int = 0, freezesStatistics: Bool = false) throws {
        let named = namedParameters.map { (group: lockGroup(of: $0.name), parameter: $0.parameter) }
        let unlocked = Set(Set(named.compactMap(\.group)).sorted().suffix(max(0, unlockedGroups)))
        for (group, parameter) in named { try parameter.setTrainable(group.map(unlocked.contains) ?? true) }
        guard freezesStatistics else { return }
        for norm in modules(of: BatchNorm2d.self) where !norm.weight.isTrainable { norm.isFrozen = true }
    }

    /// Embeddings; each block, the last with the norm after it; what follows.
    public func lockGroup(of parameter: String) -> Int? {
        part(of: parameter) == .finalNorm ? layerCount : layer(of: parameter)
    }

    /// Whether any parameter is trained.
    public var isTrainable: Bool { parameters.contains(where: \.isTrainable) }
}

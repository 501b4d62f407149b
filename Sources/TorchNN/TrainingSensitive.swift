import Torch

/// A module that does something else while it is trained than when it is used.
public protocol TrainingSensitive: Module {
    /// - Parameters:
    ///   - isTraining: false after creation.
    ///   - updatesStatistics: see ``Module/setTraining(_:updatesStatistics:)``.
    func setMode(isTraining: Bool, updatesStatistics: Bool)
}

extension Module {
    /// Has everything below that differs between the two behave as in training (`true`) or in use, as after creation:
    /// batch normalizations take the batch's statistics, patch dropout leaves patches out.
    /// - Parameter updatesStatistics: whether batches move running statistics while training. Off for a pass that will
    ///   be repeated on the same batch, which would otherwise count twice.
    public func setTraining(_ isTraining: Bool, updatesStatistics: Bool = true) {
        modules(of: (any TrainingSensitive).self).setTraining(isTraining, updatesStatistics: updatesStatistics)
    }
}

extension Sequence<any TrainingSensitive> {
    /// ``Module/setTraining(_:updatesStatistics:)`` for modules found before, without a walk over a whole model.
    public func setTraining(_ isTraining: Bool, updatesStatistics: Bool = true) {
        for module in self { module.setMode(isTraining: isTraining, updatesStatistics: updatesStatistics) }
    }
}

import Torch

/// The exponential moving average of a module's weights: steadier than the weights themselves, and often better (Polyak
/// and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; Tarvainen and Valpola, arXiv 1703.01780).
///
/// Running statistics are averaged with the trained parameters; what is not trained or not real is left out. All in 32
/// bits.
public final class MovingAverage {
    /// What is averaged, and its average.
    private struct Entry {
        let name: String
        let current: () throws -> Tensor
        let average: Tensor
    }

    /// The share of the old average that is kept in the long run.
    public let decay: Double
    /// Updates so far.
    public private(set) var updateCount = 0
    /// Whether ``exchange()`` has put the average into the module.
    public private(set) var isExchanged = false
    private let entries: [Entry]

    /// Begins as a copy of the module's weights.
    /// - Parameter decay: the share of the old average that is kept in the long run, from 0 to below 1.
    public init(of module: any Module, decay: Double) throws {
        self.decay = decay
        var entries: [Entry] = []
        for (name, parameter) in module.namedParameters where parameter.isTrainable {
            let average = try parameter.tensor.detached().converted(to: .float32).copied()
            entries.append(Entry(name: name, current: { try parameter.tensor.detached() }, average: average))
        }
        for (name, buffer) in module.namedBuffers where buffer.tensor.dtype == .float32 {
            entries.append(Entry(name: name, current: { buffer.tensor }, average: try buffer.tensor.copied()))
        }
        self.entries = entries
    }

    /// What is kept of the average at an update, counted from 1: min(decay, (1 + n)/(10 + n)), so that a short run's
    /// average is not mostly its random start.
    public func keptShare(at update: Int) -> Double { min(decay, Double(1 + update) / Double(10 + update)) }

    /// Moves the average towards the weights: average ← share·average + (1 − share)·weights. Call after each step.
    public func update() throws {
        updateCount += 1
        guard !entries.isEmpty else { return }
        try Engine.withoutGradients {
            try Tensor.interpolateInPlace(
                entries.map(\.average), towards: entries.map { try $0.current().converted(to: .float32) },
                by: 1 - keptShare(at: updateCount))
        }
    }

    /// Exchanges average and weights in place, tensor by tensor; a second call puts them back.
    public func exchange() throws {
        try Engine.withoutGradients {
            for entry in entries {
                let current = try entry.current()
                let saved = try current.copied()
                try current.copyInPlace(entry.average)
                try entry.average.copyInPlace(saved)
            }
        }
        isExchanged.toggle()
    }

    /// Runs `body` with the average in the module's place, to evaluate or to write it.
    public func withAverage<R>(_ body: () throws -> R) throws -> R {
        try exchange()
        let result = Result { try body() }
        try exchange()
        return try result.get()
    }

    /// The average and the number of updates by name, for a checkpoint.
    public func state() throws -> [String: Tensor] {
        var state = ["updates": try Tensor([Int64(updateCount)], shape: [])]
        for entry in entries { state["average.\(entry.name)"] = entry.average }
        return state
    }

    /// Takes back what ``state()`` gave.
    /// - Throws: ``StateMismatch`` naming everything that does not fit.
    public func load(_ state: [String: Tensor]) throws {
        let own = try self.state()
        try StateMismatch.copy(state, into: own)
        updateCount = try own["updates"].map { Int(try $0.elements(Int64.self)[0]) } ?? 0
    }
}

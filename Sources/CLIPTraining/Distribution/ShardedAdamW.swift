import Torch
import TorchNN

/// AdamW whose moments are shared out among the processes (Rajbhandari et al., "ZeRO", arXiv 1910.02054, stage 1): each
/// rank keeps those of its part of the parameters, moves that part, and hands it to the others.
///
/// The moments take 8 bytes a parameter in one process and 8/N in N. Every rank needs the whole summed gradient, and
/// ends a step with the same parameters as one process would.
public final class ShardedAdamW: ParameterOptimizer {
    /// All parameters, not only those whose moments this rank keeps.
    public let groups: [AdamW.Group]
    private let communicator: ProcessGroupCommunicator
    /// Which rank keeps a parameter, in the order of the groups' parameters.
    private let owners: [Int]
    private let own: AdamW
    /// The most bytes handed out at a time.
    private static let pieceBytes = 64 << 20

    /// - Parameters:
    ///   - groups: equal on every rank.
    ///   - beta1: decay of the first moment.
    ///   - beta2: decay of the second moment.
    ///   - epsilon: added to the second moment's root.
    ///   - communicator: the processes that train together.
    public init(
        _ groups: [AdamW.Group], beta1: Double = 0.9, beta2: Double = 0.98, epsilon: Double = 1e-6,
        communicator: ProcessGroupCommunicator
    ) throws {
        self.groups = groups
        self.communicator = communicator
        let sizes = groups.flatMap(\.parameters).map { $0.shape.reduce(1, *) }
        let owners = Self.owners(of: sizes, among: communicator.worldSize)
        self.owners = owners
        var index = 0
        var kept: [AdamW.Group] = []
        for group in groups {
            let isOwn = group.parameters.indices.map { owners[index + $0] == communicator.rank }
            kept.append(group.filtered(isOwn))
            index += group.parameters.count
        }
        own = try AdamW(kept, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }

    /// The largest first, each to the rank that has least so far.
    static func owners(of sizes: [Int], among worldSize: Int) -> [Int] {
        var loads = [Int](repeating: 0, count: worldSize)
        var owners = [Int](repeating: 0, count: sizes.count)
        for index in sizes.indices.sorted(by: { (sizes[$0], $1) > (sizes[$1], $0) }) {
            let rank = loads.indices.min { loads[$0] < loads[$1] } ?? 0
            owners[index] = rank
            loads[rank] += sizes[index]
        }
        return owners
    }

    private var named: [(name: String, parameter: Parameter)] {
        groups.flatMap { zip($0.names, $0.parameters).map { ($0, $1) } }
    }

    /// Parameters whose moments this rank keeps.
    public var ownNames: [String] { zip(named, owners).filter { $1 == communicator.rank }.map(\.0.name) }

    /// Of all parameters, not only this rank's: clipping is by the norm of the whole gradient.
    public func gradients() throws -> [Tensor] { try named.compactMap { try $0.parameter.tensor.gradient() } }

    /// Drops the gradients of all parameters, not only this rank's.
    public func clearGradients() throws {
        for (_, parameter) in named { try parameter.tensor.setGradient(nil) }
    }

    /// Moves this rank's parameters, and takes the others' from theirs.
    public func step(learningRate: Double, gradientFactor: Double) throws {
        try own.step(learningRate: learningRate, gradientFactor: gradientFactor)
        try Engine.withoutGradients {
            for rank in 0..<communicator.worldSize {
                for piece in try pieces(of: rank) { try handOut(piece, from: rank) }
            }
        }
    }

    /// The parameters that a rank has moved, in pieces of bounded size.
    private func pieces(of rank: Int) throws -> [[Tensor]] {
        var pieces: [[Tensor]] = []
        var bytes = 0
        for (owner, (_, parameter)) in zip(owners, named) {
            guard owner == rank, try parameter.tensor.gradient() != nil else { continue }
            let tensor = try parameter.tensor.detached()
            let size = tensor.count * tensor.dtype.byteCount
            if let first = pieces.last?.first, bytes + size <= Self.pieceBytes, first.dtype == tensor.dtype {
                pieces[pieces.count - 1].append(tensor)
                bytes += size
            } else {
                pieces.append([tensor])
                bytes = size
            }
        }
        return pieces
    }

    private func handOut(_ tensors: [Tensor], from rank: Int) throws {
        let flat = try Tensor.concatenated(tensors.map { try $0.reshaped([-1]) })
        try communicator.broadcastInPlace([flat], from: rank)
        guard rank != communicator.rank else { return }
        var offset = 0
        for tensor in tensors {
            let count = tensor.count
            try tensor.copyInPlace(flat.slice(offset..<offset + count).reshaped(tensor.shape))
            offset += count
        }
    }

    // MARK: Checkpoints

    /// All moments and step counts by name, as `AdamW.state()` gives them, on rank 0; nothing on the others. Every
    /// rank has to call this.
    public func state() throws -> [String: Tensor] {
        let kept = own.state()
        var all: [String: Tensor] = [:]
        for (owner, (name, parameter)) in zip(owners, named) {
            let values = try parameter.tensor.detached()
            for (key, shape) in [("first", values.shape), ("second", values.shape), ("step", [])] {
                let key = "\(key).\(name)"
                let tensor =
                    try kept[key] ?? Tensor.zeros(shape, device: values.device)
                // The owner gives its tensor away as it is; the first rank keeps what it gets.
                let exchanged = try owner == communicator.rank ? tensor.copied() : tensor
                if owner != 0 { try communicator.broadcastInPlace([exchanged], from: owner) }
                if communicator.isFirst { all[key] = exchanged }
            }
        }
        return all
    }

    /// Takes this rank's part of what ``state()`` gave, here or on another number of ranks.
    /// - Parameter state: the whole, on every rank.
    public func load(_ state: [String: Tensor]) throws {
        var shapes: [String: [Int]] = [:]
        for (name, parameter) in named {
            shapes["first.\(name)"] = parameter.shape
            shapes["second.\(name)"] = parameter.shape
            shapes["step.\(name)"] = []
        }
        let mismatch = StateMismatch(
            missing: shapes.keys.filter { state[$0] == nil }.sorted(),
            unexpected: state.keys.filter { shapes[$0] == nil }.sorted(),
            misshaped: shapes.keys.sorted().compactMap { name in
                guard let expected = shapes[name], let found = state[name]?.shape, found != expected else { return nil }
                return StateMismatch.Shape(name: name, expected: expected, found: found)
            })
        if !mismatch.isEmpty { throw mismatch }
        let names = own.state().keys
        try own.load(state.filter { names.contains($0.key) })
    }
}

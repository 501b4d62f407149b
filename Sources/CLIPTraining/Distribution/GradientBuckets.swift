import Foundation
import Torch
import TorchNN

/// Sums gradients over processes in buckets, each as soon as all of its gradients are there, so that the network works
/// while the backward pass still runs (Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel
/// Training", arXiv 2006.15704, section 3.2).
///
/// Buckets hold parameters in the reverse order of declaration at first, and from the second step on in the order in
/// which rank 0's gradients came. They are summed in this order on every rank. A parameter that no rank has a gradient
/// for, as in a tower that is locked, has none afterwards either.
public final class GradientBuckets: GradientSynchronization, @unchecked Sendable {
    /// A parameter's place.
    private struct Slot {
        let index: Int
        let bucket: Int
        /// Part of the bucket's buffer, in the parameter's shape.
        let view: Tensor
    }

    private struct Bucket {
        let buffer: Tensor
        let members: [Int]
        var missing: Int
        var work: ProcessGroup.Work?
    }

    private let parameters: [(name: String, parameter: Parameter)]
    private let communicator: ProcessGroupCommunicator
    private let bucketBytes: Int
    /// Guards what follows: on a GPU, hooks run on a thread of libtorch's.
    private let lock = NSRecursiveLock()
    /// The tensors that have a hook of ours, by parameter.
    private var hooked: [Tensor?]
    private var order: [Int]
    private var isOrderKnown = false
    private var slots: [Slot?] = []
    private var buckets: [Bucket] = []
    private var isActive = false
    private var hasArrived: [Bool] = []
    private var arrivals: [Int] = []
    private var launched = 0
    private var failure: (any Error)?

    /// - Parameters:
    ///   - parameters: equal on every rank, in the same order.
    ///   - communicator: the processes that train together.
    ///   - bucketBytes: a bucket is closed once it has this many bytes.
    public init(
        _ parameters: [(name: String, parameter: Parameter)], communicator: ProcessGroupCommunicator,
        bucketBytes: Int = 25 << 20
    ) {
        self.parameters = parameters
        self.communicator = communicator
        self.bucketBytes = max(1, bucketBytes)
        hooked = Array(repeating: nil, count: parameters.count)
        order = Array(parameters.indices.reversed())
    }

    deinit {
        for tensor in hooked { try? tensor?.setGradientHook(nil) }
    }

    /// Buckets of the layout in use; 0 before the first step. For tests.
    package var bucketCount: Int { lock.withLock { buckets.count } }
    /// Buckets whose sum had begun before the last backward pass was over.
    public private(set) var overlappedCount = 0
    /// Whether a bucket's sum begins as soon as its gradients are there. Off where a backward pass adds to a parameter's
    /// gradient several times, as it does through recomputed blocks that captions of several lengths went through: the
    /// first time is then not the last, and sums begin when the pass is over.
    public var overlaps = true

    /// See ``overlaps``.
    public func waitsForAll() { overlaps = false }

    // MARK: A step

    /// Hooks onto parameters, and lays buckets out anew where other parameters are trained than before.
    public func begin() throws {
        lock.lock()
        defer { lock.unlock() }
        try placeHooks()
        let trainable = parameters.indices.filter { parameters[$0].parameter.tensor.requiresGradient }
        if slots.isEmpty || trainable != slots.indices.filter({ slots[$0] != nil }) {
            try layOut(order.filter { trainable.contains($0) })
        }
        for index in buckets.indices {
            buckets[index].missing = buckets[index].members.count
            buckets[index].work = nil
        }
        hasArrived = Array(repeating: false, count: parameters.count)
        arrivals = []
        launched = 0
        failure = nil
        isActive = true
    }

    /// Starts the sums that the backward pass did not, waits for all, and puts them in the gradients' place.
    /// - Throws: what a hook failed with, or ``TrainingError/distributed(rank:operation:problem:)``.
    public func finish() throws {
        lock.lock()
        defer { lock.unlock() }
        isActive = false
        if let failure { throw failure }
        overlappedCount = launched
        try Engine.withoutGradients {
            let presence = try takeLateOnes()
            for index in launched..<buckets.count { try launch(index) }
            try communicator.sumInPlace(presence)
            for bucket in buckets {
                if let work = bucket.work { try communicator.finish(work, "summing gradients") }
            }
            let counts = try presence.elements(Float.self)
            for case let slot? in slots {
                let tensor = parameters[slot.index].parameter.tensor
                try tensor.setGradient(counts[slot.index] > 0 ? slot.view : nil)
            }
        }
        try learnOrder()
    }

    /// Gradients that no hook told of: accumulated before the last pass, as the temperature's, or not there at all.
    /// - Returns: 1 for every parameter that has a gradient here, `[parameters]`.
    private func takeLateOnes() throws -> Tensor {
        var present = [Float](repeating: 0, count: parameters.count)
        for case let slot? in slots {
            if hasArrived[slot.index] {
                present[slot.index] = 1
            } else if let gradient = try parameters[slot.index].parameter.tensor.gradient() {
                try slot.view.copyInPlace(gradient)
                present[slot.index] = 1
            } else {
                try slot.view.fillInPlace(0)
            }
        }
        return try Tensor(present).moved(to: communicator.device)
    }

    /// After the first step, all ranks take over the order in which rank 0's gradients came.
    private func learnOrder() throws {
        guard !isOrderKnown else { return }
        isOrderKnown = true
        let late = order.filter { !hasArrived[$0] }
        let found = try Tensor((arrivals + late).map(Int64.init)).moved(to: communicator.device)
        try communicator.broadcastInPlace([found])
        let learned = try found.elements(Int64.self).map { Int($0) }
        guard learned.sorted() == Array(parameters.indices) else {
            throw TorchError(context: "GradientBuckets", message: "rank 0 has other parameters than this rank")
        }
        if learned != order {
            order = learned
            // The gradients still live in the old buffers; the next step makes new ones.
            slots = []
        }
    }

    // MARK: Hooks

    private func placeHooks() throws {
        for (index, (_, parameter)) in parameters.enumerated() where hooked[index] !== parameter.tensor {
            try hooked[index]?.setGradientHook(nil)
            hooked[index] = nil
            guard parameter.tensor.requiresGradient else { continue }
            try parameter.tensor.setGradientHook { [weak self] in self?.arrived(index) }
            hooked[index] = parameter.tensor
        }
    }

    /// A parameter's gradient is whole: it goes to its bucket, and the bucket on its way when it is full.
    private func arrived(_ index: Int) {
        lock.lock()
        defer { lock.unlock() }
        guard isActive, overlaps, failure == nil, !hasArrived[index], let slot = slots[index] else { return }
        do {
            try Engine.withoutGradients {
                let tensor = parameters[index].parameter.tensor
                guard let gradient = try tensor.gradient() else { return }
                try slot.view.copyInPlace(gradient)
                // The gradient's own memory is free from here on.
                try tensor.setGradient(slot.view)
                hasArrived[index] = true
                arrivals.append(index)
                buckets[slot.bucket].missing -= 1
                while launched < buckets.count, buckets[launched].missing == 0 { try launch(launched) }
            }
        } catch {
            // A hook cannot throw through libtorch.
            failure = error
        }
    }

    private func launch(_ index: Int) throws {
        buckets[index].work = try communicator.startSum(buckets[index].buffer)
        launched = index + 1
    }

    // MARK: Layout

    private func layOut(_ order: [Int]) throws {
        slots = Array(repeating: nil, count: parameters.count)
        buckets = []
        var members: [Int] = []
        var bytes = 0
        for index in order {
            let tensor = parameters[index].parameter.tensor
            let size = tensor.count * tensor.dtype.byteCount
            let first = members.first.map { parameters[$0].parameter.tensor }
            if let first, bytes + size > bucketBytes || first.dtype != tensor.dtype || first.device != tensor.device {
                try close(members)
                members = []
                bytes = 0
            }
            members.append(index)
            bytes += size
        }
        if !members.isEmpty { try close(members) }
    }

    private func close(_ members: [Int]) throws {
        let tensors = members.map { parameters[$0].parameter.tensor }
        let counts = tensors.map(\.count)
        let buffer = try Tensor.zeros(
            [counts.reduce(0, +)], dtype: tensors[0].dtype, device: tensors[0].device)
        var offset = 0
        for (index, (tensor, count)) in zip(members, zip(tensors, counts)) {
            let view = try buffer.slice(offset..<offset + count).reshaped(tensor.shape)
            slots[index] = Slot(index: index, bucket: buckets.count, view: view)
            offset += count
        }
        buckets.append(Bucket(buffer: buffer, members: members, missing: members.count))
    }
}

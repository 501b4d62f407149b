import Foundation

/// Pictures of a list, read and encoded by several threads, a batch each, and handed over in the list's order.
///
/// Each thread takes the next batch, reads its pictures and encodes them: while one reads another computes, and none waits
/// for the rest. The thread that calls goes through the list meanwhile. Only so many batches are under way at a time, so
/// that memory does not grow with the list.
package struct PictureStream<Input: Sendable, Output: Sendable>: Sendable {
    /// What became of some pictures that follow one another in the list.
    package struct Batch: Sendable {
        /// Each with why it could not be read; nil for one that could.
        package let pictures: [(name: String, failure: (any Error)?)]
        /// Of those that could be read, in their order; nil for none.
        package let output: Output?
    }

    /// How much is done at a time.
    let sizes: StreamSizes
    /// Brings one picture to what is encoded, on the thread it is called on alone.
    let read: @Sendable (PictureList.Found) throws -> Input
    /// Encodes at least one, with so many of the processor's threads.
    let encode: @Sendable (_ inputs: [Input], _ threads: Int) throws -> Output

    package init(
        sizes: StreamSizes, read: @escaping @Sendable (PictureList.Found) throws -> Input,
        encode: @escaping @Sendable (_ inputs: [Input], _ threads: Int) throws -> Output
    ) {
        (self.sizes, self.read, self.encode) = (sizes, read, encode)
    }

    /// Goes through a list.
    /// - Parameters:
    ///   - skipping: this many pictures at the beginning are neither read nor handed over.
    ///   - onSkip: told their names.
    ///   - cut: batches end at multiples of this number of pictures, the skipped ones counted.
    ///   - endsWithFailure: whether a picture that cannot be read ends all; it is then the list's first whose error is thrown.
    ///   - body: given the batches in their order, on the calling thread.
    /// - Throws: what `encode`, `onSkip` or `body` throws, and `CancellationError` where the calling task is canceled. The threads have
    ///   ended by then.
    package func run(
        _ list: PictureList, skipping: Int = 0, onSkip: (_ name: String) throws -> Void = { _ in }, cut: Int = .max,
        endsWithFailure: Bool = false, _ body: (Batch) throws -> Void
    ) throws {
        let feed = StreamFeed(self, list.count.map(sizes.plan), endsWithFailure: endsWithFailure)
        defer { feed.stop() }
        var waiting: [StreamEntry] = []
        var place = 0
        func add(_ entry: StreamEntry) throws {
            place += 1
            guard place > skipping else { return try onSkip(entry.name) }
            waiting.append(entry)
            guard waiting.count == feed.batchSize || place % cut == 0 else { return }
            try feed.give(waiting, body)
            waiting = []
        }
        try list.forEach(onFailure: { try add(.unreadable($0, $1)) }, { try add(.picture($0)) })
        try feed.finish(waiting, body)
    }

    /// A batch, read and encoded on this thread.
    /// - Parameter isStopped: asked before each picture.
    func batch(
        _ entries: [StreamEntry], threads: Int, endsWithFailure: Bool, isStopped: () -> Bool = { false }
    ) throws -> Batch {
        var pictures: [(name: String, failure: (any Error)?)] = []
        var inputs: [Input] = []
        for entry in entries {
            if isStopped() { throw CancellationError() }
            do {
                switch entry {
                case .picture(let found): inputs.append(try autoreleasing { try read(found) })
                case .unreadable(_, let error): throw error
                }
                pictures.append((entry.name, nil))
            } catch {
                if endsWithFailure { throw error }
                pictures.append((entry.name, error))
            }
        }
        let output = inputs.isEmpty ? nil : try autoreleasing { try encode(inputs, threads) }
        return Batch(pictures: pictures, output: output)
    }
}

/// How much a stream does at a time.
package struct StreamSizes: Sendable {
    /// The most pictures of a batch.
    let batchSize: Int
    /// Threads of the processor that may be used.
    let cores: Int
    /// As many threads at least go through the pictures.
    let leastWorkers: Int

    /// - Parameter leastWorkers: two where another device encodes, so that one reads meanwhile.
    package init(batchSize: Int, cores: Int, leastWorkers: Int = 1) {
        self.batchSize = max(1, batchSize)
        self.cores = max(1, cores)
        self.leastWorkers = max(1, leastWorkers)
    }

    struct Plan: Equatable {
        let batchSize: Int
        /// Threads that take batches.
        let workers: Int
        /// Threads that each of them may encode with.
        let threads: Int
    }

    /// - Parameter pictures: how many there are; nil where that is not known.
    func plan(_ pictures: Int?) -> Plan {
        let most = max(cores, leastWorkers)
        guard let pictures else { return Plan(batchSize: batchSize, workers: most, threads: 1) }
        guard pictures > 0 else { return Plan(batchSize: batchSize, workers: 1, threads: cores) }
        // As many rounds as it takes, in each of which all have a batch of about the same size.
        let rounds = (pictures + batchSize * most - 1) / (batchSize * most)
        let size = (pictures + rounds * most - 1) / (rounds * most)
        let workers = min(most, (pictures + size - 1) / size)
        return Plan(batchSize: size, workers: workers, threads: max(1, cores / workers))
    }
}

/// What a list tells of.
enum StreamEntry: Sendable {
    case picture(PictureList.Found)
    /// A shard or folder that cannot be read, or a picture in it.
    case unreadable(String, any Error)

    var name: String {
        switch self {
        case .picture(let found): found.name
        case .unreadable(let name, _): name
        }
    }
}

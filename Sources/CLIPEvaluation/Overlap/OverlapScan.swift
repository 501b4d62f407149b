import Imaging
import Torch

/// The search for near-duplicates of an evaluation set's pictures among those that a model was trained on
/// (arXiv 2103.00020, section 5 and appendix C).
public enum OverlapScan {
    /// What an evaluation picture's nearest training pictures are.
    public struct Nearest: Sendable, Equatable, Codable {
        /// The training picture that is most similar, from 0. Of those within 1e-6 of the most similar it is the first:
        /// copies of one picture differ by so much, wherever in a product they stand.
        public let place: Int
        /// Its cosine, in [-1, 1].
        public let similarity: Double
        /// The training picture of the nearest hash, of several the first; ``place`` where no hashes can be compared.
        public let hashPlace: Int
        /// The bits that differ from that hash: ``OverlapScan/noHashDistance`` where no hashes can be compared, because
        /// this picture or every training picture is too flat.
        public let hashDistance: Int

        /// Neighbors that were found elsewhere.
        public init(place: Int, similarity: Double, hashPlace: Int, hashDistance: Int) {
            (self.place, self.similarity) = (place, similarity)
            (self.hashPlace, self.hashDistance) = (hashPlace, hashDistance)
        }
    }

    /// All 64 bits: further than any rule of hashes reaches.
    public static let noHashDistance = 64

    /// Cosines nearer than this are of equal pictures: products of 32 bits say no more.
    static let tolerance: Float = 1e-6
    /// Evaluation pictures compared at a time, and training pictures they are compared with: 64 MB of cosines.
    private static let rows = 1024
    private static let columns = 16384

    /// Compares every picture with every other, in blocks: it takes the memory of a block beside the vectors.
    /// - Parameters:
    ///   - evaluation: on any device; blocks of it go to the training set's.
    ///   - training: what the model has seen, or a part of it.
    ///   - shouldStop: asked before every block.
    ///   - onProgress: told the share that is done, in [0, 1].
    /// - Returns: one for each evaluation picture, in their order.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where the vectors are not of one width;
    ///   `CancellationError`; `TorchError`.
    public static func nearest(
        of evaluation: OverlapPictures, in training: OverlapPictures, shouldStop: () -> Bool = { false },
        onProgress: (Double) -> Void = { _ in }
    ) throws -> [Nearest] {
        try nearest(
            of: evaluation, in: training, rows: rows, columns: columns, shouldStop: shouldStop, onProgress: onProgress)
    }

    /// With blocks of any size, for tests.
    static func nearest(
        of evaluation: OverlapPictures, in training: OverlapPictures, rows: Int, columns: Int,
        shouldStop: () -> Bool = { false }, onProgress: (Double) -> Void = { _ in }
    ) throws -> [Nearest] {
        try checkWidths(evaluation, training)
        if shouldStop() { throw CancellationError() }
        let hashes = HashScan(training.hashes).nearest(of: evaluation.hashes)
        let places = try mostSimilar(evaluation, training, rows, columns, shouldStop, onProgress)
        let similarities = try self.similarities(evaluation, training, of: places.enumerated().map { ($0, $1) })
        return places.indices.map { row in
            Nearest(
                place: places[row], similarity: similarities[row], hashPlace: hashes[row]?.place ?? places[row],
                hashDistance: hashes[row]?.distance ?? noHashDistance)
        }
    }

    static func checkWidths(_ evaluation: OverlapPictures, _ training: OverlapPictures) throws {
        let (width, other) = (evaluation.vectors.shape[1], training.vectors.shape[1])
        guard width == other else {
            throw EvaluationError.samples(
                name: evaluation.name,
                problem: "its vectors have \(width) numbers and those of \(training.name) \(other): "
                    + "take both from one model")
        }
    }

    /// The place of the most similar training picture for each evaluation picture.
    private static func mostSimilar(
        _ evaluation: OverlapPictures, _ training: OverlapPictures, _ rows: Int, _ columns: Int,
        _ shouldStop: () -> Bool, _ onProgress: (Double) -> Void
    ) throws -> [Int] {
        let (count, trainingCount) = (evaluation.count, training.count)
        var candidates = [Candidates](repeating: Candidates(), count: count)
        for first in stride(from: 0, to: trainingCount, by: columns) {
            let end = min(trainingCount, first + columns)
            for row in stride(from: 0, to: count, by: rows) {
                if shouldStop() { throw CancellationError() }
                let similarities = try Engine.withoutGradients {
                    let block = try training.block(first..<end)  // [columns, E]
                    let batch = try evaluation.block(row..<min(count, row + rows))  // [rows, E]
                    return try batch.moved(to: block.device).productWithTransposed(block).elements(Float.self)
                }
                // [rows, columns]
                similarities.withUnsafeBufferPointer { similarities in
                    for place in row..<min(count, row + rows) {
                        let start = (place - row) * (end - first)
                        candidates[place].add(
                            UnsafeBufferPointer(rebasing: similarities[start..<start + end - first]), from: first)
                    }
                }
            }
            onProgress(Double(end) / Double(trainingCount))
        }
        return candidates.map { $0.found.first?.place ?? 0 }
    }

    /// The training pictures that may yet be the first among the most similar. Only one that is more similar than all
    /// before it can be, so that these are few.
    private struct Candidates {
        private(set) var found: [(place: Int, similarity: Float)] = []

        /// - Parameter first: the place of the first of `similarities`; above all places that were added before.
        mutating func add(_ similarities: UnsafeBufferPointer<Float>, from first: Int) {
            var best = found.last?.similarity ?? -.infinity
            for (offset, similarity) in similarities.enumerated() where similarity > best {
                best = similarity
                found.removeAll { $0.similarity < best - OverlapScan.tolerance }
                found.append((first + offset, similarity))
            }
        }
    }

    /// The cosines of pairs of places, in 64 bits: the same whatever block a pair was found in. Rounding leaves none
    /// above 1.
    static func similarities(
        _ evaluation: OverlapPictures, _ training: OverlapPictures, of pairs: [(Int, Int)]
    ) throws -> [Double] {
        func gathered(_ vectors: Tensor, _ places: [Int]) throws -> Tensor {
            let indices = try Tensor(places.map(Int64.init)).moved(to: vectors.device)
            return try vectors.rows(indices).moved(to: .cpu).converted(to: .float64).normalized(along: 1)
        }
        return try Engine.withoutGradients {
            try stride(from: 0, to: pairs.count, by: rows).flatMap { start -> [Double] in
                let part = pairs[start..<min(pairs.count, start + rows)]
                let left = try gathered(evaluation.vectors, part.map(\.0))
                let right = try gathered(training.vectors, part.map(\.1))
                let cosines = try (left * right).sum(along: 1).elements(Double.self)
                return cosines.map { max(-1, min(1, $0)) }
            }
        }
    }
}

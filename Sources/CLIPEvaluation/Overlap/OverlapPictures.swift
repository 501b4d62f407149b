import Imaging
import Torch

/// What the search for near-duplicates knows of a set's pictures.
public struct OverlapPictures: Sendable {
    /// What messages call the set.
    public let name: String
    /// A fingerprint for each picture.
    public let hashes: [PerceptualHash]
    /// Unit vectors `[N, E]` of one model, in float32 or shorter.
    public let vectors: Tensor

    /// Pictures.
    public var count: Int { hashes.count }

    /// How far from 1 a unit vector's length may lie, as bfloat16 keeps it.
    private static let lengthTolerance: Float = 0.01
    /// Rows looked at together.
    private static let block = 16384

    /// - Parameters:
    ///   - name: what messages call the set.
    ///   - hashes: of N pictures.
    ///   - vectors: `[N, E]`, of length 1 each, in the same order.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where there are no pictures, the numbers differ or a vector
    ///   has another length; ``EvaluationError/notFinite(name:)``; `TorchError`.
    public init(name: String, hashes: [PerceptualHash], vectors: Tensor) throws {
        guard !hashes.isEmpty else { throw EvaluationError.samples(name: name, problem: "it has no pictures") }
        guard vectors.rank == 2, vectors.shape[0] == hashes.count, vectors.shape[1] > 0, vectors.dtype.isFloatingPoint
        else {
            throw EvaluationError.samples(
                name: name, problem: "\(vectors.shape) vectors of \(vectors.dtype) for \(hashes.count) hashes")
        }
        for start in stride(from: 0, to: hashes.count, by: Self.block) {
            let rows = try vectors.slice(start..<min(hashes.count, start + Self.block)).converted(to: .float32)
            let lengths = try rows.norm(along: 1).elements(Float.self)
            guard lengths.allSatisfy(\.isFinite) else { throw EvaluationError.notFinite(name: name) }
            if let row = lengths.firstIndex(where: { abs($0 - 1) > Self.lengthTolerance }) {
                throw EvaluationError.samples(
                    name: name, problem: "vector \(start + row) has length \(lengths[row]), not 1: normalize them all")
            }
        }
        (self.name, self.hashes, self.vectors) = (name, hashes, vectors)
    }

    /// Some of the vectors in float32, of length 1 also where shorter numbers rounded them.
    func block(_ range: Range<Int>) throws -> Tensor {
        try vectors.slice(range).converted(to: .float32).normalized(along: 1)
    }
}

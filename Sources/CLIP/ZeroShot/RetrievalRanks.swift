import Torch

/// Where the right answers stand when answers are sorted by similarity.
package enum RetrievalRanks {
    /// Similarities held at a time: 256 MB of them, however many queries and answers there are.
    package static let mostSimilarities = 64 << 20

    /// Equal captions that were encoded in other company differ in their last digits.
    private static let margin: Float = 1e-6

    /// For each query the rank of its best right answer: how many other answers score higher, plus half of the wrong ones that
    /// score the same (two equal captions are not told apart, and must not count as found for free).
    /// - Parameters:
    ///   - queries: unit vectors `[N, E]`.
    ///   - answers: unit vectors `[M, E]`.
    ///   - right: for each query the places of its right answers among the answers; at least one.
    ///   - most: similarities held at a time.
    /// - Returns: N ranks from 0.
    package static func best(
        queries: Tensor, answers: Tensor, right: [[Int]], holding most: Int = mostSimilarities
    ) throws -> [Float] {
        let (count, width) = (queries.shape[0], answers.shape[0])
        let step = max(1, min(1024, most / max(1, width)))
        var ranks: [Float] = []
        ranks.reserveCapacity(count)
        try Engine.inference {
            let turned = try answers.transposed()
            for start in stride(from: 0, to: count, by: step) {
                let range = start..<min(start + step, count)
                ranks += try Self.ranks(
                    scores: queries.slice(range).matmul(turned), right: Array(right[range]), width: width)
            }
        }
        return ranks
    }

    /// - Parameter scores: `[n, M]`
    private static func ranks(scores: Tensor, right: [[Int]], width: Int) throws -> [Float] {
        let places = right.enumerated().flatMap { row, answers in answers.map { Int64(row * width + $0) } }
        // Taken from the very numbers they are compared with.
        let values = try scores.reshaped([-1]).rows(Tensor(places)).elements(Float.self)
        var best: [Float] = []
        var equalRight: [Float] = []
        var position = 0
        for answers in right {
            let own = values[position..<position + answers.count]
            let highest = own.max() ?? -.infinity
            best.append(highest)
            equalRight.append(Float(own.count { $0 > highest - margin }))
            position += answers.count
        }
        let bar = try Tensor(best, shape: [best.count, 1])
        let higher = try scores.greater(than: bar + Double(margin)).converted(to: .float32).sum(along: 1)
        let atLeast = try scores.greater(than: bar - Double(margin)).converted(to: .float32).sum(along: 1)
        return try zip(zip(higher.elements(Float.self), atLeast.elements(Float.self)), equalRight).map { counts, own in
            counts.0 + max(0, counts.1 - counts.0 - own) / 2
        }
    }
}

import Torch

/// How often the right partner is among the first answers, in both directions, over N pairs.
public struct RetrievalMetrics: Sendable, Equatable {
    /// How deep one looks for the partner.
    public static let depths = [1, 5, 10]

    /// Share of pictures whose caption is among the first k captions, by k.
    public let imageToText: [Int: Double]
    /// Share of captions whose picture is among the first k pictures, by k.
    public let textToImage: [Int: Double]
    /// N: each picture is looked for among so many texts, and the other way round.
    public let pairCount: Int

    /// What guessing gives at depth k.
    public func chance(_ depth: Int) -> Double { min(1, Double(depth) / Double(max(1, pairCount))) }

    /// Mean of all six recalls: one number to compare runs by.
    public var meanRecall: Double {
        let all = Array(imageToText.values) + Array(textToImage.values)
        return all.isEmpty ? 0 : all.reduce(0, +) / Double(all.count)
    }

    /// - Parameters:
    ///   - pictures: unit vectors `[N, E]`.
    ///   - texts: unit vectors `[N, E]`, row for row the pictures' captions.
    /// A partner's rank is the number of others that score strictly higher, plus half of those that tie (two equal
    /// captions are not told apart, and must not count as found for free), computed in slices of the N × N similarities.
    public init(pictures: Tensor, texts: Tensor) throws {
        let count = pictures.shape[0]
        pairCount = count
        imageToText = try Self.recalls(queries: pictures, answers: texts)
        textToImage = try Self.recalls(queries: texts, answers: pictures)
    }

    private static func recalls(queries: Tensor, answers: Tensor) throws -> [Int: Double] {
        let count = queries.shape[0]
        guard count > 0 else { return Dictionary(uniqueKeysWithValues: depths.map { ($0, 0) }) }
        var hits = [Int](repeating: 0, count: depths.count)
        try Engine.inference {
            for start in stride(from: 0, to: count, by: 1024) {
                let range = start..<min(start + 1024, count)
                let rows = try queries.slice(range)
                let scores = try rows.matmul(answers.transposed())  // [n, N]
                let own = try (rows * answers.slice(range)).sum(along: 1, keep: true)
                // The diagonal is computed another way than the matrix: a margin keeps it from outranking itself.
                let higher = try scores.greater(than: own + 1e-6).converted(to: .float32).sum(along: 1)
                let atLeast = try scores.greater(than: own - 1e-6).converted(to: .float32).sum(along: 1)
                let ranks = try zip(higher.elements(Float.self), atLeast.elements(Float.self)).map { above, from in
                    above + max(0, from - above - 1) / 2
                }
                for rank in ranks {
                    for (index, depth) in depths.enumerated() where rank < Float(depth) { hits[index] += 1 }
                }
            }
        }
        return Dictionary(uniqueKeysWithValues: zip(depths, hits.map { Double($0) / Double(count) }))
    }
}

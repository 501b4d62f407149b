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
    public init(pictures: Tensor, texts: Tensor) throws {
        let count = pictures.shape[0]
        pairCount = count
        imageToText = try Self.recalls(queries: pictures, answers: texts)
        textToImage = try Self.recalls(queries: texts, answers: pictures)
    }

    private static func recalls(queries: Tensor, answers: Tensor) throws -> [Int: Double] {
        let count = queries.shape[0]
        guard count > 0 else { return Dictionary(uniqueKeysWithValues: depths.map { ($0, 0) }) }
        let ranks = try RetrievalRanks.best(queries: queries, answers: answers, right: (0..<count).map { [$0] })
        return Dictionary(
            uniqueKeysWithValues: depths.map { depth in
                (depth, Double(ranks.count { $0 < Float(depth) }) / Double(count))
            })
    }
}

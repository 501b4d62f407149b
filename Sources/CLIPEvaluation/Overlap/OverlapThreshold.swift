/// From where on a picture of an evaluation set counts as seen in training: where its most similar training picture is
/// at least this similar, or, with a bound on hashes, where its nearest hash is at most that far.
///
/// arXiv 2103.00020, section 5, sets the threshold of each set by hand, to be right nearly always and then to find as
/// much as may be. Here it comes from a labelled sample, or from one that makes itself.
public struct OverlapThreshold: Sendable, Equatable, Codable {
    /// A pair of an evaluation picture and a training picture of which somebody knows.
    public struct Row: Sendable, Equatable {
        /// The cosine of their vectors.
        public let similarity: Double
        /// The bits in which their hashes differ: ``OverlapScan/noHashDistance`` where they are too flat to tell.
        public let hashDistance: Int
        /// Whether they are near-duplicates.
        public let isDuplicate: Bool

        /// A pair that was compared elsewhere.
        public init(similarity: Double, hashDistance: Int, isDuplicate: Bool) {
            (self.similarity, self.hashDistance, self.isDuplicate) = (similarity, hashDistance, isDuplicate)
        }
    }

    /// Pairs at least this similar are duplicates.
    public let similarity: Double
    /// Pairs whose hashes differ in at most so many bits are duplicates too; nil not to go by hashes.
    public let hashDistance: Int?
    /// The share of the sample's pairs taken for duplicates that are some, nil where none is taken. Of a sample that
    /// made itself it says little: how many of its pairs are duplicates is made up.
    public let precision: Double?
    /// The share of the sample's duplicates that are taken; nil where nothing is known of it.
    public let recall: Double?

    /// Bits beyond which hashes are of unrelated pictures, about 32 being chance.
    public static let mostHashDistance = 16

    /// A threshold that was chosen elsewhere.
    /// - Parameters:
    ///   - similarity: in [-1, 1].
    ///   - hashDistance: in 0...16; nil not to go by hashes. Pictures of few plain areas have hashes that are much
    ///     alike: among a million drawings some are within 4 bits of any.
    /// - Throws: ``EvaluationError/setting(name:value:reason:)``.
    public init(similarity: Double, hashDistance: Int? = nil) throws {
        guard (-1...1).contains(similarity) else {
            throw EvaluationError.setting(
                name: "similarity", value: "\(similarity)", reason: "cosines lie between -1 and 1")
        }
        try Self.check(hashDistance)
        self.init(similarity, hashDistance, precision: nil, recall: nil)
    }

    private init(_ similarity: Double, _ hashDistance: Int?, precision: Double?, recall: Double?) {
        (self.similarity, self.hashDistance) = (similarity, hashDistance)
        (self.precision, self.recall) = (precision, recall)
    }

    private init(_ similarity: Double, _ hashDistance: Int?, measuredOn rows: [Row]) {
        let rule = OverlapThreshold(similarity, hashDistance, precision: nil, recall: nil)
        let taken = rows.filter { rule.isDuplicate(similarity: $0.similarity, hashDistance: $0.hashDistance) }
        let right = Double(taken.count { $0.isDuplicate })
        let duplicates = rows.count { $0.isDuplicate }
        self.init(
            similarity, hashDistance, precision: taken.isEmpty ? nil : right / Double(taken.count),
            recall: duplicates == 0 ? nil : right / Double(duplicates))
    }

    /// Whether an evaluation picture with these neighbors was seen in training.
    public func isDuplicate(_ nearest: OverlapScan.Nearest) -> Bool {
        isDuplicate(similarity: nearest.similarity, hashDistance: nearest.hashDistance)
    }

    private func isDuplicate(similarity: Double, hashDistance: Int) -> Bool {
        similarity >= self.similarity || self.hashDistance.map { hashDistance <= $0 } ?? false
    }

    private static func check(_ hashDistance: Int?) throws {
        guard let hashDistance, !(0...mostHashDistance).contains(hashDistance) else { return }
        throw EvaluationError.setting(
            name: "hash distance", value: "\(hashDistance)",
            reason: "it is 0 to \(mostHashDistance) bits; unrelated pictures differ in about 32 of 64")
    }

    private static func checkFinite(_ similarities: [Double]) throws {
        guard similarities.allSatisfy(\.isFinite) else { throw EvaluationError.notFinite(name: sample) }
    }

    /// What messages call it.
    private static let sample = "labelled pairs"
}

extension OverlapThreshold {
    /// The similarity that tells a labelled sample's duplicates best: of the best F1, 2PR/(P + R) (van Rijsbergen,
    /// "Information Retrieval", 1979, chapter 7), of several the one of the higher precision P, then the higher one.
    ///
    /// Hashes have no part in the choice, so that it holds where they fail, but in the precision and recall.
    /// - Parameters:
    ///   - rows: pairs with at least one duplicate and one other.
    ///   - hashDistance: as in ``init(similarity:hashDistance:)``.
    /// - Throws: ``EvaluationError``.
    public static func choose(_ rows: [Row], hashDistance: Int? = nil) throws -> OverlapThreshold {
        try check(hashDistance)
        try checkFinite(rows.map(\.similarity))
        guard !rows.isEmpty else { throw EvaluationError.samples(name: sample, problem: "there are none") }
        let duplicates = rows.count { $0.isDuplicate }
        guard duplicates > 0, duplicates < rows.count else { throw EvaluationError.oneClass(name: sample) }
        let sorted = rows.sorted { $0.similarity > $1.similarity }
        var best = (threshold: sorted[0].similarity, right: 0, taken: 1)
        var right = 0
        for (place, row) in sorted.enumerated() {
            if row.isDuplicate { right += 1 }
            let taken = place + 1
            guard taken == sorted.count || sorted[taken].similarity < row.similarity else { continue }
            // F1 = 2 · right / (taken + duplicates), compared without dividing; so is the precision.
            let (score, other) = (right * (best.taken + duplicates), best.right * (taken + duplicates))
            if score > other || score == other && right * best.taken > best.right * taken {
                best = (row.similarity, right, taken)
            }
        }
        return OverlapThreshold(best.threshold, hashDistance, measuredOn: rows)
    }

    /// What an exact copy's cosine is at least, whatever rounding does to it.
    static let exactCopy = 1 - 1e-5

    /// The threshold where nobody labelled anything: as the paper trained its detector (appendix C), by pictures that
    /// were changed on purpose.
    ///
    /// It is the highest at which `leastFound` of the changed copies are found, unless more than `mostTaken` of the
    /// others would be taken: then the lowest at which they are not. It does not go as low as the others would let it:
    /// they are few, while the most similar of a million training pictures is more like than any of a thousand. Nor is
    /// it so high that an exact copy is none, though there be one among the others.
    /// - Parameters:
    ///   - positives: cosines of pictures and their ``variants(of:seed:)``.
    ///   - negatives: cosines of evaluation pictures and training pictures drawn at random, or each picture's highest
    ///     among many of these, which is nearer to what is to be told apart.
    ///   - hashDistance: as in ``init(similarity:hashDistance:)``; precision and recall are without it.
    ///   - mostTaken: the share of negatives that may be taken, rounded down to whole ones: none of fewer than 1,000.
    ///   - leastFound: the share of positives to be found, rounded up to whole ones.
    /// - Throws: ``EvaluationError``.
    public static func choose(
        positives: [Double], negatives: [Double], hashDistance: Int? = nil, mostTaken: Double = 1e-3,
        leastFound: Double = 0.95
    ) throws -> OverlapThreshold {
        try check(hashDistance)
        try checkFinite(positives + negatives)
        guard !positives.isEmpty, !negatives.isEmpty else {
            throw EvaluationError.samples(
                name: sample,
                problem: "\(positives.count) duplicates and \(negatives.count) others; some of both are needed")
        }
        for (name, share) in [("mostTaken", mostTaken), ("leastFound", leastFound)] where !(0...1).contains(share) {
            throw EvaluationError.setting(name: name, value: "\(share)", reason: "it is a share, from 0 to 1")
        }
        let allowed = Int(mostTaken * Double(negatives.count))
        // Just above the most similar negative that may not be taken.
        let lowest = allowed < negatives.count ? negatives.sorted(by: >)[allowed].nextUp : -1
        let found = max(1, Int((leastFound * Double(positives.count)).rounded(.up)))
        let highest = positives.sorted(by: >)[found - 1]
        let threshold = max(-1, min(max(lowest, highest), exactCopy))
        let rows = [(positives, true), (negatives, false)].flatMap { similarities, isDuplicate in
            similarities.map {
                Row(similarity: $0, hashDistance: OverlapScan.noHashDistance, isDuplicate: isDuplicate)
            }
        }
        return OverlapThreshold(threshold, hashDistance, measuredOn: rows)
    }
}

/// How much pictures that a model has seen in training raise its accuracy on a set: arXiv 2103.00020, section 5 and
/// figure 17.
///
/// The set is split into overlap, the pictures with a near-duplicate in the training set, and clean, the others.
public struct OverlapReport: Sendable, Equatable, Codable {
    /// A part of the set.
    public struct Split: Sendable, Equatable, Codable {
        /// Its pictures, at least one.
        public let count: Int
        /// Those that the model has right.
        public let right: Int
        /// right / count, with Clopper and Pearson's 99.5 % interval, as figure 17 has them.
        public let accuracy: Interval

        fileprivate init?(count: Int, right: Int) {
            guard count > 0 else { return nil }
            (self.count, self.right) = (count, right)
            accuracy = .clopperPearson(right, of: count, confidence: OverlapReport.confidence)
        }
    }

    /// Of the intervals: section 5 takes 99.5 %.
    public static let confidence = 0.995
    /// The chance of any false finding among all sets that ``corrected(_:)`` allows.
    public static let level = 0.05

    /// What the set is called.
    public let name: String
    /// The whole set.
    public let all: Split
    /// The pictures without a near-duplicate; nil where there are none.
    public let clean: Split?
    /// The pictures with one; nil where there are none.
    public let overlap: Split?
    /// overlap / all in pictures, in [0, 1]: section 5's degree of contamination.
    public let overlapShare: Double
    /// Accuracy on overlap − accuracy on clean (figure 17, left), with the interval of the former moved by the latter,
    /// which is taken as known. Nil unless there are pictures of both kinds.
    public let difference: Interval?
    /// Accuracy on all − accuracy on clean (section 5's main figure, and figure 17, right): by how much the overlap
    /// raises what is reported, with a 95 % bootstrap interval over pictures. 0 where there is no overlap, nil where there is
    /// nothing else.
    public let inflation: Interval?
    /// How likely the accuracy on overlap would be at least what it is if each of its pictures had the chance of clean
    /// ones to be right: section 5's one-sided binomial test. Nil unless there are pictures of both kinds.
    public let pValue: Double?
    /// ``pValue`` with Bonferroni's correction, by ``corrected(_:)``; nil before, and where there is no p-value.
    public private(set) var adjustedPValue: Double?
    /// Whether ``adjustedPValue`` is below ``level``; nil where there is none.
    public private(set) var isSignificant: Bool?

    /// The parts that there are, as pages call them.
    var parts: [(name: String, split: Split)] {
        [("all", all), ("clean", clean), ("overlapping", overlap)].compactMap { name, split in split.map { (name, $0) }
        }
    }

    /// Whether the interval of ``difference`` lies on one side of 0 (figure 17, left); nil where there is no
    /// difference.
    public var differenceIsClear: Bool? { difference.map { $0.low > 0 || $0.high < 0 } }

    /// - Parameters:
    ///   - name: what the set is called.
    ///   - isRight: whether the model has each picture right.
    ///   - isOverlap: whether each has a near-duplicate in the training set.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where there are no pictures, or not as many of both.
    public init(name: String, isRight: [Bool], isOverlap: [Bool]) throws {
        guard isRight.count == isOverlap.count else {
            throw EvaluationError.samples(
                name: name,
                problem: "\(isRight.count) answers for \(isOverlap.count) pictures that were searched for overlap")
        }
        let seen = zip(isRight, isOverlap).filter { $0.1 }
        let (count, right) = (isRight.count, isRight.count { $0 })
        let (seenCount, seenRight) = (seen.count, seen.count { $0.0 })
        guard let all = Split(count: count, right: right) else {
            throw EvaluationError.samples(name: name, problem: "it has no pictures")
        }
        let clean = Split(count: count - seenCount, right: right - seenRight)
        let overlap = Split(count: seenCount, right: seenRight)
        (self.name, self.all, self.clean, self.overlap) = (name, all, clean, overlap)
        overlapShare = Double(seenCount) / Double(count)
        inflation = clean == nil ? nil : Self.inflation(isRight, isOverlap)
        guard let clean, let overlap else {
            (difference, pValue) = (nil, nil)
            return
        }
        let (base, accuracy) = (clean.accuracy.value, overlap.accuracy)
        difference = Interval(
            value: accuracy.value - base, low: accuracy.low - base, high: accuracy.high - base,
            confidence: Self.confidence, method: .clopperPearson)
        pValue = SignificanceTest.binomial(
            overlap.right, of: overlap.count, probability: base, isGreater: true)
    }

    private static func inflation(_ isRight: [Bool], _ isOverlap: [Bool]) -> Interval {
        Bootstrap().statistic(count: isRight.count) { places in
            var (right, clean, cleanRight) = (0, 0, 0)
            for place in places {
                right += isRight[place] ? 1 : 0
                guard !isOverlap[place] else { continue }
                clean += 1
                cleanRight += isRight[place] ? 1 : 0
            }
            return Double(right) / Double(places.count) - Double(cleanRight) / Double(max(1, clean))
        }
    }

    /// The reports of all sets that were looked at, with Bonferroni's correction: p-values times the number of sets, 1
    /// at most (Dunn, "Multiple Comparisons Among Means", 1961; section 5 corrects so too). Sets without a p-value
    /// count as well: that they have no overlap was only found by looking.
    public static func corrected(_ reports: [OverlapReport]) -> [OverlapReport] {
        reports.map { report in
            var report = report
            report.adjustedPValue = report.pValue.map { min(1, $0 * Double(reports.count)) }
            report.isSignificant = report.adjustedPValue.map { $0 < level }
            return report
        }
    }
}

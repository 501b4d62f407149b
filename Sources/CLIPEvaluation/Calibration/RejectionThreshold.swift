import Torch

/// "None of these": the similarity above which the best choice is an answer, and below which the sample's class is taken not
/// to be among the labels.
///
/// Insiders are samples whose class is among the labels, outsiders those whose class is not. Scores are the best choice's
/// similarities.
public struct RejectionThreshold: Sendable, Equatable, Codable {
    /// What a threshold lets through.
    public struct Acceptance: Sendable, Equatable, Codable {
        /// The share of insiders that are accepted.
        public let insiders: Interval
        /// The share of outsiders that are accepted, which is wrong. With few samples its upper end says how much worse than
        /// measured it may be: of 0 among 20, up to 17 %.
        public let outsiders: Interval
        /// The share of accepted insiders whose best choice is right; nil where that is not known.
        public let right: Interval?
    }

    /// An answer is accepted where its score is above.
    public let threshold: Double
    /// The largest share of outsiders that was to be accepted.
    public let falseAcceptance: Double
    /// What it lets through of the samples it was chosen on, with Clopper and Pearson's intervals.
    public let acceptance: Acceptance
    /// Insiders that it was chosen on.
    public let insiderCount: Int
    /// Outsiders that it was chosen on.
    public let outsiderCount: Int
    /// Where as large a share of insiders is rejected as of outsiders is accepted, or nearest to it.
    public let equalErrorThreshold: Double
    /// The mean of those two shares.
    public let equalErrorRate: Double
    /// How likely an insider's score is above an outsider's, equal ones counted half: the area under the receiver operating
    /// characteristic (scikit-learn's `roc_auc_score`).
    public let areaUnderCurve: Double

    /// The smallest threshold at which at most a share of `falseAcceptance` of the outsiders is accepted.
    /// - Parameters:
    ///   - inside: scores of insiders.
    ///   - outside: scores of outsiders.
    ///   - isRight: whether each insider's best choice is right; nil where that is not known.
    ///   - falseAcceptance: in [0, 1): with 1 there would be nothing to reject.
    /// - Throws: ``EvaluationError`` for no samples, scores that are not finite, or a share out of range.
    public static func fit(
        inside: [Double], outside: [Double], isRight: [Bool]? = nil, falseAcceptance: Double
    ) throws -> RejectionThreshold {
        guard (0..<1).contains(falseAcceptance) else {
            throw EvaluationError.samples(
                name: "false acceptance", problem: "\(falseAcceptance) is not a share from 0 to below 1")
        }
        try check(inside, "insiders")
        try check(outside, "outsiders")
        let highestFirst = outside.sorted(by: >)
        var allowed = 0
        // By the share itself: 0.29·100 is below 29.
        while Double(allowed + 1) / Double(outside.count) <= falseAcceptance { allowed += 1 }
        let threshold = highestFirst[allowed]
        let curve = ScoreCurve(inside: inside, outside: outside)
        let equal = curve.equalError()
        return RejectionThreshold(
            threshold: threshold, falseAcceptance: falseAcceptance,
            acceptance: try acceptance(above: threshold, inside: inside, outside: outside, isRight: isRight),
            insiderCount: inside.count, outsiderCount: outside.count, equalErrorThreshold: equal.threshold,
            equalErrorRate: equal.rate, areaUnderCurve: curve.area())
    }

    /// The threshold for samples of which every one is an insider: each is an outsider too, by the best of the labels that
    /// are not its own.
    /// - Parameters:
    ///   - similarities: cosines, float32 `[N, C]`.
    ///   - labels: the right label of each row, in [0, C).
    ///   - falseAcceptance: the share of outsiders that may be accepted, in [0, 1).
    /// - Throws: ``EvaluationError``, `TorchError`.
    public static func fit(
        similarities: Tensor, labels: [Int], falseAcceptance: Double
    ) throws -> RejectionThreshold {
        let best = try LabeledSimilarities(similarities, labels: labels).bestChoices()
        return try fit(
            inside: best.similarities, outside: best.others, isRight: best.isRight, falseAcceptance: falseAcceptance)
    }

    /// Whether the best choice is an answer.
    public func accepts(_ score: Double) -> Bool { score > threshold }

    /// What the threshold lets through of other samples than those it was chosen on.
    /// - Parameters:
    ///   - inside: scores of insiders.
    ///   - outside: scores of outsiders; with none, nothing is known of their share.
    ///   - isRight: whether each insider's best choice is right; nil where that is not known.
    /// - Throws: ``EvaluationError`` where `isRight` is not one for each insider.
    public func acceptance(inside: [Double], outside: [Double], isRight: [Bool]? = nil) throws -> Acceptance {
        try Self.acceptance(above: threshold, inside: inside, outside: outside, isRight: isRight)
    }

    private static func acceptance(
        above threshold: Double, inside: [Double], outside: [Double], isRight: [Bool]?
    ) throws -> Acceptance {
        guard isRight == nil || isRight?.count == inside.count else {
            throw EvaluationError.samples(
                name: "insiders", problem: "\(inside.count) scores for \(isRight?.count ?? 0) answers")
        }
        let accepted = inside.count { $0 > threshold }
        let right = isRight.map { zip($0, inside).count { $0 && $1 > threshold } }
        return Acceptance(
            insiders: .clopperPearson(accepted, of: inside.count),
            outsiders: .clopperPearson(outside.count { $0 > threshold }, of: outside.count),
            right: right.map { .clopperPearson($0, of: accepted) })
    }

    private static func check(_ scores: [Double], _ name: String) throws {
        guard !scores.isEmpty else {
            throw EvaluationError.samples(name: name, problem: "there are none to choose a threshold by")
        }
        guard scores.allSatisfy(\.isFinite) else {
            throw EvaluationError.samples(name: name, problem: "some of their scores are not finite numbers")
        }
    }
}

/// How many insiders and outsiders have each score, from low to high: all that thresholds can tell apart.
private struct ScoreCurve {
    private var points: [(score: Double, inside: Int, outside: Int)] = []
    private let insiders: Int
    private let outsiders: Int

    init(inside: [Double], outside: [Double]) {
        (insiders, outsiders) = (inside.count, outside.count)
        let all = inside.map { (score: $0, isInside: true) } + outside.map { (score: $0, isInside: false) }
        for (score, isInside) in all.sorted(by: { $0.score < $1.score }) {
            if points.last?.score != score { points.append((score, 0, 0)) }
            if isInside { points[points.count - 1].inside += 1 } else { points[points.count - 1].outside += 1 }
        }
    }

    /// Mann and Whitney's statistic over all pairs, in whole halves.
    func area() -> Double {
        var (halves, below) = (0, 0)
        for point in points {
            halves += point.inside * (2 * below + point.outside)
            below += point.outside
        }
        return Double(halves) / 2 / Double(insiders) / Double(outsiders)
    }

    /// The threshold at which the two shares of errors are nearest; of several the one of the fewest errors, and the lowest.
    func equalError() -> (threshold: Double, rate: Double) {
        var best = (threshold: 0.0, gap: Int.max, sum: Int.max)
        var (rejected, accepted) = (0, outsiders)
        for point in points {
            rejected += point.inside
            accepted -= point.outside
            // Shares over one denominator, so that equal ones are equal.
            let (first, second) = (rejected * outsiders, accepted * insiders)
            let found = (threshold: point.score, gap: abs(first - second), sum: first + second)
            if (found.gap, found.sum) < (best.gap, best.sum) { best = found }
        }
        return (best.threshold, Double(best.sum) / 2 / Double(insiders) / Double(outsiders))
    }
}

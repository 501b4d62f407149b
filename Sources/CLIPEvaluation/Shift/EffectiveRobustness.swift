import Foundation

/// The line that accuracies on a shifted set follow, by the accuracies on the set that models were made for:
/// logit(shifted) = slope · logit(reference) + intercept, by least squares over models of one kind, such as all that were
/// trained on ImageNet alone (Taori et al., arXiv 2007.00644, section 2; arXiv 2103.00020, section 3.3).
public struct BaselineFit: Sendable, Equatable, Codable {
    /// How much the shifted accuracy's logit grows by the reference's.
    public let slope: Double
    /// The shifted accuracy's logit where half is right on the reference set.
    public let intercept: Double
    /// Models.
    public let count: Int
    /// The share of the logits' variance that the line explains; 1 where the shifted accuracies are all the same.
    public let rSquared: Double
    /// Accuracies are taken into [margin, 1 − margin] first: the logits of 0 and 1 are infinite.
    public let margin: Double

    /// - Parameters:
    ///   - reference: each model's accuracy on the set it was made for, in [0, 1].
    ///   - shifted: each model's accuracy on the other set, in the same order.
    ///   - margin: in (0, 0.5); ``margin(samples:)`` where the size of the sets is known.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where fewer than two reference accuracies differ, or where what
    ///   is given is no list of accuracies.
    public init(reference: [Double], shifted: [Double], margin: Double = 1e-4) throws {
        guard margin > 0, margin < 0.5 else {
            throw EvaluationError.samples(name: "baseline models", problem: "a margin of \(margin) is not in (0, 0.5)")
        }
        guard reference.count == shifted.count else {
            throw EvaluationError.samples(
                name: "baseline models",
                problem: "\(reference.count) reference accuracies cannot be paired with \(shifted.count) shifted ones")
        }
        try Self.check(reference + shifted)
        let (x, y) = (reference.map { Self.logit($0, margin) }, shifted.map { Self.logit($0, margin) })
        guard let first = x.first, x.contains(where: { $0 != first }) else {
            throw EvaluationError.samples(
                name: "baseline models",
                problem: "a line needs two of different reference accuracy, and of these \(x.count) no two differ")
        }
        // Sums about the means: sums of squares alone would cancel where all accuracies are close.
        let (meanX, meanY) = (Self.mean(x), Self.mean(y))
        let spreadX = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        let spreadY = y.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
        let slope = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spreadX
        let intercept = meanY - slope * meanX
        let rest = zip(x, y).reduce(0) { sum, point in
            let error = point.1 - (slope * point.0 + intercept)
            return sum + error * error
        }
        (self.slope, self.intercept, self.margin) = (slope, intercept, margin)
        count = x.count
        rSquared = spreadY > 0 ? 1 - rest / spreadY : 1
    }

    /// The line through means over several shifts, each of which counts alike (arXiv 2103.00020, figure 13).
    /// - Parameter sets: of each shift, the models' accuracies on its reference set and on itself; the same models in the
    ///   same order for each.
    /// - Throws: ``EvaluationError/samples(name:problem:)``.
    public init(sets: [(reference: [Double], shifted: [Double])], margin: Double = 1e-4) throws {
        guard let models = sets.first?.reference.count,
            sets.allSatisfy({ $0.reference.count == models && $0.shifted.count == models })
        else {
            throw EvaluationError.samples(
                name: "baseline models", problem: "means over shifts need the same models for each of them")
        }
        // Before the means: one of them may hide what is no accuracy.
        try Self.check(sets.flatMap { $0.reference + $0.shifted })
        try self.init(
            reference: (0..<models).map { model in Self.mean(sets.map { $0.reference[model] }) },
            shifted: (0..<models).map { model in Self.mean(sets.map { $0.shifted[model] }) }, margin: margin)
    }

    /// What the line says of a model of this accuracy on the reference set, in [0, 1].
    public func predicted(_ reference: Double) -> Double {
        1 / (1 + exp(-(slope * Self.logit(reference, margin) + intercept)))
    }

    /// Half a sample of `samples`: what a share of 0 is taken for.
    public static func margin(samples: Int) -> Double { 0.5 / Double(max(2, samples)) }

    private static func logit(_ accuracy: Double, _ margin: Double) -> Double {
        let kept = min(1 - margin, max(margin, accuracy))
        return log(kept) - log1p(-kept)
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private static func check(_ accuracies: [Double]) throws {
        guard let wrong = accuracies.first(where: { !(0...1).contains($0) }) else { return }
        throw EvaluationError.samples(
            name: "baseline models", problem: "\(wrong) is no accuracy: they lie between 0 and 1")
    }
}

/// How much better a model is on a shifted set than models of its accuracy on the reference set (Taori et al.,
/// arXiv 2007.00644, section 2).
public struct EffectiveRobustness: Sendable, Equatable, Codable {
    /// The accuracy on the reference set.
    public let reference: Interval
    /// The accuracy on the shifted set.
    public let shifted: Interval
    /// What the baseline says of a model of this reference accuracy.
    public let predicted: Double
    /// shifted − predicted. The interval is the shifted accuracy's: how sure the line is is not in it.
    public let effective: Interval
    /// reference − shifted: what the shift takes away.
    public let drop: Double

    /// For several shifts together, ``Interval/mean(of:)`` of both and ``BaselineFit/init(sets:margin:)``.
    public init(reference: Interval, shifted: Interval, fit: BaselineFit) {
        let predicted = fit.predicted(reference.value)
        (self.reference, self.shifted, self.predicted) = (reference, shifted, predicted)
        effective = Interval(
            value: shifted.value - predicted, low: shifted.low - predicted, high: shifted.high - predicted,
            confidence: shifted.confidence, method: shifted.method)
        drop = reference.value - shifted.value
    }
}

extension Interval {
    /// The mean of values measured on different samples, each of which counts alike. Its ends lie as far from it as
    /// √Σ(value − end)² ÷ count (Zou and Donner, "Construction of confidence limits about effect measures", 2008).
    /// - Parameter intervals: of one confidence and method.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where there are none, or where they are not alike.
    public static func mean(of intervals: [Interval]) throws -> Interval {
        guard let first = intervals.first,
            intervals.allSatisfy({ $0.confidence == first.confidence && $0.method == first.method })
        else {
            throw EvaluationError.samples(
                name: "a mean of \(intervals.count) intervals", problem: "it needs some, of one confidence and method")
        }
        let count = Double(intervals.count)
        let value = intervals.reduce(0) { $0 + $1.value } / count
        let below = intervals.reduce(0) { $0 + ($1.value - $1.low) * ($1.value - $1.low) }.squareRoot() / count
        let above = intervals.reduce(0) { $0 + ($1.high - $1.value) * ($1.high - $1.value) }.squareRoot() / count
        return Interval(
            value: value, low: value - below, high: value + above, confidence: first.confidence, method: first.method)
    }
}

/// Accuracies on pictures that were made worse in several ways, each by several degrees (Hendrycks and Dietterich,
/// arXiv 1903.12261, section 4).
public struct CorruptionAccuracy: Sendable, Equatable, Codable {
    /// Of each kind, the accuracy at every severity, from the mildest.
    public let accuracies: [String: [Double]]
    /// Of each kind, the mean over severities.
    public let kinds: [String: Double]
    /// The mean over kinds.
    public let mean: Double

    /// - Parameter accuracies: of each kind, the accuracy at every severity.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where there are none.
    public init(accuracies: [String: [Double]]) throws {
        self.accuracies = accuracies
        kinds = try Self.means(accuracies)
        mean = Self.mean(kinds)
    }

    /// The mean over kinds of Σ errors ÷ Σ baseline's errors over severities: mCE where the baseline is AlexNet
    /// (``PublishedResults/alexNetErrors()``). 1 is as bad as the baseline.
    /// - Parameters:
    ///   - errors: of each kind, the share that is wrong at every severity.
    ///   - baseline: the other model's, of the same kinds; one value a kind is taken for a mean over all severities.
    /// - Throws: ``EvaluationError/samples(name:problem:)``.
    public static func meanCorruptionError(
        errors: [String: [Double]], baseline: [String: [Double]]
    ) throws -> Double {
        let (own, other) = (try means(errors), try means(baseline))
        if let kind = Set(own.keys).symmetricDifference(other.keys).min() {
            throw EvaluationError.samples(
                name: "corruption \(kind)",
                problem: own[kind] == nil ? "only the baseline was measured" : "the baseline was not measured")
        }
        var ratios: [String: Double] = [:]
        for (kind, error) in own {
            let (severities, others) = (errors[kind]?.count ?? 0, baseline[kind]?.count ?? 0)
            guard others == 1 || others == severities else {
                throw EvaluationError.samples(
                    name: "corruption \(kind)",
                    problem: "\(severities) severities cannot be set against the baseline's \(others)")
            }
            guard let divisor = other[kind], divisor > 0 else {
                throw EvaluationError.samples(
                    name: "corruption \(kind)", problem: "the baseline makes no error, by which to divide")
            }
            ratios[kind] = error / divisor
        }
        return mean(ratios)
    }

    private static func means(_ values: [String: [Double]]) throws -> [String: Double] {
        guard !values.isEmpty else { throw EvaluationError.samples(name: "corruptions", problem: "there are none") }
        for (kind, row) in values.sorted(by: { $0.key < $1.key }) {
            guard !row.isEmpty, row.allSatisfy({ (0...1).contains($0) }) else {
                throw EvaluationError.samples(
                    name: "corruption \(kind)", problem: "it needs one value in 0...1 for each severity")
            }
        }
        return values.mapValues { $0.reduce(0, +) / Double($0.count) }
    }

    /// In the order of names: a dictionary has another at each run, and sums would differ in their last bits.
    private static func mean(_ kinds: [String: Double]) -> Double {
        kinds.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value } / Double(kinds.count)
    }
}

/// How well scores put the right samples first.
public enum AveragePrecision {
    /// Σ (Rₙ − Rₙ₋₁) Pₙ over the thresholds from high to low, samples of one score together: scikit-learn's
    /// `average_precision_score`. Nil where no sample is right.
    public static func score(_ scores: [Float], isRight: [Bool]) -> Double? {
        let total = isRight.count { $0 }
        guard total > 0 else { return nil }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (found, seen, before, sum) = (0, 0, 0, 0.0)
        for (place, index) in order.enumerated() {
            seen += 1
            if isRight[index] { found += 1 }
            let isLast = place + 1 == order.count || scores[order[place + 1]] != scores[index]
            guard isLast else { continue }
            sum += Double(found - before) / Double(total) * Double(found) / Double(seen)
            before = found
        }
        return sum
    }
}

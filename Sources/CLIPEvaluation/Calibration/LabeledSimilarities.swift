import Torch

/// Cosines of samples with every label, and which label is right: what answers are calibrated on.
struct LabeledSimilarities {
    /// float32 `[N, C]`, on the processor.
    let values: Tensor
    /// The right label of each row.
    let labels: [Int]
    private let blocks: [(values: Tensor, places: Tensor)]

    /// Numbers that are worked on while they are near the processor.
    private static let blockElements = 1 << 18

    /// - Parameters:
    ///   - similarities: `[N, C]`, of any floating-point type.
    ///   - name: what messages call them.
    ///   - blockRows: rows that are worked on at once; nil for as many as suit the width.
    /// - Throws: ``EvaluationError`` for another shape, fewer than two labels, a label out of range, or numbers that are not
    ///   finite.
    init(_ similarities: Tensor, labels: [Int], name: String = "similarities", blockRows: Int? = nil) throws {
        guard similarities.rank == 2, similarities.shape[0] == labels.count, !labels.isEmpty else {
            throw EvaluationError.samples(
                name: name, problem: "\(similarities.shape) similarities for \(labels.count) samples with a label")
        }
        let classCount = similarities.shape[1]
        guard classCount > 1 else {
            throw EvaluationError.samples(name: name, problem: "there is one label alone, which is always the answer")
        }
        if let row = labels.firstIndex(where: { !(0..<classCount).contains($0) }) {
            throw EvaluationError.labelOutOfRange(name: name, row: row, label: labels[row], classCount: classCount)
        }
        guard try similarities.isAllFinite() else {
            throw EvaluationError.samples(name: name, problem: "some of them are not finite numbers")
        }
        let values = try similarities.detached().moved(to: .cpu).converted(to: .float32).contiguous()
        (self.values, self.labels) = (values, labels)
        let size = blockRows ?? max(1, Self.blockElements / classCount)
        blocks = try stride(from: 0, to: labels.count, by: size).map { start in
            let end = min(labels.count, start + size)
            // Where each row's own label lies in the flattened block.
            let places = labels[start..<end].enumerated().map { Int64($0.offset * classCount + $0.element) }
            return (try values.slice(start..<end), try Tensor(places))
        }
    }

    /// Labels to choose from.
    var classCount: Int { values.shape[1] }

    /// The first and the second derivative of the mean −ln softmax(scale·cosine)[label] with respect to the scale: the mean
    /// over samples of E[x] and of Var[x], where x is a label's cosine less the right label's and the expectation is over
    /// the softmax.
    func derivatives(at scale: Double) throws -> (slope: Double, curvature: Double) {
        try Engine.withoutGradients {
            var (slope, curvature) = (0.0, 0.0)
            for (values, places) in blocks {
                let cosines = try values.converted(to: .float64)
                let own = try cosines.reshaped([-1]).rows(places).unsqueezed(1)  // [n, 1]
                let gaps = try cosines - own  // [n, C]
                let shares = try (gaps * scale).softmax(along: 1)
                let means = try (shares * gaps).sum(along: 1, keep: true)  // [n, 1]
                let deviations = try gaps - means
                slope += try means.sum().item()
                curvature += try (shares * deviations * deviations).sum().item()
            }
            return (slope / Double(labels.count), curvature / Double(labels.count))
        }
    }

    /// The best choice of each sample, and the best that is not its own label.
    struct BestChoices {
        /// Cosines of the best of all labels.
        var similarities: [Double] = []
        /// Whether that is the sample's label.
        var isRight: [Bool] = []
        /// Cosines of the best of the other labels: what the best would be, were its own not among them.
        var others: [Double] = []
    }

    func bestChoices() throws -> BestChoices {
        try Engine.withoutGradients {
            var best = BestChoices()
            for (values, places) in blocks {
                let found = try values.argmax(along: 1).elements(Int64.self)
                let isRight = zip(found, labels[best.isRight.count...]).map { Int($0) == $1 }
                best.similarities += try values.maximum(along: 1).elements(Double.self)
                best.isRight += isRight
                let others = try values.copied()
                try others.reshaped([-1]).addRowsInPlace(Tensor.full([places.count], -.infinity), at: places)
                best.others += try others.maximum(along: 1).elements(Double.self)
            }
            return best
        }
    }

    /// The probability that softmax(scale·cosine) gives the best choice of each sample.
    func confidences(at scale: Double) throws -> [Double] {
        try Engine.withoutGradients {
            try blocks.flatMap { values, _ in
                let logits = try values.converted(to: .float64) * scale
                return try logits.softmax(along: 1).maximum(along: 1).elements(Double.self)
            }
        }
    }
}

import Torch

/// A linear classifier of features: the probe of arXiv 2103.00020, section 3.2.
///
/// It minimizes C·Σ −ln p(label) + ½‖W‖² by L-BFGS, as scikit-learn's `LogisticRegression` does; the bias is free. Two classes
/// have one row of weights, that of the second, as there.
public struct LogisticRegression: Sendable {
    /// `[rows, F]`: a row a class, or one row for two classes.
    public let weights: Tensor
    /// `[rows]`
    public let bias: Tensor
    /// Classes to choose from.
    public let classCount: Int

    /// How the minimum was found.
    public struct Fit: Sendable, Equatable {
        /// The mean of −ln p(label), without the penalty.
        public let loss: Double
        /// Steps of L-BFGS.
        public let iterations: Int
        /// False where all steps allowed were taken.
        public let hasConverged: Bool
    }

    /// With weak penalties the loss is 0.002 to 0.006 above its minimum where scikit-learn's tolerance of 1e-4 ends.
    private static let preconditionedTolerance = 2e-5

    /// What a fit needs of its data.
    public struct Samples: Sendable {
        /// float32 `[N, F]`
        public let features: Tensor
        /// A class for each row.
        public let labels: [Int]
        /// Classes, also those that no row has.
        public let classCount: Int

        /// - Throws: ``EvaluationError`` for labels out of range, fewer than two classes among them, or features that are not
        ///   finite.
        public init(features: Tensor, labels: [Int], classCount: Int, name: String = "samples") throws {
            guard features.rank == 2, features.shape[0] == labels.count, !labels.isEmpty else {
                throw EvaluationError.samples(
                    name: name, problem: "\(features.shape) features for \(labels.count) labels")
            }
            if let row = labels.firstIndex(where: { !(0..<classCount).contains($0) }) {
                throw EvaluationError.labelOutOfRange(name: name, row: row, label: labels[row], classCount: classCount)
            }
            guard Set(labels).count > 1 else { throw EvaluationError.oneClass(name: name) }
            guard try features.isAllFinite() else { throw EvaluationError.notFinite(name: name) }
            self.features = try features.converted(to: .float32).contiguous()
            (self.labels, self.classCount) = (labels, classCount)
        }
    }

    /// - Parameters:
    ///   - samples: what to learn.
    ///   - strength: C, the inverse of the penalty.
    ///   - curvature: of these features, to come to the minimum in fewer steps and nearer; nil for L-BFGS as scikit-learn has
    ///     it, down to its tolerance.
    ///   - mostIterations: the paper allows 1,000.
    public static func fit(
        _ samples: Samples, strength: Double, curvature: CurvatureBound? = nil, mostIterations: Int = 1000
    ) throws -> (classifier: LogisticRegression, fit: Fit) {
        try Engine.withoutGradients {
            let objective = try LogisticObjective(samples, strength: strength)
            var optimizer = LBFGS()
            optimizer.mostIterations = mostIterations
            if let curvature {
                optimizer.preconditioner = try objective.preconditioner(curvature)
                optimizer.gradientTolerance = Self.preconditionedTolerance
            }
            let outcome = try optimizer.minimize(from: objective.start()) { try objective.evaluate($0) }
            let (weights, bias) = try objective.parts(outcome.point.place)
            let penalty = try weights.dot2() * objective.penalty / 2
            let classifier = LogisticRegression(weights: weights, bias: bias, classCount: samples.classCount)
            let fit = Fit(
                loss: outcome.point.value - penalty, iterations: outcome.iterations,
                hasConverged: outcome.hasConverged)
            return (classifier, fit)
        }
    }

    /// Of each class, before the softmax: `[N, F] -> [N, classes]`.
    public func scores(_ features: Tensor) throws -> Tensor {
        let scores = try features.productWithTransposed(weights, bias: bias)
        guard classCount == 2 else { return scores }
        return try Tensor.concatenated([scores * 0, scores], dimension: 1)
    }

    /// The class of each row.
    public func classes(_ features: Tensor) throws -> [Int] {
        try Engine.withoutGradients { try scores(features).argmax(along: 1).elements(Int64.self).map { Int($0) } }
    }

    /// The share of rows whose class is the label.
    public func accuracy(on features: Tensor, labels: [Int]) throws -> Double {
        let right = zip(try classes(features), labels).count { $0 == $1 }
        return Double(right) / Double(max(1, labels.count))
    }
}

/// The function to minimize: mean −ln p(label) + ½‖W‖²/(C·N), of all weights and then all biases.
private struct LogisticObjective {
    let penalty: Double
    private let blocks: [(features: Tensor, labels: Tensor)]
    private let count: Int
    private let rows: Int
    private let width: Int

    /// Bytes of features that are read twice while they are near the processor.
    private static let blockBytes = 2 << 20

    init(_ samples: LogisticRegression.Samples, strength: Double) throws {
        (count, width) = (samples.labels.count, samples.features.shape[1])
        rows = samples.classCount == 2 ? 1 : samples.classCount
        penalty = 1 / (strength * Double(count))
        let size = max(64, Self.blockBytes / (4 * max(1, width)))
        let rows = rows
        blocks = try stride(from: 0, to: count, by: size).map { start in
            let end = min(samples.labels.count, start + size)
            let labels = samples.labels[start..<end]
            // For two classes 0 or 1; else the place of the label's score in the block.
            let marks =
                rows == 1
                ? try Tensor(labels.map(Float.init), shape: [labels.count, 1])
                : try Tensor(labels.enumerated().map { Int64($0.offset * rows + $0.element) })
            return (try samples.features.slice(start..<end), marks)
        }
    }

    func start() throws -> Tensor { try Tensor.zeros([rows * (width + 1)], dtype: .float64) }

    func parts(_ place: Tensor) throws -> (weights: Tensor, bias: Tensor) {
        let values = try place.converted(to: .float32)
        return (
            try values.slice(0..<rows * width).reshaped([rows, width]),
            try values.slice(rows * width..<rows * (width + 1)).contiguous()
        )
    }

    /// The bound's inverse times each class' weights and bias.
    func preconditioner(_ curvature: CurvatureBound) throws -> (Tensor) throws -> Tensor {
        let inverse = try curvature.inverse(penalty: penalty, classCount: max(2, rows))
        let (rows, width) = (rows, width)
        return { flat in
            let weights = try flat.slice(0..<rows * width).reshaped([rows, width])
            let bias = try flat.slice(rows * width..<rows * (width + 1)).reshaped([rows, 1])
            let product = try Tensor.concatenated([weights, bias], dimension: 1).matmul(inverse)
            let parts = try [product.slice(0..<width, dimension: 1), product.slice(width..<width + 1, dimension: 1)]
            return try Tensor.concatenated(parts.map { try $0.reshaped([-1]) })
        }
    }

    func evaluate(_ place: Tensor) throws -> (value: Double, gradient: Tensor) {
        let (weights, bias) = try parts(place)
        var loss = 0.0
        let slope = try Tensor.zeros([rows, width])
        let offset = try Tensor.zeros([rows], dtype: .float64)
        for (features, labels) in blocks {
            let scores = try features.productWithTransposed(weights, bias: bias)
            let (blockLoss, errors) = rows == 1 ? try two(scores, labels) : try several(scores, labels)
            loss += blockLoss
            try slope.addInPlace(errors.transposed().matmul(features))
            try offset.addInPlace(errors.sum(along: 0).converted(to: .float64))
        }
        let share = 1 / Double(count)
        let flat = try place.slice(0..<rows * width)
        let gradient = try Tensor.concatenated([
            slope.reshaped([-1]).converted(to: .float64) * share + flat * penalty, offset * share,
        ])
        return (loss * share + penalty / 2 * (try flat.dot(flat).item()), gradient)
    }

    /// Σ −ln p, and p − y, where the scores are the second class's log odds.
    private func two(_ scores: Tensor, _ labels: Tensor) throws -> (Double, Tensor) {
        let loss = try (scores.softplus() - scores * labels).sum().item()
        return (loss, try scores.sigmoid() - labels)
    }

    private func several(_ scores: Tensor, _ places: Tensor) throws -> (Double, Tensor) {
        let logs = try scores.logSoftmax(along: 1)
        let loss = try logs.reshaped([-1]).rows(places).sum().item()
        let errors = try logs.exponential()
        try errors.reshaped([-1]).addRowsInPlace(Tensor.full([places.count], -1), at: places)
        return (-loss, errors)
    }
}

extension Tensor {
    fileprivate func dot2() throws -> Double {
        let flat = try reshaped([-1]).converted(to: .float64)
        return try flat.dot(flat).item()
    }
}

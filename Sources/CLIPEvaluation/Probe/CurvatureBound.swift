import Torch

/// A bound of the logistic loss' curvature that the labels and weights have no part in, so that it is computed once for all
/// strengths: ½·E[x̃x̃ᵀ] for several classes, ¼·E[x̃x̃ᵀ] for two, x̃ a sample's features and 1 (Böhning, "Multinomial logistic
/// regression algorithm", 1992). L-BFGS that begins from its inverse comes in a hundred steps where features that go together
/// cost it a thousand, and nearer the minimum.
public struct CurvatureBound: Sendable {
    /// E[x̃x̃ᵀ], float64 `[F + 1, F + 1]`.
    private let moments: Tensor

    /// Rows that are multiplied in float32 before they are added in float64.
    private static let blockRows = 4096
    /// Of the mean curvature: less than that is the arithmetic's.
    private static let leastShare = 1e-6

    /// - Parameter features: float32 `[N, F]`.
    public init(_ features: Tensor) throws {
        moments = try Engine.withoutGradients {
            let (count, width) = (features.shape[0], features.shape[1])
            let sum = try Tensor.zeros([width + 1, width + 1], dtype: .float64)
            for start in stride(from: 0, to: count, by: Self.blockRows) {
                let block = try features.slice(start..<min(count, start + Self.blockRows))
                let rows = try Tensor.concatenated([block, Tensor.full([block.shape[0], 1], 1)], dimension: 1)
                try sum.addInPlace(rows.transposed().matmul(rows).converted(to: .float64))
            }
            return try sum / Double(max(1, count))
        }
    }

    /// Whether the bound pays: with fewer samples than features steps are cheap, and it is not.
    static func pays(_ samples: LogisticRegression.Samples) -> Bool {
        samples.features.shape[0] > 2 * samples.features.shape[1]
    }

    /// The inverse, of a class' weights and its bias: float64 `[F + 1, F + 1]`.
    /// - Parameter penalty: the factor of ½‖W‖² in the mean loss; the bias has none.
    func inverse(penalty: Double, classCount: Int) throws -> Tensor {
        let size = moments.shape[0]
        let curvature = try moments * (classCount == 2 ? 0.25 : 0.5)
        let identity = try Tensor.identity(size, dtype: .float64)
        let diagonal = try (curvature * identity).sum(along: 0)
        let least = try diagonal.mean().item() * Self.leastShare
        let penalties = try Tensor([Double](repeating: penalty, count: size - 1) + [0])
        let matrix = try curvature + identity * penalties.clamped(from: max(least, .leastNormalMagnitude))
        return try Tensor.solution(of: matrix, identity)
    }
}

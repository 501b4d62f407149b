import Torch
import TorchNN

/// How a tower's pooled state becomes the embedding. Its parameters are named as the tower's own.
package protocol EmbeddingProjection: InlineModule {
    /// Draws the weights that the tower's authors draw; kinds that draw their own when made stay as they are.
    func initialize(_ draw: Initializer) throws

    /// `[B, W] -> [B, E]`
    func callAsFunction(_ state: Tensor) throws -> Tensor
}

/// A matrix, no bias.
package final class MatrixProjection: EmbeddingProjection {
    /// `[W, E]`
    package let projection: Parameter

    init(_ width: Int, _ embeddingSize: Int) throws { projection = try Parameter(zeros: width, embeddingSize) }

    package func initialize(_ draw: Initializer) throws { try draw.apply(to: projection) }

    package func callAsFunction(_ state: Tensor) throws -> Tensor { try state.matmul(projection.tensor) }
}

/// A linear layer with bias (SigLIP's texts).
package final class LinearProjection: EmbeddingProjection {
    package let linearProjection: Linear

    init(_ width: Int, _ embeddingSize: Int) throws { linearProjection = try Linear(width, embeddingSize) }

    package func initialize(_ draw: Initializer) throws {
        try draw.apply(to: linearProjection.weight)
        if let bias = linearProjection.bias { try Initializer.constant(0).apply(to: bias) }
    }

    package func callAsFunction(_ state: Tensor) throws -> Tensor { try linearProjection(state) }
}

/// Two layers, which only this package's models have.
package final class HiddenProjection: EmbeddingProjection {
    package let hiddenProjection: ProjectionHead

    init(_ width: Int, _ embeddingSize: Int) throws { hiddenProjection = try ProjectionHead(width, embeddingSize) }

    package func initialize(_ draw: Initializer) throws {}

    package func callAsFunction(_ state: Tensor) throws -> Tensor { try hiddenProjection(state) }
}

/// None: the state is the embedding.
package final class NoProjection: EmbeddingProjection {
    package func initialize(_ draw: Initializer) throws {}

    package func callAsFunction(_ state: Tensor) throws -> Tensor { state }
}

/// Which ``EmbeddingProjection`` a tower has.
package enum ProjectionKind: Sendable, Equatable {
    /// ``MatrixProjection``
    case matrix
    /// ``LinearProjection``
    case linear
    /// ``HiddenProjection``
    case mlp
    /// ``NoProjection``: the state's width is the embedding's size.
    case none

    /// - Parameter tower: its name in messages.
    /// - Throws: `TorchError` for no projection where sizes differ.
    func make(_ width: Int, _ embeddingSize: Int, tower: String) throws -> any EmbeddingProjection {
        switch self {
        case .matrix: return try MatrixProjection(width, embeddingSize)
        case .linear: return try LinearProjection(width, embeddingSize)
        case .mlp: return try HiddenProjection(width, embeddingSize)
        case .none:
            guard width == embeddingSize else {
                throw TorchError(
                    context: tower,
                    message: "without projection, width \(width) has to be the embedding's size \(embeddingSize)")
            }
            return NoProjection()
        }
    }

    func parameterCount(_ width: Double, _ embeddingSize: Double) -> Double {
        self == .linear ? work(width, embeddingSize) + embeddingSize : work(width, embeddingSize)
    }

    /// Multiply-adds of one state.
    func work(_ width: Double, _ embeddingSize: Double) -> Double {
        switch self {
        case .matrix, .linear: width * embeddingSize
        case .mlp: width * width + width * embeddingSize
        case .none: 0
        }
    }
}

import Torch
import TorchNN

/// CLIP's vision transformer: pictures `[B, 3, S, S]` to embeddings `[B, E]` (arXiv 2103.00020, section 2.4).
public final class VisionTransformer: ImageTower {
    public let patches: PatchEmbedding
    /// `[W]`, the vector of the extra token whose last state stands for the picture.
    public let classEmbedding: Parameter
    /// `[grid² + 1, W]`, the class token's first.
    public let positionalEmbedding: Parameter
    public let preNorm: LayerNorm
    public let blocks: [TransformerBlock]
    public let postNorm: LayerNorm
    /// `[W, E]`
    public let projection: Parameter
    private let configuration: VisionTransformerConfiguration

    /// Whether only the class token goes through the last block. Off, the whole sequence does: the same numbers, slower.
    public var readsOnlyClassToken = true

    /// Initialized as the paper's code: embeddings and projection at width^-½, blocks as PyTorch's defaults.
    public init(_ configuration: VisionTransformerConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let width = configuration.width
        patches = try PatchEmbedding(width: width, patchSize: configuration.patchSize)
        classEmbedding = try Parameter(zeros: width)
        positionalEmbedding = try Parameter(zeros: configuration.gridSize * configuration.gridSize + 1, width)
        preNorm = try LayerNorm(width)
        blocks = try (0..<configuration.layers).map { _ in
            try TransformerBlock(
                width: width, headCount: configuration.headCount,
                hidden: configuration.hiddenWidth, activation: configuration.activation)
        }
        postNorm = try LayerNorm(width)
        projection = try Parameter(zeros: width, embeddingSize)
        let scale = Initializer.normal(1 / Double(width).squareRoot())
        for parameter in [classEmbedding, positionalEmbedding, projection] { try scale.apply(to: parameter) }
    }

    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: embeddings `[B, E]`, not normalized.
    public func callAsFunction(_ pictures: Tensor) throws -> Tensor {
        let size = configuration.imageSize
        guard pictures.rank == 4, Array(pictures.shape.dropFirst()) == [3, size, size] else {
            throw TorchError(
                context: "VisionTransformer",
                message: "pictures of shape \(pictures.shape) given where [B, 3, \(size), \(size)] is needed")
        }
        let embedded = try patches(pictures)  // [B, grid², W]
        let batch = embedded.shape[0]
        let classToken = try classEmbedding.tensor.converted(to: embedded.dtype)
            .expanded([batch, 1, configuration.width])
        let tokens = try Tensor.concatenated([classToken, embedded], dimension: 1)  // [B, grid² + 1, W]
        let states = try preNorm(tokens + positionalEmbedding.tensor.converted(to: embedded.dtype))
        return try postNorm(classState(states)).matmul(projection.tensor)
    }

    /// The class token's state after all blocks: `[B, L, W] -> [B, W]`.
    private func classState(_ input: Tensor) throws -> Tensor {
        var states = input
        for block in blocks.dropLast() { states = try block(states, causal: false) }
        guard let last = blocks.last else { return try states.select(0, dimension: 1) }
        guard readsOnlyClassToken else { return try last(states, causal: false).select(0, dimension: 1) }
        let first = try Tensor.zeros([states.shape[0]], dtype: .int64, device: states.device)
        return try last(states, at: first, visible: nil)
    }
}

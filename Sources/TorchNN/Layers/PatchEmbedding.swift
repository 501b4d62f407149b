import Torch

/// Cuts pictures into square patches and projects each to a vector: `[B, 3, H, W] -> [B, H/P · W/P, width]`, row by row.
/// What is left at the right and at the bottom, less than a patch, is not read, as by a convolution.
public final class PatchEmbedding: Module {
    /// A convolution's kernel, `[width, 3, P, P]`.
    public let weight: Parameter
    /// `[width]`
    public let bias: Parameter?
    private let patchSize: Int

    /// Initialized uniformly within ±1/√(3·P²), as PyTorch's `nn.Conv2d`.
    public init(width: Int, patchSize: Int, bias hasBias: Bool = false) throws {
        self.patchSize = patchSize
        weight = try Parameter(zeros: width, 3, patchSize, patchSize)
        bias = hasBias ? try Parameter(zeros: width) : nil
        let initializer = Initializer.uniformByFanIn(3 * patchSize * patchSize)
        try initializer.apply(to: weight)
        if let bias { try initializer.apply(to: bias) }
    }

    /// The convolution written as a rearrangement and one matrix product, which runs on the fast path.
    public func callAsFunction(_ pictures: Tensor) throws -> Tensor {
        let shape = pictures.shape
        guard shape.count == 4, shape[1] == 3, shape[2] >= patchSize, shape[3] >= patchSize else {
            throw TorchError(
                context: "PatchEmbedding",
                message: "pictures of shape \(shape) given where [B, 3, H, W] of at least \(patchSize) pixels is needed"
            )
        }
        let (batch, rows, columns) = (shape[0], shape[2] / patchSize, shape[3] / patchSize)
        var whole = pictures
        if shape[2] % patchSize != 0 { whole = try whole.slice(0..<rows * patchSize, dimension: 2) }
        if shape[3] % patchSize != 0 { whole = try whole.slice(0..<columns * patchSize, dimension: 3) }
        let patches =
            try whole
            .reshaped([batch, 3, rows, patchSize, columns, patchSize])
            .permuted([0, 2, 4, 1, 3, 5])  // [B, rows, columns, 3, P, P]
            .reshaped([batch, rows * columns, 3 * patchSize * patchSize])
        return try patches.linear(weight: weight.tensor.reshaped([weight.shape[0], -1]), bias: bias?.tensor)
    }
}

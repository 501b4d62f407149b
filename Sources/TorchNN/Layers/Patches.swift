import Torch

/// Cuts pictures into square patches and projects each to a vector: `[B, 3, H, W] -> [B, H/P · W/P, width]`, row by row.
/// What is left at the right and at the bottom, less than a patch, is not read, as by a convolution.
public final class PatchEmbedding: PackableLayer {
    /// A convolution's kernel, `[width, 3, P, P]`.
    public let weight: Parameter
    /// `[width]`
    public let bias: Parameter?
    private let patchSize: Int
    package var packing: Packing?

    package var packedParameters: [Parameter] { [weight] + [bias].compactMap { $0 } }

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
        if let product = try packing?.product(patches, weight: weight, bias: { bias?.tensor }) { return product }
        return try patches.linear(
            of: packing, weight: weight.tensor.reshaped([weight.shape[0], -1]), bias: bias?.tensor)
    }
}

/// Leaves out some of each picture's patches while a tower is trained, others in every picture (FLIP, Li et al., "Scaling
/// Language-Image Pre-training via Masking", arXiv 2212.00794): less work for each picture, and a blurrier view of it.
public final class PatchDropout: TrainingSensitive {
    /// The share of patches left out, from 0 to below 1.
    public var probability: Double = 0
    /// Whether patches are left out at all.
    public private(set) var isTraining = false

    /// With a share of 0, which leaves none out.
    public init() {}

    /// Takes the mode; there are no statistics to update.
    public func setMode(isTraining: Bool, updatesStatistics: Bool) { self.isTraining = isTraining }

    /// Patches kept of `count`: max(1, ⌊count·(1 − p)⌋).
    public func keptCount(of count: Int) -> Int {
        guard probability > 0 else { return count }
        return max(1, min(count, Int(Double(count) * (1 - probability))))
    }

    /// Which of each picture's patches are kept, int64 `[B, kept]`, in no order, by libtorch's generator; nil where all
    /// are, which draws nothing.
    public func choice(batch: Int, count: Int, device: Device) throws -> Tensor? {
        guard isTraining, probability > 0, count > 1 else { return nil }
        return try Tensor.normal([batch, count], device: device)
            .largest(keptCount(of: count), along: 1).indices
    }

    /// Rows of each picture's own: `[B, L, W]` at places `[B, kept]`: `[B, kept, W]`.
    public static func rows(of states: Tensor, at places: Tensor) throws -> Tensor {
        let shape = states.shape
        let starts = try Tensor((0..<shape[0]).map { Int64($0 * shape[1]) }).uploaded(to: states.device)
        let flat = try (places + starts.unsqueezed(1)).reshaped([-1])
        return try states.reshaped([shape[0] * shape[1], shape[2]]).rows(flat)
            .reshaped([shape[0], places.shape[1], shape[2]])
    }
}

import CTorch
import Foundation

/// Operators that neural networks are made of.
private enum Network {
    static let linear = Operator("aten::linear")
    static let convolution = Operator("aten::conv2d")
    static let averagePool = Operator("aten::avg_pool2d")
    static let batchNorm = Operator("aten::batch_norm")
    static let layerNorm = Operator("aten::layer_norm")
    static let embedding = Operator("aten::embedding")
    static let gelu = Operator("aten::gelu")
    static let relu = Operator("aten::relu")
    static let relu6 = Operator("aten::relu6")
    static let silu = Operator("aten::silu")
    static let sigmoid = Operator("aten::sigmoid")
    static let attention = Operator("aten::scaled_dot_product_attention")
    static let crossEntropy = Operator("aten::cross_entropy_loss")
    static let resizeBicubic = Operator("aten::_upsample_bicubic2d_aa")
    static let resizeLinear = Operator("aten::upsample_linear1d")
    static let affineGrid = Operator("aten::affine_grid_generator")
    static let sampleGrid = Operator("aten::grid_sampler")
    static let resizeBilinear = Operator("aten::_upsample_bilinear2d_aa")
}

/// How a picture is sampled at another size; both average over the area a new pixel covers (antialiasing).
public enum Interpolation: String, Sendable {
    /// By cubic polynomials (a = -0.5), as Pillow's.
    case bicubic
    /// By weights that fall off linearly.
    case bilinear
}

extension Tensor {
    /// Whether ``selfAttention(starts:heads:causal:)`` runs on this processor for heads of so many columns.
    public static func hasSelfAttention(depth: Int) -> Bool { ct_has_self_attention(Int64(depth)) }

    /// softmax(q·kᵀ/√d)·v of each sequence over itself, in one pass over memory: `[T, 3·width] -> [T, width]`, float32 or
    /// bfloat16 on the CPU. Not differentiable.
    ///
    /// The tensor holds queries, keys and values of all heads one after another for each token of all sequences.
    /// - Parameters:
    ///   - starts: where each sequence's tokens begin, and at last where the last one's end, `T`.
    ///   - causal: each token sees itself and those before it in its sequence.
    public func selfAttention(starts: [Int], heads: Int, causal: Bool) throws -> Tensor {
        var made: ct_tensor?
        try check(
            ct_self_attention(handle, starts.map(Int64.init), starts.count, Int64(heads), causal, &made),
            "self-attention")
        return try Tensor(owning: made, "self-attention")
    }

    /// `x · weightᵀ + bias`: `[…, in] -> […, out]`, with `weight` `[out, in]` and `bias` `[out]`.
    public func linear(weight: Tensor, bias: Tensor?) throws -> Tensor {
        try Network.linear.one(.tensor(self), .tensor(weight), .tensor(bias))
    }

    /// A two-dimensional convolution: `[B, in, H, W] -> [B, out, H', W']`.
    /// - Parameters:
    ///   - weight: `[out, in / groups, kernel, kernel]`.
    ///   - padding: rows and columns of zeros put around the pictures first.
    ///   - groups: parts that channels are divided into; each part of the output sees one of the input.
    public func convolution(
        weight: Tensor, bias: Tensor?, stride: Int, padding: Int = 0, groups: Int = 1
    ) throws -> Tensor {
        try Network.convolution.one(
            .tensor(self), .tensor(weight), .tensor(bias), .ints([stride, stride]), .ints([padding, padding]),
            .ints([1, 1]), .int(groups))
    }

    /// Means of squares of `size` × `size`: `[B, C, H, W] -> [B, C, H/size, W/size]`, rounded down.
    public func averagePooled(_ size: Int) throws -> Tensor {
        try Network.averagePool.one(.tensor(self), .ints([size, size]))
    }

    /// Mean 0 and variance 1 of each channel of `[B, C, …]`, then scaled and shifted (Ioffe and Szegedy, arXiv
    /// 1502.03167).
    /// - Parameters:
    ///   - runningMean: `[C]`; with `training`, moved in place towards the batch's by `momentum`.
    ///   - runningVariance: `[C]`; likewise, towards the unbiased estimate.
    ///   - training: whether the batch's own statistics are used; otherwise the running ones, which must be given.
    public func batchNormalized(
        gain: Tensor, bias: Tensor, runningMean: Tensor?, runningVariance: Tensor?, training: Bool, momentum: Double,
        epsilon: Double
    ) throws -> Tensor {
        try Network.batchNorm.one(
            .tensor(self), .tensor(gain), .tensor(bias), .tensor(runningMean), .tensor(runningVariance),
            .bool(training), .double(momentum), .double(epsilon), .bool(true))
    }

    /// Mean 0 and variance 1 over the last dimension, then scaled and shifted (Ba et al., arXiv 1607.06450).
    public func layerNormalized(gain: Tensor, bias: Tensor, epsilon: Double) throws -> Tensor {
        try Network.layerNorm.one(.tensor(self), .ints(gain.shape), .tensor(gain), .tensor(bias), .double(epsilon))
    }

    /// Rows of this table `[N, width]` for integer `indices` of any shape: `[…, width]`.
    public func embedding(_ indices: Tensor) throws -> Tensor {
        try Network.embedding.one(.tensor(self), .tensor(indices))
    }

    /// x·Φ(x), exactly (by erf) or by the tanh approximation (Hendrycks and Gimpel, arXiv 1606.08415).
    public func gelu(approximate: Bool = false) throws -> Tensor {
        try Network.gelu.one(.tensor(self), .string(approximate ? "tanh" : "none"))
    }

    /// max(x, 0).
    public func relu() throws -> Tensor { try Network.relu.one(.tensor(self)) }

    /// min(max(x, 0), 6) (Howard et al., arXiv 1704.04861).
    public func relu6() throws -> Tensor { try Network.relu6.one(.tensor(self)) }

    /// x·σ(x) (Hendrycks and Gimpel, arXiv 1606.08415).
    public func silu() throws -> Tensor { try Network.silu.one(.tensor(self)) }

    /// 1/(1 + e⁻ˣ) of every element.
    public func sigmoid() throws -> Tensor { try Network.sigmoid.one(.tensor(self)) }

    /// softmax(q·kᵀ/√d)·v, with this tensor as queries: `[B, heads, L, d]`.
    /// - Parameters:
    ///   - mask: added to the scores before the softmax, broadcast to `[B, heads, L, L']`.
    ///   - causal: each position sees itself and those before it.
    public func attention(keys: Tensor, values: Tensor, mask: Tensor? = nil, causal: Bool = false) throws -> Tensor {
        try Network.attention.one(
            .tensor(self), .tensor(keys), .tensor(values), .tensor(mask), .double(0), .bool(causal))
    }

    /// The mean of −log softmax(row)[target] over rows: `[N, C]` logits, int64 `[N]` targets.
    /// Targets may also be probabilities `[N, C]`.
    public func crossEntropy(targets: Tensor) throws -> Tensor {
        try Network.crossEntropy.one(.tensor(self), .tensor(targets))
    }

    /// `[B, C, L] -> [B, C, length]`, linearly between neighbors, without antialiasing; corners are not aligned.
    public func resampledLinearly(to length: Int) throws -> Tensor {
        try Network.resizeLinear.one(.tensor(self), .ints([length]), .bool(false))
    }

    /// Pictures `[B, C, H, W]`, uint8 or real, at another size. On bytes in channels-last memory this follows
    /// Pillow's fixed-point algorithm to within a grey level.
    public func resizedPictures(height: Int, width: Int, _ interpolation: Interpolation) throws -> Tensor {
        let resize = interpolation == .bicubic ? Network.resizeBicubic : Network.resizeBilinear
        return try resize.one(.tensor(self), .ints([height, width]), .bool(false))
    }

    /// Pictures `[B, C, H, W]` turned about their middles, sampled bilinearly, at the same size.
    /// - Parameters:
    ///   - degrees: counterclockwise.
    ///   - background: what comes in at the corners; nil for what stands at the edge.
    public func rotatedPictures(degrees: Double, background: Double?) throws -> Tensor {
        let (height, width) = (Double(shape[2]), Double(shape[3]))
        let angle = degrees * .pi / 180
        let (cosine, sine) = (cos(angle), sin(angle))
        // Coordinates run from -1 to 1 along either side, whatever its length.
        let matrix = [cosine, -sine * height / width, 0, sine * width / height, cosine, 0].map(Float.init)
        let turn = try Tensor(matrix, shape: [1, 2, 3]).moved(to: device).expanded([shape[0], 2, 3])
        let grid = try Network.affineGrid.one(.tensor(turn), .ints(shape), .bool(false))
        // The sampler knows no other background than 0.
        let (bilinear, zeros, border) = (0, 0, 1)
        let turned = try Network.sampleGrid.one(
            .tensor(background.map { try self - $0 } ?? self), .tensor(grid.converted(to: dtype)), .int(bilinear),
            .int(background == nil ? border : zeros), .bool(false))
        return try background.map { try turned + $0 } ?? turned
    }
}

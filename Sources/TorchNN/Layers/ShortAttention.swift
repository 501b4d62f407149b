import Torch

/// Attention on a CPU, by whichever of two exact ways is faster for the size.
///
/// libtorch's fused kernel walks over heads one by one; on short sequences the calls cost more than the arithmetic, and
/// in bfloat16 its backward pass is six to ten times slower than two batched products and a softmax (measured with
/// libtorch 2.13 on Zen 5: 256 pictures of 65 tokens, 6 heads of 32: 117 ms against 20 ms; captions of 12: 48 ms
/// against 5 ms). The products need memory for every pair of positions, so long sequences stay with the fused kernel.
enum ShortAttention {
    /// The longest sequence that products are taken for.
    static func limit(_ dtype: DType) -> Int { dtype == .float32 ? 56 : 256 }

    /// softmax(q·kᵀ/√d + mask)·v: `[B, heads, L, d]` each; without `causal`, keys and values may be of another length.
    /// - Parameter mask: broadcast to `[B, heads, L, L]`; with `causal`, both hold.
    static func attend(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, causal: Bool, mask: Tensor? = nil
    ) throws -> Tensor {
        let length = max(queries.shape[2], keys.shape[2])
        guard queries.device.kind == .cpu, length <= limit(queries.dtype) else {
            // The fused kernel takes one of the two.
            guard causal, let mask else {
                return try queries.attention(keys: keys, values: values, mask: mask, causal: causal)
            }
            let both = try mask + laterPositions(length, dtype: mask.dtype, device: mask.device)
            return try queries.attention(keys: keys, values: values, mask: both)
        }
        return try byProducts(queries, keys, values, causal: causal, mask: mask)
    }

    static func byProducts(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, causal: Bool, mask: Tensor? = nil
    ) throws -> Tensor {
        let shape = queries.shape
        let scaled = try queries * (1 / Double(shape[3]).squareRoot())
        var scores = try scaled.matmul(keys.transposed())  // [B, heads, L, L]
        if causal { scores = try scores + laterPositions(shape[2], dtype: scores.dtype, device: scores.device) }
        if let mask { scores = try scores + mask }
        return try scores.softmax(along: -1).matmul(values)
    }

    /// -infinity above the diagonal, 0 elsewhere: `[L, L]`.
    private static func laterPositions(_ length: Int, dtype: DType, device: Device) throws -> Tensor {
        let places = try Tensor.range(length, device: device)
        let later = try places.unsqueezed(0).greater(than: places.unsqueezed(1))
        return try Tensor.zeros([length, length], dtype: dtype, device: device).filled(where: later, with: -.infinity)
    }
}

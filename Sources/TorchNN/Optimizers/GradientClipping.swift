import Torch

/// Scales gradients down together where their common norm exceeds a bound, as PyTorch's `clip_grad_norm_`.
/// - Returns: the norm before scaling.
public func clipGradients(_ gradients: [Tensor], norm bound: Double) throws -> Double {
    guard !gradients.isEmpty else { return 0 }
    return try Engine.withoutGradients {
        let norm = try Tensor.norm(of: gradients)
        let length = try norm.item()
        // The small constant keeps the division finite; PyTorch uses the same.
        let factor = bound / (length + 1e-6)
        if factor < 1 { try Tensor.multiplyInPlace(gradients, by: Tensor.full([], factor, device: norm.device)) }
        return length
    }
}

import Torch

/// Leaves out some of each picture's patches while a tower is trained, others in every picture (FLIP, Li et al., "Scaling
/// Language-Image Pre-training via Masking", arXiv 2212.00794): less work for each picture, and a blurrier view of it.
public final class PatchDropout: TrainingSensitive {
    /// The share of patches left out, from 0 to below 1.
    public var probability: Double = 0
    public private(set) var isTraining = false

    public init() {}

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

import Torch

/// The non-linearity of a feed-forward layer. Two checkpoints that differ only in this give different numbers, so it is
/// always stated, never assumed.
public enum Activation: String, Sendable, Codable, CaseIterable {
    /// x·σ(1.702·x), which OpenAI's models were trained with.
    case quickGELU = "quick_gelu"
    /// x·Φ(x), exact.
    case gelu
    /// x·Φ(x) by the tanh approximation.
    case tanhGELU = "gelu_tanh"

    /// The same within a product; nil where it is not one of those. ``quickGELU`` is ``ProductEnding/silu`` of 1.702·x over
    /// 1.702.
    var ending: ProductEnding? {
        switch self {
        case .quickGELU: nil
        case .gelu: .gelu(approximate: false)
        case .tanhGELU: .gelu(approximate: true)
        }
    }

    /// QuickGELU's factor.
    static let quickFactor = 1.702

    /// Element by element, of any shape.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        switch self {
        case .quickGELU: try input * (input * Self.quickFactor).sigmoid()
        case .gelu: try input.gelu()
        case .tanhGELU: try input.gelu(approximate: true)
        }
    }
}

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

    /// Element by element, of any shape.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        switch self {
        case .quickGELU: try input * (input * 1.702).sigmoid()
        case .gelu: try input.gelu()
        case .tanhGELU: try input.gelu(approximate: true)
        }
    }
}

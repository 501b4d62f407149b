import Foundation
import Torch
import TorchNN

/// CLIP: an image tower and a text tower that end in one space, and a learned temperature.
///
/// Not safe for use from several threads while it is trained; inference from several threads is.
public final class DualEncoder: Module, @unchecked Sendable {
    public let visual: any ImageTower
    public let text: any TextTower
    /// ln(1/τ), a scalar: similarities are multiplied by its exponential.
    public let logitScale: Parameter
    /// What is added to scaled similarities, a scalar; nil for models without one. See
    /// ``ModelConfiguration/initialLogitBias``.
    public let logitBias: Parameter?
    /// Writes captions (CoCa); nil for models without one.
    public let captionDecoder: CaptionDecoder?
    public let configuration: ModelConfiguration

    /// The temperature's start, ln(1/0.07) (arXiv 2103.00020, section 2.4).
    public static let initialLogitScale = log(1 / 0.07)
    /// The scale may not pass 100 (same section), so its logarithm stays in this range.
    public static let logitScaleRange = 0...log(100.0)

    /// A model with random weights, drawn from libtorch's generator: seed it with ``Torch/Engine/seed(_:)``.
    public init(_ configuration: ModelConfiguration) throws {
        self.configuration = configuration
        visual = try configuration.imageTower()
        text = try configuration.textTower()
        logitScale = try Parameter(Tensor([Float(configuration.initialLogitScale)], shape: []))
        logitBias = try configuration.initialLogitBias.map { try Parameter(Tensor([Float($0)], shape: [])) }
        captionDecoder = try configuration.makeCaptionDecoder()
    }

    public var device: Device { logitScale.tensor.device }

    /// The type the towers compute in.
    public private(set) var dtype = DType.float32

    /// Moves the model, and has its towers compute in `dtype`. The temperature stays in 32 bits: in bfloat16 a scale of
    /// 100 would become 98.9.
    public func prepare(computingIn dtype: DType, on device: Device) throws {
        try visual.convert(to: dtype, device: device)
        try text.convert(to: dtype, device: device)
        try logitScale.convert(device: device)
        try logitBias?.convert(device: device)
        try captionDecoder?.convert(to: dtype, device: device)
        self.dtype = dtype
    }

    /// Preprocessed pictures `[B, 3, S, S]` to embeddings `[B, E]`, not normalized.
    public func encode(pictures: Tensor) throws -> Tensor {
        try visual(pictures.uploaded(to: device).converted(to: dtype))
    }

    /// Token ids of texts, as the model's tokenizer gives them, to embeddings `[B, E]`, not normalized.
    public func encode(captions: [[Int32]]) throws -> Tensor { try text(captions) }

    /// What similarities are multiplied by, exp(``logitScale``).
    public func temperatureScale() throws -> Double { exp(try logitScale.tensor.item()) }
}

import Foundation
import TorchNN

/// The shape of a dual encoder: which towers, how large, and everything that changes their numbers.
public struct ModelConfiguration: Sendable, Equatable {
    /// What turns pictures into vectors.
    public enum Vision: Sendable, Equatable {
        case transformer(VisionTransformerConfiguration)
        case resNet(ResNetConfiguration)
        case eva(EVAConfiguration)
    }

    /// What turns texts into vectors.
    public enum Text: Sendable, Equatable {
        case transformer(TextTransformerConfiguration)
        case bert(BERTConfiguration)
    }

    /// Length of the vectors both towers end in.
    public var embeddingSize: Int
    public var vision: Vision
    public var text: Text
    /// Where training starts the logarithm of what similarities are multiplied by.
    public var initialLogitScale = DualEncoder.initialLogitScale
    /// Where training starts the number added to scaled similarities; nil for models without one. A model with it scores
    /// each pair by itself with a sigmoid (SigLIP, arXiv 2303.15343).
    public var initialLogitBias: Double?
    /// The captioning decoder beside the two towers (CoCa, arXiv 2205.01917).
    public var captionDecoder: CaptionDecoderConfiguration?

    public init(embeddingSize: Int, vision: Vision, text: Text) {
        self.embeddingSize = embeddingSize
        self.vision = vision
        self.text = text
    }
}

extension ModelConfiguration.Vision {
    /// Pixels of a side.
    public var imageSize: Int {
        switch self {
        case .transformer(let tower): tower.imageSize
        case .resNet(let tower): tower.imageSize
        case .eva(let tower): tower.imageSize
        }
    }
}

extension ModelConfiguration.Text {
    /// The most tokens a text may have, with start and end.
    public var contextLength: Int {
        switch self {
        case .transformer(let tower): tower.contextLength
        case .bert(let tower): tower.contextLength
        }
    }

    public var vocabularySize: Int {
        switch self {
        case .transformer(let tower): tower.vocabularySize
        case .bert(let tower): tower.vocabularySize
        }
    }
}

extension ModelConfiguration {
    /// The number of learnable values of the image tower, without making one.
    public var visionParameterCount: Int {
        let count: Double
        switch vision {
        case .transformer(let tower): count = tower.parameterCount(embeddingSize: embeddingSize)
        case .resNet(let tower): count = tower.parameterCount(embeddingSize: embeddingSize)
        case .eva(let tower): count = tower.parameterCount(embeddingSize: embeddingSize)
        }
        return Int(exactly: count) ?? .max
    }

    /// The number of learnable values of the text tower, without making one.
    public var textParameterCount: Int {
        let count: Double
        switch text {
        case .transformer(let tower): count = tower.parameterCount(embeddingSize: embeddingSize)
        case .bert(let tower): count = tower.parameterCount(embeddingSize: embeddingSize)
        }
        return Int(exactly: count) ?? .max
    }

    /// The number of learnable values of a model of this shape, with temperature and bias, without making one.
    public var parameterCount: Int {
        let parts = [
            visionParameterCount, textParameterCount, 1 + (initialLogitBias == nil ? 0 : 1),
            captionDecoder.map { Int(exactly: $0.parameterCount(embeddingSize: embeddingSize)) ?? .max } ?? 0,
        ]
        return parts.reduce(0) { sum, part in
            let (total, overflow) = sum.addingReportingOverflow(part)
            return overflow ? .max : total
        }
    }

    /// A hundred billion: forty times the largest CLIP there is.
    static let mostParameters = 100_000_000_000
}

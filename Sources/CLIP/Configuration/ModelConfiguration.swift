import Foundation
import TorchNN

/// The shape of a model: which towers, how large, and everything that changes their numbers.
///
/// A model has an image tower and a text tower, or one of them where it is published alone. Their shapes are read from
/// files and names; see ``ModelCatalog`` and ``ModelDirectory``.
public struct ModelConfiguration: Sendable {
    /// Length of the vectors the towers end in.
    public var embeddingSize: Int
    /// What turns pictures into vectors; nil for a text tower alone.
    package var vision: (any ImageTowerConfiguration)?
    /// What turns texts into vectors; nil for an image tower alone.
    package var text: (any TextTowerConfiguration)?
    /// Where training starts the logarithm of what similarities are multiplied by.
    public var initialLogitScale = DualEncoder.initialLogitScale
    /// Where training starts the number added to scaled similarities; nil for models without one. A model with it scores
    /// each pair by itself with a sigmoid (SigLIP, arXiv 2303.15343).
    public var initialLogitBias: Double?
    /// The captioning decoder beside the two towers (CoCa, arXiv 2205.01917).
    package var captionDecoder: CaptionDecoderConfiguration?

    package init(
        embeddingSize: Int, vision: (any ImageTowerConfiguration)?, text: (any TextTowerConfiguration)?
    ) {
        self.embeddingSize = embeddingSize
        self.vision = vision
        self.text = text
    }
}

extension ModelConfiguration: Equatable {
    public static func == (own: ModelConfiguration, other: ModelConfiguration) -> Bool {
        own.embeddingSize == other.embeddingSize && own.hasTextTower(like: other)
            && own.hasImageTower(like: other) && own.initialLogitScale == other.initialLogitScale
            && own.initialLogitBias == other.initialLogitBias && own.captionDecoder == other.captionDecoder
    }

    private func hasImageTower(like other: ModelConfiguration) -> Bool {
        guard let vision, let others = other.vision else { return vision == nil && other.vision == nil }
        return vision.isEqual(to: others)
    }

    private func hasTextTower(like other: ModelConfiguration) -> Bool {
        guard let text, let others = other.text else { return text == nil && other.text == nil }
        return text.isEqual(to: others)
    }
}

extension ModelConfiguration {
    /// Pixels of a side of the pictures it reads; nil for a model that reads none.
    public var imageSize: Int? { vision?.imageSize }

    /// The most tokens a text may have, with start and end; nil for a model that reads none.
    public var contextLength: Int? { text?.contextLength }

    /// Ids the text tower has vectors for; nil for a model that reads no texts.
    public var vocabularySize: Int? { text?.vocabularySize }

    /// Whether it has two towers, whose embeddings can be compared.
    var isPair: Bool { vision != nil && text != nil }

    /// Whether it writes captions.
    public var writesCaptions: Bool { captionDecoder != nil }

    /// The image tower's shape.
    /// - Throws: ``CLIPError/noImageTower`` for a text tower alone.
    package func imageTower() throws -> any ImageTowerConfiguration {
        guard let vision else { throw CLIPError.noImageTower }
        return vision
    }

    /// The text tower's shape.
    /// - Throws: ``CLIPError/noTextTower`` for an image tower alone.
    package func textTower() throws -> any TextTowerConfiguration {
        guard let text else { throw CLIPError.noTextTower }
        return text
    }
}

extension ModelConfiguration {
    /// The number of learnable values of the image tower, without making one; 0 for a model without one.
    public var visionParameterCount: Int {
        vision.map { Self.count($0.parameterCount(embeddingSize: embeddingSize)) } ?? 0
    }

    /// The number of learnable values of the text tower, without making one; 0 for a model without one.
    public var textParameterCount: Int {
        text.map { Self.count($0.parameterCount(embeddingSize: embeddingSize)) } ?? 0
    }

    /// The number of learnable values of the captioning decoder, without making one; nil for a model without one.
    public var captionDecoderParameterCount: Int? { captionDecoder.map { Self.count($0.parameterCount()) } }

    /// The number of learnable values of a model of this shape, with temperature and bias, without making one.
    public var parameterCount: Int {
        // What similarities are scaled by belongs to a pair of towers.
        let scalars = !isPair ? 0 : 1 + (initialLogitBias == nil ? 0 : 1)
        let parts = [visionParameterCount, textParameterCount, scalars, captionDecoderParameterCount ?? 0]
        return parts.reduce(0) { sum, part in
            let (total, overflow) = sum.addingReportingOverflow(part)
            return overflow ? .max : total
        }
    }

    private static func count(_ count: Double) -> Int { Int(exactly: count) ?? .max }

    /// A hundred billion: forty times the largest CLIP there is.
    static let mostParameters = 100_000_000_000

    /// What changes a model's numbers without showing in its weights.
    var traits: [String: String] {
        var traits: [String: String] = [:]
        for (name, value) in vision?.traits ?? [:] { traits["image " + name] = value }
        for (name, value) in text?.traits ?? [:] { traits["text " + name] = value }
        return traits
    }
}

extension ModelConfiguration {
    /// The same shape with another non-linearity in every transformer that has CLIP's choice of one.
    public func with(activation: Activation) -> ModelConfiguration {
        var changed = self
        changed.vision = vision?.with(activation: activation)
        changed.text = text?.with(activation: activation)
        changed.captionDecoder?.activation = activation
        return changed
    }

    /// The same shape with both towers' projections in two layers instead of one matrix, or the other way round: an
    /// ablation (arXiv 2103.00020, section 2.3, found no difference).
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for towers that end in something else.
    public func with(hiddenProjections: Bool, source: String) throws -> ModelConfiguration {
        guard captionDecoder == nil, let image = vision?.with(hiddenProjection: hiddenProjections),
            let words = text?.with(hiddenProjection: hiddenProjections)
        else {
            throw CLIPError.configuration(
                source: source, key: "proj_type",
                problem: "only a vision transformer and a text transformer that end in a matrix can have two layers "
                    + "in its place")
        }
        var changed = self
        changed.vision = image
        changed.text = words
        try changed.validate(source: source)
        return changed
    }

    /// Whether the sizes fit one another.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    func validate(source: String) throws {
        let checks = ShapeChecks(source: source)
        try vision?.validate(checks)
        try text?.validate(checks)
        try captionDecoder?.validate(checks)
        if parameterCount > Self.mostParameters {
            throw checks.refuse("embed_dim", "these sizes make more than \(Self.mostParameters) parameters")
        }
    }
}

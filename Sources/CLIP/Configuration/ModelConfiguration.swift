import Foundation
import TorchNN

/// The shape of a dual encoder, as open_clip's `model_cfg` states it.
public struct ModelConfiguration: Sendable, Equatable {
    /// The vision transformer (Dosovitskiy et al., arXiv 2010.11929).
    public struct Vision: Sendable, Equatable {
        /// Pixels of a side.
        public var imageSize: Int
        public var patchSize: Int
        public var width: Int
        public var layers: Int
        /// Channels of one attention head.
        public var headWidth: Int = 64
        /// The feed-forward layer's hidden width over `width`.
        public var feedForwardRatio: Double = 4

        public var headCount: Int { width / headWidth }
        /// Patches of a side.
        public var gridSize: Int { imageSize / patchSize }

        public init(imageSize: Int, patchSize: Int, width: Int, layers: Int, headWidth: Int = 64) {
            self.imageSize = imageSize
            self.patchSize = patchSize
            self.width = width
            self.layers = layers
            self.headWidth = headWidth
        }
    }

    /// The causal text transformer (Radford et al., arXiv 2103.00020, section 2.4).
    public struct Text: Sendable, Equatable {
        /// The most tokens a caption may have, with start and end.
        public var contextLength: Int = 77
        public var vocabularySize: Int = 49_408
        public var width: Int
        public var headCount: Int
        public var layers: Int
        public var feedForwardRatio: Double = 4

        public init(width: Int, headCount: Int, layers: Int) {
            self.width = width
            self.headCount = headCount
            self.layers = layers
        }
    }

    /// Length of the vectors both towers end in.
    public var embeddingSize: Int
    public var vision: Vision
    public var text: Text
    public var activation: Activation = .gelu

    public init(embeddingSize: Int, vision: Vision, text: Text, activation: Activation = .gelu) {
        self.embeddingSize = embeddingSize
        self.vision = vision
        self.text = text
        self.activation = activation
    }
}

extension ModelConfiguration {
    /// Reads `model_cfg`, or a file that holds only that.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    init(_ object: ConfigurationObject) throws {
        activation = try object.flag("quick_gelu", default: false) ? .quickGELU : .gelu
        embeddingSize = try object.size("embed_dim")
        let vision = try object.object("vision_cfg")
        self.vision = Vision(
            imageSize: try vision.squareSize("image_size", default: 224),
            patchSize: try vision.size("patch_size", default: 16),
            width: try vision.size("width", default: 768),
            layers: try vision.size("layers", default: 12),
            headWidth: try vision.size("head_width", default: 64))
        self.vision.feedForwardRatio = try vision.real("mlp_ratio", default: 4)
        try vision.refuseOthers(except: ["pool_type": "tok", "pos_embed_type": "learnable", "timm_pool": "avg"])
        let text = try object.object("text_cfg")
        self.text = Text(
            width: try text.size("width", default: 512),
            headCount: try text.size("heads", default: 8),
            layers: try text.size("layers", default: 12))
        self.text.contextLength = try text.size("context_length", default: 77)
        self.text.vocabularySize = try text.size("vocab_size", default: 49_408)
        self.text.feedForwardRatio = try text.real("mlp_ratio", default: 4)
        try text.refuseOthers(except: ["pool_type": "argmax", "proj_type": "linear"])
        try object.refuseOthers()
        try validate(object)
    }

    private func validate(_ object: ConfigurationObject) throws {
        if vision.imageSize % vision.patchSize != 0 {
            throw object.problem(
                "vision_cfg.patch_size",
                "pictures of \(vision.imageSize) cannot be cut into patches of \(vision.patchSize)")
        }
        if vision.width % vision.headWidth != 0 {
            throw object.problem("vision_cfg.head_width", "it does not divide the width \(vision.width)")
        }
        if text.width % text.headCount != 0 {
            throw object.problem("text_cfg.heads", "\(text.headCount) does not divide the width \(text.width)")
        }
        for (key, ratio) in [("vision_cfg", vision.feedForwardRatio), ("text_cfg", text.feedForwardRatio)]
        where !(ratio > 0 && ratio <= 64) {
            throw object.problem("\(key).mlp_ratio", "\(ratio) is not between 0 and 64")
        }
        if parameterCount > Self.mostParameters {
            throw object.problem("embed_dim", "these sizes make more than \(Self.mostParameters) parameters")
        }
    }

    /// The object open_clip reads back as `model_cfg`.
    var jsonObject: [String: Any] {
        var vision: [String: Any] = [
            "image_size": self.vision.imageSize, "patch_size": self.vision.patchSize, "width": self.vision.width,
            "layers": self.vision.layers, "head_width": self.vision.headWidth,
        ]
        if self.vision.feedForwardRatio != 4 { vision["mlp_ratio"] = self.vision.feedForwardRatio }
        var text: [String: Any] = [
            "context_length": self.text.contextLength, "vocab_size": self.text.vocabularySize,
            "width": self.text.width, "heads": self.text.headCount, "layers": self.text.layers,
        ]
        if self.text.feedForwardRatio != 4 { text["mlp_ratio"] = self.text.feedForwardRatio }
        return [
            "embed_dim": embeddingSize, "quick_gelu": activation == .quickGELU, "vision_cfg": vision,
            "text_cfg": text,
        ]
    }
}

extension ModelConfiguration {
    /// The number of learnable values of a model of this shape, with the temperature, without making one.
    public var parameterCount: Int { Int(exactly: exactParameterCount) ?? .max }

    /// Counted in floating point, which is exact to 2^53 and does not overflow for absurd shapes.
    private var exactParameterCount: Double {
        func block(_ width: Int, _ ratio: Double) -> Double {
            let hidden = (Double(width) * ratio).rounded(.down)
            let width = Double(width)
            let attention = 3 * width * width + 3 * width + width * width + width
            return attention + 2 * width * hidden + hidden + width + 4 * width
        }
        let patch = Double(vision.patchSize)
        let grid = Double(vision.gridSize)
        let embedding = Double(embeddingSize)
        let visual =
            Double(vision.width) * (3 * patch * patch + 1 + grid * grid + 1 + 4 + embedding)
            + Double(vision.layers) * block(vision.width, vision.feedForwardRatio)
        let textual =
            Double(text.width) * (Double(text.vocabularySize) + Double(text.contextLength) + 2 + embedding)
            + Double(text.layers) * block(text.width, text.feedForwardRatio)
        return visual + textual + 1
    }

    /// A hundred billion: forty times the largest CLIP there is.
    static let mostParameters = 100_000_000_000
}

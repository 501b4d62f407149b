import TorchNN

/// CLIP's modified ResNet (arXiv 2103.00020, section 2.4): a stem of three convolutions, average pooling before strided
/// convolutions, attention pooling at the end.
package struct ResNetConfiguration: Sendable, Equatable {
    /// Pixels of a side.
    package var imageSize: Int
    /// Bottleneck blocks of the four stages.
    package var layers: [Int]
    /// Channels of the stem.
    package var width: Int
    /// Heads of the attention pooling.
    package var headCount: Int

    /// Channels that attention pooling sees.
    package var outputWidth: Int { width * 32 }
    /// Cells of a side that attention pooling sees.
    package var gridSize: Int { imageSize / 32 }

    package init(imageSize: Int, layers: [Int], width: Int, headCount: Int? = nil) {
        self.imageSize = imageSize
        self.layers = layers
        self.width = width
        self.headCount = headCount ?? width * 32 / 64
    }
}

extension ResNetConfiguration: ImageTowerConfiguration {
    package static let familyName = "ResNet"
    package var isConvolutional: Bool { true }

    package func validate(_ checks: ShapeChecks) throws {
        if imageSize % 32 != 0 {
            throw checks.refuse(
                "vision_cfg.image_size", "\(imageSize) is not a multiple of 32, as a ResNet needs")
        }
        if width % 2 != 0 || headCount < 1 || outputWidth % headCount != 0 {
            throw checks.refuse("vision_cfg.width", "\(width) cannot be halved or shared out over its heads")
        }
        if layers.contains(where: { $0 > 1000 }) {
            throw checks.refuse("vision_cfg.layers", "more than 1000 blocks in one stage")
        }
    }

    package var traits: [String: String] { ["tower": "ResNet", "heads": "\(headCount)"] }

    package var switchableActivation: Activation? { nil }
    package func with(activation: Activation) -> Self { self }
    package func with(hiddenProjection: Bool) -> Self? { nil }

    package var preprocessing: PreprocessConfiguration { PreprocessConfiguration(size: imageSize) }

    package var positionGrids: [PositionGrid] {
        [PositionGrid(parameter: "attention_pool.positional_embedding", leading: 1, side: gridSize)]
    }

    package var isOpenAIs: Bool { headCount == outputWidth / 64 }

    package static func inferred(from shapes: CheckpointShapes) -> Self? {
        guard let positions = shapes["visual.attnpool.positional_embedding", rank: 2] else { return nil }
        let layers = (1...4).map { shapes.count(numbered: "visual.layer\($0)") }
        guard let grid = CheckpointShapes.grid(positions[0]), !layers.contains(0) else { return nil }
        return Self(imageSize: grid * 32, layers: layers, width: positions[1] / 32)
    }

    package static var timmBeginnings: [String] { [] }
    package var isTimms: Bool { false }
    package var keepsTextApart: Bool { false }

    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? {
        guard !object.has("timm_model_name"), let layers = try object.sizes("layers") else { return nil }
        guard layers.count == 4 else { throw object.problem("layers", "four numbers are needed for a ResNet") }
        let width = try object.size("width", default: 64)
        let headWidth = try object.size("head_width", default: 64)
        _ = try object.natural("patch_size")
        let imageSize = try object.squareSize("image_size", default: 224)
        try object.refuseOthers()
        return Self(imageSize: imageSize, layers: layers, width: width, headCount: width * 32 / headWidth)
    }

    package func openCLIPObject() throws -> [String: Any] {
        ["image_size": imageSize, "layers": layers, "width": width, "head_width": outputWidth / headCount]
    }

    package func makeTower(embeddingSize: Int) throws -> any ImageTower {
        try ModifiedResNet(self, embeddingSize: embeddingSize)
    }
}

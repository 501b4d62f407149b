import TorchNN

/// A ConvNeXt (Liu et al., arXiv 2201.03545), as open_clip takes it from timm: a stem that cuts pictures into squares of
/// four, four stages of depthwise convolutions that halve the sides between them, the mean over places, and a projection.
package struct ConvNeXtConfiguration: Sendable, Equatable {
    /// Pixels of a side.
    package var imageSize: Int
    /// Blocks of the four stages.
    package var layers: [Int]
    /// Channels of the four stages.
    package var widths: [Int]
    /// What every normalization adds to the variance.
    package var epsilon: Double
    /// What comes after the pooled state.
    package var head: TimmProjection
    /// The ``StochasticDepth/probability`` of the last block in training; those before have less, down to 0.
    package var dropPath: Double

    package init(
        imageSize: Int, layers: [Int], widths: [Int], epsilon: Double = 1e-6, head: TimmProjection = .linear,
        dropPath: Double = 0
    ) {
        self.imageSize = imageSize
        self.layers = layers
        self.widths = widths
        self.epsilon = epsilon
        self.head = head
        self.dropPath = dropPath
    }

    /// Pixels of a square that becomes one place of the last stage.
    static let reduction = 32
    /// Rows and columns that a depthwise convolution sees.
    static let kernel = 7
    /// How much wider a block is inside.
    static let expansion = 4
    /// Where a block's scale of its own output starts.
    static let scaleStart = 1e-6
}

extension ConvNeXtConfiguration: TimmPooledConfiguration {
    package static let familyName = "ConvNeXt"

    package func validate(_ checks: ShapeChecks) throws {
        guard imageSize % Self.reduction == 0 else {
            throw checks.refuse(
                "vision_cfg.image_size", "\(imageSize) is not a multiple of \(Self.reduction), as a ConvNeXt needs")
        }
        guard layers.count == 4, widths.count == 4, layers.allSatisfy({ (1...1000).contains($0) }),
            widths.allSatisfy({ $0 > 0 })
        else { throw checks.refuse("vision_cfg.timm_model_name", "a ConvNeXt has four stages of 1 to 1000 blocks") }
        guard (0..<1).contains(dropPath) else {
            throw checks.refuse("vision_cfg.timm_drop_path", "\(dropPath) is no share from 0 to below 1")
        }
    }

    package var traits: [String: String] { ["tower": "ConvNeXt", "epsilon": "\(epsilon)"] }

    package var switchableActivation: Activation? { nil }
    package func with(activation: Activation) -> Self { self }
    package func with(hiddenProjection: Bool) -> Self? { nil }

    package var preprocessing: PreprocessConfiguration { PreprocessConfiguration(size: imageSize) }
    package var positionGrids: [PositionGrid] { [] }

    package var isOpenAIs: Bool { false }

    package var isTimms: Bool { true }
    package var keepsTextApart: Bool { false }

    package func makeTower(embeddingSize: Int) throws -> any ImageTower {
        try ConvNeXt(self, embeddingSize: embeddingSize)
    }
}

extension ConvNeXtConfiguration {
    package static let oneOfThem = "a ConvNeXt"
    /// What timm would leave out of the pooled state before a classifier that open_clip does not have.
    package static let idleKeys: [String: Double] = ["timm_drop": 0]
    package static let writtenPool = ""

    /// timm's names say nothing of the resolution: it comes with the model.
    package static let timmTowers: [(name: String, shape: ConvNeXtConfiguration)] = [
        ("convnext_tiny", [3, 3, 9, 3], [96, 192, 384, 768], 1e-6),
        ("convnext_small", [3, 3, 27, 3], [96, 192, 384, 768], 1e-6),
        ("convnext_base", [3, 3, 27, 3], [128, 256, 512, 1024], 1e-6),
        ("convnext_large", [3, 3, 27, 3], [192, 384, 768, 1536], 1e-6),
        ("convnext_xlarge", [3, 3, 27, 3], [256, 512, 1024, 2048], 1e-6),
        ("convnext_xxlarge", [3, 4, 30, 3], [384, 768, 1536, 3072], 1e-5),
    ].map { name, layers, widths, epsilon in
        (name, ConvNeXtConfiguration(imageSize: 224, layers: layers, widths: widths, epsilon: epsilon))
    }
}

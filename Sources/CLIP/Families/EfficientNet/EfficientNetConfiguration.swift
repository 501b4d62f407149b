import TorchNN

/// An EfficientNet-Lite: EfficientNet (Tan and Le, arXiv 1905.11946) without squeeze-and-excitation and with ReLU6 for
/// swish, its stem and head the same in all sizes (Liu, "Higher accuracy on vision models with EfficientNet-Lite", the
/// TensorFlow blog, March 2020). As open_clip takes it from timm: the mean over places, and a projection.
package struct EfficientNetConfiguration: Sendable, Equatable {
    /// Pixels of a side. Nothing in the weights depends on it.
    package var imageSize: Int
    /// What the base network's channels are multiplied by.
    package var widthFactor: Double
    /// What the number of blocks of a stage is multiplied by; the first and the last stage have one.
    package var depthFactor: Double
    /// What comes after the pooled state.
    package var head: TimmProjection
    /// The ``StochasticDepth/probability`` that blocks would come to in training after the last; the first has none.
    package var dropPath: Double

    package init(
        imageSize: Int, widthFactor: Double = 1, depthFactor: Double = 1, head: TimmProjection = .linear,
        dropPath: Double = 0
    ) {
        self.imageSize = imageSize
        self.widthFactor = widthFactor
        self.depthFactor = depthFactor
        self.head = head
        self.dropPath = dropPath
    }

    /// Channels of the stem, at any width.
    static let stemWidth = 32
    /// Channels of the last convolution and of the pooled state, at any width.
    static let lastWidth = 1280
    /// What every normalization adds to the variance.
    static let epsilon = 1e-3
    /// The least pixels of a side: one place of the last stage.
    static let reduction = 32

    /// A stage: blocks alike but for the first, which may halve the sides and has other channels come in.
    struct Stage: Sendable, Equatable {
        var blocks: Int
        let kernel: Int
        /// Of the first block.
        let stride: Int
        /// How much wider a block is inside than what comes in; 1 for one without a layer that widens.
        let expansion: Int
        let inputs: Int
        let width: Int
    }

    /// The base network's stages: blocks, kernel, stride, expansion, channels (arXiv 1905.11946, table 1).
    private static let base = [
        (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    ]

    /// The seven stages at this width and depth.
    var stages: [Stage] {
        var inputs = Self.stemWidth
        return Self.base.enumerated().map { index, stage in
            let (blocks, kernel, stride, expansion, channels) = stage
            defer { inputs = channelCount(channels) }
            let isEnd = index == 0 || index == Self.base.count - 1
            return Stage(
                blocks: isEnd ? blocks : Int((Double(blocks) * depthFactor).rounded(.up)), kernel: kernel,
                stride: stride, expansion: expansion, inputs: inputs, width: channelCount(channels))
        }
    }

    /// Channels at this width: the multiple of 8 that is nearest, and not below nine tenths.
    private func channelCount(_ base: Int) -> Int {
        let exact = Double(base) * widthFactor
        let rounded = max(8, Int(exact + 4) / 8 * 8)
        return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
    }
}

extension EfficientNetConfiguration: TimmPooledConfiguration {
    package static let familyName = "EfficientNet-Lite"

    package func validate(_ checks: ShapeChecks) throws {
        guard imageSize >= Self.reduction else {
            throw checks.refuse(
                "vision_cfg.image_size",
                "\(imageSize) is less than the \(Self.reduction) pixels that an EfficientNet makes one place of")
        }
        guard (0.05...16).contains(widthFactor), (0.05...100).contains(depthFactor) else {
            throw checks.refuse("vision_cfg.timm_model_name", "an EfficientNet of another size than timm has")
        }
        guard (0..<1).contains(dropPath) else {
            throw checks.refuse("vision_cfg.timm_drop_path", "\(dropPath) is no share from 0 to below 1")
        }
    }

    package var traits: [String: String] { ["tower": "EfficientNet-Lite", "epsilon": "\(Self.epsilon)"] }

    package var switchableActivation: Activation? { nil }
    package func with(activation: Activation) -> Self { self }
    package func with(hiddenProjection: Bool) -> Self? { nil }

    package var preprocessing: PreprocessConfiguration { PreprocessConfiguration(size: imageSize) }
    package var positionGrids: [PositionGrid] { [] }

    package var isOpenAIs: Bool { false }

    package var isTimms: Bool { true }
    package var keepsTextApart: Bool { false }

    package func makeTower(embeddingSize: Int) throws -> any ImageTower {
        try EfficientNet(self, embeddingSize: embeddingSize)
    }
}

extension EfficientNetConfiguration {
    package static let oneOfThem = "an EfficientNet"
    package static let idleKeys: [String: Double] = [:]
    package static let writtenPool = "avg"

    /// timm's names, with the width and depth of each. They say nothing of the resolution: it comes with the model.
    package static let timmTowers: [(name: String, shape: EfficientNetConfiguration)] = [
        (1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8),
    ].enumerated().map { size, factors in
        (
            "tf_efficientnet_lite\(size)",
            EfficientNetConfiguration(imageSize: 224, widthFactor: factors.0, depthFactor: factors.1)
        )
    }
}

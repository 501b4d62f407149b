import TorchNN

extension ModelConfiguration {
    /// The same shape with another non-linearity in every transformer that has CLIP's choice of one.
    public func with(activation: Activation) -> ModelConfiguration {
        var changed = self
        if case .transformer(var tower) = vision {
            tower.activation = activation
            changed.vision = .transformer(tower)
        }
        if case .transformer(var tower) = text {
            tower.activation = activation
            changed.text = .transformer(tower)
        }
        changed.captionDecoder?.activation = activation
        return changed
    }

    /// The same shape with both towers' projections in two layers instead of one matrix, or the other way round: an
    /// ablation (arXiv 2103.00020, section 2.3, found no difference).
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for towers that end in something else.
    public func with(hiddenProjections: Bool, source: String) throws -> ModelConfiguration {
        var changed = self
        guard case .transformer(var image) = vision, case .transformer(var words) = text, image.hasProjection,
            captionDecoder == nil, words.projection == .matrix || words.projection == .mlp
        else {
            throw CLIPError.configuration(
                source: source, key: "proj_type",
                problem: "only a vision transformer and a text transformer that end in a matrix can have two layers "
                    + "in its place")
        }
        image.hasHiddenProjection = hiddenProjections
        words.projection = hiddenProjections ? .mlp : .matrix
        changed.vision = .transformer(image)
        changed.text = .transformer(words)
        try changed.validate(source: source)
        return changed
    }

    /// Whether the sizes fit one another.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    func validate(source: String) throws {
        func refuse(_ key: String, _ problem: String) -> CLIPError {
            .configuration(source: source, key: key, problem: problem)
        }
        switch vision {
        case .transformer(let tower):
            try Self.checkPatches(tower.imageSize, tower.patchSize, refuse)
            if tower.width % tower.headWidth != 0 {
                throw refuse("vision_cfg.head_width", "it does not divide the width \(tower.width)")
            }
            try Self.checkRatio(tower.feedForwardRatio, "vision_cfg", refuse)
            if tower.hasHiddenProjection {
                guard tower.hasProjection, tower.pooling == .token || tower.pooling.isAverage else {
                    throw refuse("vision_cfg.proj_type", "mlp goes with pooling by the class token or the mean")
                }
            }
        case .resNet(let tower):
            if tower.imageSize % 32 != 0 {
                throw refuse("vision_cfg.image_size", "\(tower.imageSize) is not a multiple of 32, as a ResNet needs")
            }
            if tower.width % 2 != 0 || tower.headCount < 1 || tower.outputWidth % tower.headCount != 0 {
                throw refuse("vision_cfg.width", "\(tower.width) cannot be halved or shared out over its heads")
            }
            if tower.layers.contains(where: { $0 > 1000 }) {
                throw refuse("vision_cfg.layers", "more than 1000 blocks in one stage")
            }
        case .eva(let tower):
            try Self.checkPatches(tower.imageSize, tower.patchSize, refuse)
            if tower.width % tower.headCount != 0 || tower.width / tower.headCount % 4 != 0 {
                throw refuse("vision_cfg.width", "\(tower.width) cannot be shared out over \(tower.headCount) heads")
            }
        }
        switch text {
        case .transformer(let tower):
            try Self.checkHeads(tower.width, tower.headCount, "text_cfg.heads", refuse)
            try Self.checkRatio(tower.feedForwardRatio, "text_cfg", refuse)
        case .bert(let tower):
            try Self.checkHeads(tower.width, tower.headCount, "text_cfg.heads", refuse)
            if tower.contextLength > tower.positionCount {
                throw refuse("text_cfg.context_length", "more than the \(tower.positionCount) positions there are")
            }
        }
        if let decoder = captionDecoder {
            try Self.checkHeads(decoder.width, decoder.headCount, "multimodal_cfg.heads", refuse)
            try Self.checkRatio(decoder.feedForwardRatio, "multimodal_cfg", refuse)
        }
        if parameterCount > Self.mostParameters {
            throw refuse("embed_dim", "these sizes make more than \(Self.mostParameters) parameters")
        }
    }

    private static func checkPatches(
        _ imageSize: Int, _ patchSize: Int, _ refuse: (String, String) -> CLIPError
    ) throws {
        // What is left of a side after the last whole patch is not read, as with SigLIP's 384 pixels and patches of 14.
        guard imageSize >= patchSize else {
            throw refuse(
                "vision_cfg.patch_size", "pictures of \(imageSize) cannot be cut into patches of \(patchSize)")
        }
    }

    private static func checkHeads(
        _ width: Int, _ heads: Int, _ key: String, _ refuse: (String, String) -> CLIPError
    ) throws {
        guard width % heads == 0 else { throw refuse(key, "\(heads) does not divide the width \(width)") }
    }

    private static func checkRatio(_ ratio: Double, _ key: String, _ refuse: (String, String) -> CLIPError) throws {
        guard ratio > 0, ratio <= 64 else { throw refuse("\(key).mlp_ratio", "\(ratio) is not between 0 and 64") }
    }
}

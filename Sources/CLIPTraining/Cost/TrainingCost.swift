import CLIP

/// What a run will cost, worked out from shapes and settings alone.
public struct TrainingCost: Sendable, Equatable, Codable {
    /// One tower's part.
    public struct Tower: Sendable, Equatable, Codable {
        /// All of the tower's, locked ones too.
        public let parameters: Int
        /// Those that are trained; about so many where a tower is locked in part.
        public let trainedParameters: Int
        /// Floating-point operations of one pair, forwards: two for each multiply-add.
        public let forward: Double
        /// And of a step besides: gradients, and what is computed again.
        public let backward: Double
    }

    /// Bytes, by what they are for.
    public struct Memory: Sendable, Equatable, Codable {
        /// Both towers' parameters, 4 bytes each whatever the precision; locked ones too.
        public let weights: Double
        /// 4 bytes for each trained parameter.
        public let gradients: Double
        /// AdamW's two, 8 bytes for each trained parameter; of one process that keeps them all.
        public let moments: Double
        /// The moving average, 4 bytes for each trained parameter; 0 where none is kept.
        public let average: Double
        /// What backward needs of one micro-batch: an estimate, see ``TrainingCost``.
        public let activations: Double
        /// Embeddings of the whole batch, and their gradients.
        public let embeddings: Double
        /// Tiles of the similarity matrix.
        public let lossTiles: Double

        /// The sum of all parts; what libtorch itself and the data take comes on top.
        public var total: Double {
            weights + gradients + moments + average + activations + embeddings + lossTiles
        }
    }

    /// The part of the tower for pictures.
    public let image: Tower
    /// The part of the tower for captions.
    public let text: Tower
    /// Where the bytes of one step go.
    public let memory: Memory
    /// Pairs per step, over all processes together.
    public let batchSize: Int
    /// Steps that ``operations`` counts.
    public let totalSteps: Int
    /// Of one pair in a step, with gradients.
    public var operationsPerPair: Double { image.forward + image.backward + text.forward + text.backward }
    /// Floating-point operations of a step, over all processes together; the loss and the optimizer are left out.
    public var operationsPerStep: Double { operationsPerPair * Double(batchSize) }
    /// Floating-point operations of the whole run, without its evaluations.
    public var operations: Double { operationsPerStep * Double(totalSteps) }

    /// Rows of a tile of similarities at a time.
    static let tileRows = 1024.0

    /// - Parameters:
    ///   - model: the shape.
    ///   - configuration: how it learns.
    ///   - meanCaptionLength: tokens of a caption; nil for the whole context.
    ///
    /// The backward pass through a layer is two products for each of the forward's: one for the weights' gradient, one
    /// for the inputs'; the first layer has no inputs' gradient, locked layers before the first trained one have neither.
    /// Where a batch is more than one micro-batch, its pairs go forwards once more before (arXiv 2101.06983); a tower
    /// locked as a whole does so only once. Recomputed blocks, all but a tower's last, go forwards again.
    public init(_ model: ModelConfiguration, _ configuration: TrainingConfiguration, meanCaptionLength: Double? = nil) {
        var options = TowerWork.Options()
        options.captionLength = meanCaptionLength
        options.patchDropout = configuration.techniques.patchDropout
        let techniques = configuration.techniques
        let imageWork = TowerWork.image(of: model, options)
        let textWork = TowerWork.text(of: model, options)
        let isSplit = configuration.batchSize > configuration.microBatchSize
        image = Self.tower(
            imageWork, parameters: model.visionParameterCount, techniques.imageTower, isSplit: isSplit,
            recomputes: techniques.checkpointsGradients)
        text = Self.tower(
            textWork, parameters: model.textParameterCount, techniques.textTower, isSplit: isSplit,
            recomputes: techniques.checkpointsGradients)
        batchSize = configuration.batchSize
        totalSteps = configuration.totalSteps
        let trained = Double(image.trainedParameters + text.trainedParameters)
        let (batch, embedding) = (Double(configuration.batchSize), Double(model.embeddingSize))
        let chunk = Double(min(configuration.microBatchSize, configuration.batchSize))
        let kept =
            (model.vision?.memory(options).values(
                locked: Self.lockedBlocks(techniques.imageTower, imageWork),
                recomputes: techniques.checkpointsGradients) ?? 0)
            + (model.text?.memory(options).values(
                locked: Self.lockedBlocks(techniques.textTower, textWork),
                recomputes: techniques.checkpointsGradients) ?? 0)
        memory = Memory(
            weights: 4 * Double(model.visionParameterCount + model.textParameterCount), gradients: 4 * trained,
            moments: 8 * trained, average: techniques.averageDecay == nil ? 0 : 4 * trained,
            activations: chunk * kept * (configuration.precision == .bf16 ? 3 : 4),
            embeddings: 4 * batch * embedding * 4, lossTiles: 4 * min(batch, Self.tileRows) * batch * 3)
    }

    /// Blocks at the beginning that are not recorded; nil where the whole tower is not.
    static func lockedBlocks(_ settings: TowerTechniques, _ work: TowerWork) -> Int? {
        guard settings.isLocked else { return 0 }
        if settings.unlockedGroups == 0 { return nil }
        // The head is a group of its own where there is one.
        let trained = settings.unlockedGroups - (work.head > 0 ? 1 : 0)
        return max(0, work.blocks.count - trained)
    }

    private static func tower(
        _ work: TowerWork, parameters: Int, _ settings: TowerTechniques, isSplit: Bool, recomputes: Bool
    ) -> Tower {
        let forward = 2 * work.total
        guard let locked = lockedBlocks(settings, work) else {
            return Tower(parameters: parameters, trainedParameters: 0, forward: forward, backward: 0)
        }
        let trained = work.blocks.dropFirst(locked).reduce(0, +)
        let isWhole = !settings.isLocked || settings.unlockedGroups > work.blocks.count + (work.head > 0 ? 1 : 0)
        var backward = 2 * (2 * (trained + work.head) + (isWhole ? work.embedding : 0))
        if recomputes { backward += 2 * work.blocks.dropFirst(locked).dropLast().reduce(0, +) }
        if isSplit { backward += forward }
        // Blocks are alike: a share of the blocks is about that share of the parameters.
        let share = isWhole ? 1 : Double(work.blocks.count - locked) / Double(max(1, work.blocks.count))
        return Tower(
            parameters: parameters, trainedParameters: Int((Double(parameters) * share).rounded()),
            forward: forward, backward: backward)
    }
}

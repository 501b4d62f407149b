import Torch

/// What both losses begin and end with: this process's pictures against the texts of all processes, and what makes a
/// text right for a picture.
struct PairBlock {
    let pictures: UnitRows
    let texts: UnitRows
    /// The texts of all processes, of length 1: `[N, E]`.
    let allTexts: Tensor
    /// This process's pairs among all.
    let own: Range<Int>
    /// Pairs of all processes.
    let total: Int
    let tiles: Tiles
    /// Where captions are repeated and that matters.
    let groups: CaptionGroups?
    let duplicates: LossConfiguration.Duplicates
    let communicator: any Communicator

    init(
        _ batch: EmbeddedBatch, duplicates: LossConfiguration.Duplicates, tiling: Tiling,
        communicator: any Communicator
    ) throws {
        let device = batch.pictures.device
        self.communicator = communicator
        self.duplicates = duplicates
        pictures = try UnitRows(batch.pictures)
        texts = try UnitRows(batch.texts)
        allTexts = try communicator.gatherRows(texts.rows)
        let count = batch.pictures.shape[0]
        own = (communicator.rank * count)..<((communicator.rank + 1) * count)
        total = allTexts.shape[0]
        tiles = tiling.tiles(rows: count, columns: total, on: device)
        guard duplicates != .negatives else {
            groups = nil
            return
        }
        guard batch.captionKeys.count == count else {
            throw TrainingError.invalidOption(
                name: "duplicate captions", problem: "\(batch.captionKeys.count) caption keys for \(count) pairs")
        }
        groups = try CaptionGroups.find(batch.captionKeys, over: communicator, on: device)
    }

    /// Masks of equal captions, where they are excluded.
    func masks() throws -> CaptionMasks? {
        duplicates == .excluded ? try groups?.masks(for: tiles, own: own) : nil
    }

    private var positiveGroups: CaptionGroups? { duplicates == .positives ? groups : nil }

    /// How much each right text of a picture counts, `[b]` for the own rows: 1 alone, and else 1 or its share.
    private func weights(_ groups: CaptionGroups, shared: Bool) throws -> Tensor {
        let sizes = try groups.sizes.slice(own).unsqueezed(1)
        return shared ? try sizes.onesLike() / sizes : try sizes.onesLike()
    }

    /// For each own picture, the (weighted) sum of the texts that are right for it: `[b, E]`.
    /// - Parameter shared: whether a picture's right texts share a weight of 1; otherwise each has it.
    func rightTexts(shared: Bool) throws -> Tensor {
        guard let groups = positiveGroups else { return texts.rows }
        let sums = try Tensor.zeros([groups.groupCount, allTexts.shape[1]], device: allTexts.device)
        try sums.addRowsInPlace(allTexts, at: groups.groups)
        return try sums.rows(groups.groups.slice(own)) * weights(groups, shared: shared)
    }

    /// The right pairs of the own pictures, counted.
    func rightCount() throws -> Double {
        guard let groups = positiveGroups else { return Double(own.count) }
        return try groups.sizes.slice(own).converted(to: .float64).sum().item()
    }

    /// Adds `amount` times the (weighted) sum of the own pictures that each text of all processes is right for.
    /// - Parameter gradient: `[N, E]`.
    func addRightPictures(to gradient: Tensor, times amount: Double, shared: Bool) throws {
        guard let groups = positiveGroups else {
            try gradient.slice(own).addInPlace(pictures.rows, times: amount)
            return
        }
        let sums = try Tensor.zeros([groups.groupCount, allTexts.shape[1]], device: allTexts.device)
        try sums.addRowsInPlace(pictures.rows * weights(groups, shared: shared), at: groups.groups.slice(own))
        try gradient.addInPlace(sums.rows(groups.groups), times: amount)
    }

    /// Gradients with respect to unit rows become those of the embeddings as they were given.
    /// - Parameters:
    ///   - pictureGradient: `[b, E]`, whole.
    ///   - textGradient: `[N, E]`, this process's part.
    func finish(
        value: LossValue, pictureGradient: Tensor, textGradient: Tensor, logitBias: Double? = nil
    ) throws -> EmbeddingGradients {
        let (pictureResult, along) = try pictures.gradient(from: pictureGradient)
        let ownTexts = try communicator.reduceScatterRows(textGradient)
        return EmbeddingGradients(
            value: value, pictures: pictureResult, texts: try texts.gradient(from: ownTexts).embeddings,
            // A logit is e^logitScale times a cosine: Σ G·logit is the sum of u·∂loss/∂u over either side's rows.
            logitScale: try along.converted(to: .float64).sum().item(), logitBias: logitBias)
    }

    /// Sums numbers over processes.
    func summed(_ numbers: [Double]) throws -> [Double] {
        let tensor = try Tensor(numbers).moved(to: allTexts.device)
        try communicator.sumInPlace(tensor)
        return try tensor.elements(Double.self)
    }
}

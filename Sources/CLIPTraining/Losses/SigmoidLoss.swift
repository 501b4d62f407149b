import Foundation
import Torch

/// The pairwise loss of SigLIP (arXiv 2303.15343): −Σ log σ(z·(e^logitScale·cosine + bias))/N over all pairs of a
/// picture and a text, with z = 1 for those that belong together and −1 for all others.
///
/// One pass over the tiles, because nothing has to be normalized: log σ(x) = x − softplus(x) and log σ(−x) = −softplus(x),
/// so that every place of a tile is a negative, and what is right for a picture is added at the end.
struct SigmoidLoss: EmbeddingLoss {
    static let name = "sigmoid"
    static let title = "SigLIP"
    static let terms: [LossTerm] = []

    static func needs(_ configuration: LossConfiguration) throws -> LossNeeds {
        try configuration.refuseTeacher()
        var needs = LossNeeds(configuration)
        needs.logitBias = true
        return needs
    }

    /// ln N + (N - 1) ln(N / (N - 1)): the loss (arXiv 2303.15343, section 3.2) of a model that gives every pair the
    /// chance 1/N, the best that can be had without telling pairs apart. Each pair is judged by itself: N is no number
    /// of choices.
    static func chance(batchSize: Int) -> LossChance {
        let count = Double(batchSize)
        return LossChance(count > 1 ? log(count) + (count - 1) * log(count / (count - 1)) : 0)
    }

    let duplicates: LossConfiguration.Duplicates
    let tiling: Tiling

    init(duplicates: LossConfiguration.Duplicates = .negatives, tiling: Tiling = Tiling()) {
        self.duplicates = duplicates
        self.tiling = tiling
    }

    init(_ configuration: LossConfiguration, tiling: Tiling) {
        self.init(duplicates: configuration.duplicates, tiling: tiling)
    }

    func gradients(of batch: EmbeddedBatch, over communicator: any Communicator) throws -> EmbeddingGradients {
        guard let bias = batch.logitBias else {
            throw TrainingError.invalidOption(name: "loss", problem: "the sigmoid loss needs a logit bias")
        }
        return try Engine.withoutGradients {
            let block = try PairBlock(batch, duplicates: duplicates, tiling: tiling, communicator: communicator)
            return try gradients(block, scale: exp(batch.logitScale), bias: bias)
        }
    }

    private func gradients(_ block: PairBlock, scale: Double, bias: Double) throws -> EmbeddingGradients {
        let masks = try block.masks()
        let count = Double(block.total)
        let device = block.allTexts.device
        let scaled = try block.pictures.rows * scale
        let biases = try Tensor.full([block.total], bias, device: device)
        // Over the own rows: Σ softplus, and Σ σ, which is the bias's gradient.
        let sums = try Tensor.zeros([2], dtype: .float64, device: device)
        let (softplusSum, sigmoidSum) = (try sums.select(0), try sums.select(1))
        let (rowSums, columnSums) = try block.tiles.products(rowVectors: scaled, columnVectors: block.allTexts) {
            row, column in
            let columns = block.tiles.columns[column]
            let tile = try scaled.slice(block.tiles.rows[row])
                .productWithTransposed(block.allTexts.slice(columns), bias: biases.slice(columns))
            // The softplus of −∞ is 0, and so is its sigmoid.
            try masks?.fill(tile, row, column, with: -.infinity)
            try softplusSum.addInPlace(tile.softplus().sum())
            try tile.sigmoidInPlace()
            try sigmoidSum.addInPlace(tile.sum())
            return tile
        }
        try rowSums.multiplyInPlace(scale / count)
        try columnSums.multiplyInPlace(1 / count)
        if let masks {
            let own = try (scaled * block.texts.rows).sum(along: 1) + bias  // [b]
            try softplusSum.addInPlace((own.softplus() * masks.ownRows).sum())
            let sigmoid = try own.sigmoid() * masks.ownRows
            try sigmoidSum.addInPlace(sigmoid.sum())
            let column = try (sigmoid * (scale / count)).unsqueezed(1)
            try rowSums.addInPlace(block.texts.rows * column)
            try columnSums.slice(block.own).addInPlace(block.pictures.rows * column)
        }
        let right = try block.rightTexts(shared: false)
        try rowSums.addInPlace(right, times: -scale / count)
        try block.addRightPictures(to: columnSums, times: -scale / count, shared: false)
        let rightCount = try block.rightCount()
        let rightCosines = try (block.pictures.rows * right).sum(along: 1).converted(to: .float64).sum().item()
        let softplus = try softplusSum.item()
        let total = try block.summed([softplus - scale * rightCosines - bias * rightCount])[0] / count
        return try block.finish(
            value: LossValue(total: total), pictureGradient: rowSums, textGradient: columnSums,
            logitBias: (sigmoidSum.item() - rightCount) / count)
    }
}

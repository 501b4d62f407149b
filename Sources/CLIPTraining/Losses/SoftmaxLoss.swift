import Foundation
import Torch

/// The symmetric cross-entropy over a batch's similarities (arXiv 2103.00020, figure 3): each picture is to find its own
/// caption among the batch's, and each caption its own picture. With a teacher, its distribution over the batch is a
/// second target, both ways (as open_clip's `DistillClipLoss`: −Σ p_teacher · log p).
///
/// Two passes over the tiles: the first sums powers of logits along rows and columns, the second turns each tile into
/// its part of the gradient. No tile holds targets: what is right for a picture is a sum of texts, added at the end.
struct SoftmaxLoss: EmbeddingLoss {
    static let name = "softmax"
    static let title = "CLIP"
    static let terms: [LossTerm] = [.imageToText, .textToImage, .distillation]

    static func needs(_ configuration: LossConfiguration) -> LossNeeds { LossNeeds(configuration) }

    /// ln N: the cross-entropy of a uniform choice among a batch's N captions.
    static func chance(batchSize: Int) -> LossChance {
        LossChance(log(Double(batchSize)), formula: "ln \(batchSize)")
    }

    let duplicates: LossConfiguration.Duplicates
    /// The teacher's weight beside the contrastive loss; nil for none.
    let distillationWeight: Double?
    let tiling: Tiling

    init(
        duplicates: LossConfiguration.Duplicates = .negatives, distillationWeight: Double? = nil,
        tiling: Tiling = Tiling()
    ) {
        self.duplicates = duplicates
        self.distillationWeight = distillationWeight
        self.tiling = tiling
    }

    init(_ configuration: LossConfiguration, tiling: Tiling) {
        self.init(
            duplicates: configuration.duplicates, distillationWeight: configuration.distillationWeight, tiling: tiling)
    }

    func gradients(of batch: EmbeddedBatch, over communicator: any Communicator) throws -> EmbeddingGradients {
        try Engine.withoutGradients {
            let block = try PairBlock(batch, duplicates: duplicates, tiling: tiling, communicator: communicator)
            let masks = try block.masks()
            let student = try Side(
                unitPictures: block.pictures.rows, allUnitTexts: block.allTexts, logitScale: batch.logitScale, block,
                masks)
            let (teacher, weight) = try teacher(batch, block, masks)
            let pass = Pass(block: block, masks: masks, student: student, teacher: teacher, weight: weight)
            return try pass.gradients()
        }
    }

    private func teacher(
        _ batch: EmbeddedBatch, _ block: PairBlock, _ masks: CaptionMasks?
    ) throws -> (Side?, weight: Double) {
        guard let distillationWeight else { return (nil, 0) }
        guard let teacher = batch.teacher else {
            throw TrainingError.invalidOption(name: "distillation", problem: "there is no teacher to learn from")
        }
        let side = try Side(
            unitPictures: UnitRows(teacher.pictures).rows,
            allUnitTexts: block.communicator.gatherRows(UnitRows(teacher.texts).rows), logitScale: teacher.logitScale,
            block, masks)
        return (side, distillationWeight)
    }
}

/// A model's similarities and what normalizes them.
private struct Side {
    let similarities: Similarities
    let normalizers: Normalizers

    init(
        unitPictures: Tensor, allUnitTexts: Tensor, logitScale: Double, _ block: PairBlock, _ masks: CaptionMasks?
    ) throws {
        similarities = try Similarities(
            unitPictures: unitPictures, allUnitTexts: allUnitTexts, logitScale: logitScale, tiles: block.tiles)
        normalizers = try similarities.normalizers(masks: masks, own: block.own, over: block.communicator)
    }

    /// Turns a tile of logits into both its softmaxes' sum.
    func addSoftmaxes(in tile: Tensor, _ row: Int, _ column: Int, _ block: PairBlock, _ masks: CaptionMasks?) throws {
        try normalizers.addSoftmaxes(in: tile, rows: block.tiles.rows[row], columns: block.tiles.columns[column])
        try masks?.fill(tile, row, column, with: 0)
    }

    /// Both softmaxes' sum at own pairs that masks cover, else 0: `[b]`.
    func maskedOwn(_ block: PairBlock, _ masks: CaptionMasks) throws -> Tensor {
        try normalizers.softmaxes(ofOwn: similarities.ownLogits(block.own), block.own) * masks.ownRows
    }
}

/// The second pass: the gradient of every tile, once the normalizers are known.
private struct Pass {
    let block: PairBlock
    let masks: CaptionMasks?
    let student: Side
    let teacher: Side?
    let weight: Double

    /// For S and Q, the softmaxes over rows and columns added, of the student and the teacher, and T, what is right:
    /// loss = mean of both directions' −Σ T·log S, plus the weight times that of −Σ Q·log S, whose gradient with
    /// respect to the logits is ((1 + weight)·S − weight·Q − 2T)/2N.
    func gradients() throws -> EmbeddingGradients {
        let count = Double(block.total)
        // Σ Q·logit in units of ln 2, over the own rows.
        let teacherSum = try Tensor.zeros([], dtype: .float64, device: block.allTexts.device)
        let (rowSums, columnSums) = try block.tiles.products(
            rowVectors: student.similarities.rows, columnVectors: student.similarities.columns
        ) { row, column in
            let tile = try student.similarities.logits(row, column)
            guard let teacher else {
                try student.addSoftmaxes(in: tile, row, column, block, masks)
                return tile
            }
            let other = try teacher.similarities.logits(row, column)
            try teacher.addSoftmaxes(in: other, row, column, block, masks)
            try teacherSum.addInPlace(other.dot(tile))
            try student.addSoftmaxes(in: tile, row, column, block, masks)
            try tile.multiplyInPlace(1 + weight)
            try tile.addInPlace(other, times: -weight)
            return tile
        }
        let scale = student.similarities.scale
        // rowSums are Σ G·text; columnSums have the scale over ln 2 in them already.
        try rowSums.multiplyInPlace(scale / (2 * count))
        try columnSums.multiplyInPlace(M_LN2 / (2 * count))
        if let masks { try addMaskedPairs(masks, to: rowSums, columnSums, teacherSum) }
        let right = try block.rightTexts(shared: true)
        let rightLogits = try (block.pictures.rows * right).sum(along: 1).converted(to: .float64).sum().item() * scale
        try rowSums.addInPlace(right, times: -scale / count)
        try block.addRightPictures(to: columnSums, times: -scale / count, shared: true)
        return try block.finish(
            value: value(rightLogits: rightLogits, teacherSum: teacherSum.item()), pictureGradient: rowSums,
            textGradient: columnSums)
    }

    /// Masks left repeated captions' own pairs out; here they come back.
    private func addMaskedPairs(
        _ masks: CaptionMasks, to rowSums: Tensor, _ columnSums: Tensor, _ teacherSum: Tensor
    ) throws {
        let factor = student.similarities.scale / (2 * Double(block.total))
        var weights = try student.maskedOwn(block, masks)
        if let teacher {
            let other = try teacher.maskedOwn(block, masks)
            try teacherSum.addInPlace((other * student.similarities.ownLogits(block.own)).sum())
            weights = try weights * (1 + weight) - other * weight
        }
        let column = try (weights * factor).unsqueezed(1)
        try rowSums.addInPlace(block.texts.rows * column)
        try columnSums.slice(block.own).addInPlace(block.pictures.rows * column)
    }

    private func value(rightLogits: Double, teacherSum: Double) throws -> LossValue {
        func total(_ logarithms: Tensor) throws -> Double {
            try logarithms.converted(to: .float64).sum().item() * M_LN2
        }
        let rows = try total(student.normalizers.rows)
        let columns = try total(student.normalizers.columns.slice(block.own))
        let sums = try block.summed([rows - rightLogits, columns - rightLogits, rows + columns - teacherSum * M_LN2])
        let count = Double(block.total)
        let (pictureToText, textToPicture) = (sums[0] / count, sums[1] / count)
        let contrastive = (pictureToText + textToPicture) / 2
        var value = LossValue(
            total: contrastive, terms: [.imageToText: pictureToText, .textToImage: textToPicture])
        if teacher != nil {
            let distillation = sums[2] / (2 * count)
            value.total += weight * distillation
            value.terms[.distillation] = distillation
        }
        return value
    }
}

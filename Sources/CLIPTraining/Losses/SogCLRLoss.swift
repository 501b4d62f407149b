import Foundation
import Torch
import TorchNN

/// CLIP's loss with a memory (Yuan et al., "Provable Stochastic Optimization for Global Contrastive Learning: Small
/// Batch Does Not Harm Performance", arXiv 2202.12387, in its two-way form): each picture is to find its caption among
/// those of all samples, not of the batch alone, and each caption its picture.
///
/// With l the logits and d_ij = l_ij − l_ii, a picture's share of that loss is ln g_i for g_i, the mean of e^d_ij over all
/// captions j; its gradient is ∇g_i/g_i. A batch gives an unbiased mean, but not an unbiased 1/mean: so each sample keeps
/// a moving average u_i of its means, one for each direction, which takes in a share γ of the newest,
///
///     u_i ← (1 − γ)·u_i + γ·g_i,    and the gradient is Σ_i ∇g_i/u_i.
///
/// The first mean is taken as it is, and with γ = 1 every one is: what is left then is ∇g_i/g_i = ∇ ln g_i over the batch,
/// the softmax loss's gradient, since ln Σ_j e^d_ij is a row's cross-entropy. For that to hold, the mean has the own pair
/// in it (e^0 = 1), which the paper leaves out; it also keeps u_i from zero. γ is 0.8 unless it is set, as in the
/// authors' experiments with pictures and captions.
///
/// The temperature is learned, unless it is fixed: its gradient is Σ_i ∂g_i/u_i like all others (as in FastCLIP's first
/// version, arXiv 2407.01445), and the softmax loss's for γ = 1; the paper fixes it. Averages made at another temperature
/// lose their weight as all old ones do.
///
/// Averages are kept as logarithms, since e^d reaches e^200 and e^-200 at the temperature 0.01. A place of the gradient's
/// matrix is at most 1/γ, because u_i is at least γ·g_i.
package struct SogCLRLoss: EmbeddingLoss {
    package static let name = "sogclr"
    package static let title = "SogCLR, which remembers samples"
    /// How much of a moving average the newest mean makes up: 0.8 in the authors' code for pictures with texts
    /// (iSogCLR's bimodal experiments), 0.9 in theirs for pictures alone.
    package static let gamma = LossParameter("gamma", standard: 0.8, above: 0, upTo: 1)
    package static let parameters = [gamma]
    /// The loss over all samples as the moving averages put it: the batch's samples' mean of ln u, plus ln N to lie beside
    /// the batch's own.
    package static let movingAverage = LossTerm("moving_average", title: "by the moving averages")
    package static let terms: [LossTerm] = [.imageToText, .textToImage, movingAverage]

    package static func needs(_ configuration: LossConfiguration) throws -> LossNeeds {
        try configuration.refuseTeacher()
        guard configuration.duplicates != .positives else {
            throw TrainingError.invalidOption(
                name: "duplicate captions", problem: "under the sogclr loss a picture has one caption that is right")
        }
        var needs = LossNeeds(configuration)
        needs.sampleNumbers = true
        return needs
    }

    /// Reported is the cross-entropy within the batch, which runs of the softmax loss are comparable by.
    package static func chance(batchSize: Int) -> LossChance { SoftmaxLoss.chance(batchSize: batchSize) }

    package let duplicates: LossConfiguration.Duplicates
    package let tiling: Tiling
    private let averages: MovingAverages

    package var state: (any LossState)? { averages }

    /// - Parameter gamma: above 0, up to 1.
    package init(
        gamma: Double = Self.gamma.standard, duplicates: LossConfiguration.Duplicates = .negatives,
        tiling: Tiling = Tiling()
    ) {
        self.duplicates = duplicates
        self.tiling = tiling
        averages = MovingAverages(gamma: gamma)
    }

    package init(_ configuration: LossConfiguration, tiling: Tiling) {
        self.init(
            gamma: configuration.value(of: Self.gamma), duplicates: configuration.duplicates, tiling: tiling)
    }

    package func gradients(of batch: EmbeddedBatch, over communicator: any Communicator) throws -> EmbeddingGradients {
        guard batch.sampleNumbers.count == batch.pictures.shape[0] else {
            throw TrainingError.invalidOption(
                name: "sample numbers",
                problem: "\(batch.sampleNumbers.count) of them for \(batch.pictures.shape[0]) pairs")
        }
        return try Engine.withoutGradients {
            let block = try PairBlock(batch, duplicates: duplicates, tiling: tiling, communicator: communicator)
            let masks = try block.masks()
            let similarities = try Similarities(
                unitPictures: block.pictures.rows, allUnitTexts: block.allTexts, logitScale: batch.logitScale,
                tiles: block.tiles)
            let pairs = try OwnPairs(similarities, masks, block)
            let numbers = try communicator.gatherRows(Tensor(batch.sampleNumbers).moved(to: block.allTexts.device))
            let means = try pairs.all.elements(Float.self)
            let moved = averages.update(try numbers.elements(Int64.self), means)
            return try gradients(block, masks, similarities, pairs, means: means, moved: moved)
        }
    }

    /// With w_ij = e^d_ij/(N·u_i) for rows, the same for columns, and the sum of each line's w taken off its own pair, the
    /// gradient with respect to the logits is (w_row + w_column)/2N.
    private func gradients(
        _ block: PairBlock, _ masks: CaptionMasks?, _ similarities: Similarities, _ pairs: OwnPairs, means: [Float],
        moved: [Float]
    ) throws -> EmbeddingGradients {
        let device = block.allTexts.device
        let all = try Tensor(moved, shape: [block.total, 2]).moved(to: device)
        let own = try all.slice(block.own)
        // 2^(x − normalizer) is w.
        let weights = try Normalizers(
            rows: pairs.logits + own.select(0, dimension: 1), columns: pairs.allLogits + all.select(1, dimension: 1))
        let (rowSums, columnSums) = try block.tiles.products(
            rowVectors: similarities.rows, columnVectors: similarities.columns
        ) { row, column in
            let tile = try similarities.logits(row, column)
            try weights.addSoftmaxes(in: tile, rows: block.tiles.rows[row], columns: block.tiles.columns[column])
            try masks?.fill(tile, row, column, with: 0)
            return tile
        }
        let count = Double(block.total)
        try rowSums.multiplyInPlace(similarities.scale / (2 * count))
        // These have the scale over ln 2 in them already.
        try columnSums.multiplyInPlace(M_LN2 / (2 * count))
        // g/u of both lines that an own pair stands in.
        var factors = try -(pairs.means - own).exp2().sum(along: 1)  // [b]
        if let masks {
            factors = try factors + weights.softmaxes(ofOwn: pairs.logits, block.own) * masks.ownRows
        }
        let column = try (factors * (similarities.scale / (2 * count))).unsqueezed(1)
        try rowSums.addInPlace(block.texts.rows * column)
        try columnSums.slice(block.own).addInPlace(block.pictures.rows * column)
        return try block.finish(
            value: Self.value(means: means, moved: moved), pictureGradient: rowSums, textGradient: columnSums)
    }

    /// - Parameters:
    ///   - means: log₂ N·g of every pair of the global batch, both ways in turn.
    ///   - moved: log₂ N·u, likewise.
    private static func value(means: [Float], moved: [Float]) -> LossValue {
        func mean(_ logarithms: some Collection<Float>) -> Double {
            logarithms.reduce(0) { $0 + Double($1) } * M_LN2 / Double(max(1, logarithms.count))
        }
        func direction(_ first: Int) -> Double {
            mean(stride(from: first, to: means.count, by: 2).map { means[$0] })
        }
        let (imageToText, textToImage) = (direction(0), direction(1))
        return LossValue(
            total: (imageToText + textToImage) / 2,
            terms: [.imageToText: imageToText, .textToImage: textToImage, movingAverage: mean(moved)])
    }
}

/// What pairs that belong together have for logits, and their lines for means; in units of ln 2.
private struct OwnPairs {
    /// This process's, `[b]`.
    let logits: Tensor
    /// Of all processes, `[N]`.
    let allLogits: Tensor
    /// log₂ Σ_j 2^(x_ij − x_ii) of this process's rows and columns, `[b, 2]`.
    let means: Tensor
    /// Of all processes, `[N, 2]`.
    let all: Tensor

    init(_ similarities: Similarities, _ masks: CaptionMasks?, _ block: PairBlock) throws {
        let sums = try similarities.normalizers(masks: masks, own: block.own, over: block.communicator)
        logits = try similarities.ownLogits(block.own)
        means = try Tensor.stacked([sums.rows - logits, sums.columns.slice(block.own) - logits], dimension: 1)
        let gathered = try block.communicator.gatherRows(
            Tensor.concatenated([means, logits.unsqueezed(1)], dimension: 1))
        all = try gathered.slice(0..<2, dimension: 1).contiguous()
        allLogits = try gathered.select(2, dimension: 1).contiguous()
    }
}

/// ln u of every sample seen so far, by its number, both ways: 16 bytes of a sample in a checkpoint, and twice to thrice
/// as many in memory. Every process keeps all of them, made of the same gathered numbers in the same order.
private final class MovingAverages: LossState, @unchecked Sendable {
    let name = "sogclr"
    private let gamma: Double
    private let lock = NSLock()
    private var logarithms: [Int64: SIMD2<Float>] = [:]

    init(gamma: Double) { self.gamma = gamma }

    /// Takes in a step's means. A sample that stands in the batch twice is taken in twice, in the batch's order.
    /// - Parameters:
    ///   - numbers: samples of the global batch.
    ///   - means: log₂ N·g of each, both ways in turn.
    /// - Returns: log₂ N·u, likewise.
    func update(_ numbers: [Int64], _ means: [Float]) -> [Float] {
        lock.lock()
        defer { lock.unlock() }
        let countLogarithm = log(Double(numbers.count))
        var moved = means
        for (place, number) in numbers.enumerated() {
            var estimate = SIMD2<Float>()
            for way in 0..<2 {
                let newest = Double(means[2 * place + way]) * M_LN2 - countLogarithm
                let value = logarithms[number].map { mixed(Double($0[way]), newest) } ?? newest
                estimate[way] = Float(value)
                moved[2 * place + way] = Float((value + countLogarithm) / M_LN2)
            }
            // A step that is no number ends the run; what it had learned before stays.
            if estimate.x.isFinite, estimate.y.isFinite { logarithms[number] = estimate }
        }
        return moved
    }

    /// ln((1 − γ)·e^old + γ·e^newest).
    private func mixed(_ old: Double, _ newest: Double) -> Double {
        guard gamma < 1 else { return newest }
        let (left, right) = (log1p(-gamma) + old, log(gamma) + newest)
        return max(left, right) + log1p(exp(-abs(left - right)))
    }

    /// `numbers`, int64 `[n]` in ascending order, and their `logarithms`, float32 `[n, 2]`: pictures', captions'.
    func tensors() throws -> [String: Tensor] {
        let entries = lock.withLock { logarithms.sorted { $0.key < $1.key } }
        return [
            "numbers": try Tensor(entries.map(\.key), shape: [entries.count]),
            "logarithms": try Tensor(entries.flatMap { [$0.value.x, $0.value.y] }, shape: [entries.count, 2]),
        ]
    }

    func load(_ tensors: [String: Tensor]) throws {
        let count = tensors["numbers"]?.shape.first ?? 0
        let shapes = ["numbers": [count], "logarithms": [count, 2]]
        let mismatch = StateMismatch(
            missing: shapes.keys.filter { tensors[$0] == nil }.sorted(),
            unexpected: tensors.keys.filter { shapes[$0] == nil }.sorted(),
            misshaped: shapes.sorted { $0.key < $1.key }.compactMap { name, shape in
                guard let found = tensors[name], found.shape != shape else { return nil }
                return StateMismatch.Shape(name: name, expected: shape, found: found.shape)
            })
        guard mismatch.isEmpty, let numbers = tensors["numbers"], let values = tensors["logarithms"] else {
            throw mismatch
        }
        let (keys, elements) = (try numbers.elements(Int64.self), try values.elements(Float.self))
        var loaded: [Int64: SIMD2<Float>] = [:]
        loaded.reserveCapacity(keys.count)
        for (place, key) in keys.enumerated() { loaded[key] = SIMD2(elements[2 * place], elements[2 * place + 1]) }
        lock.withLock { logarithms = loaded }
    }

    func forget() { lock.withLock { logarithms = [:] } }
}

import Torch

/// The symmetric cross-entropy over a batch's similarities (arXiv 2103.00020, figure 3): each picture is to find its own
/// caption among the batch's, and each caption its own picture. The plain twin of the tiled loss, left to autograd.
struct ContrastiveLoss: Sendable {
    /// Whether pairs with the same caption are left out of each other's negatives: a caption that fits two pictures
    /// should not be pushed away from either.
    var excludesDuplicateCaptions: Bool

    init(excludesDuplicateCaptions: Bool = false) {
        self.excludesDuplicateCaptions = excludesDuplicateCaptions
    }

    /// - Parameters:
    ///   - pictures: embeddings `[B, E]`, not normalized.
    ///   - texts: embeddings `[B, E]`, row for row the captions of `pictures`.
    ///   - logitScale: the scalar whose exponential multiplies the cosines.
    ///   - captions: token ids, by which equal captions are known.
    /// - Returns: the mean of both directions, a scalar.
    func callAsFunction(
        pictures: Tensor, texts: Tensor, logitScale: Tensor, captions: [[Int32]] = []
    ) throws -> Tensor {
        var logits = try logits(pictures: pictures, texts: texts, logitScale: logitScale)  // [B, B]
        if excludesDuplicateCaptions, let mask = try Self.duplicates(captions) {
            logits = try logits.filled(where: mask.moved(to: logits.device), with: -.infinity)
        }
        let targets = try Tensor.range(logits.shape[0], device: logits.device)
        let sum = try logits.crossEntropy(targets: targets) + logits.transposed().crossEntropy(targets: targets)
        return try sum / 2
    }

    /// Scaled cosines of every picture with every text, `[B, B]`.
    func logits(pictures: Tensor, texts: Tensor, logitScale: Tensor) throws -> Tensor {
        try pictures.normalized().matmul(texts.normalized().transposed()) * logitScale.exponential()
    }

    /// True at `[i, j]` where captions i and j are equal and i ≠ j; nil where no two are.
    static func duplicates(_ captions: [[Int32]]) throws -> Tensor? {
        var groups: [[Int32]: [Int]] = [:]
        for (row, caption) in captions.enumerated() { groups[caption, default: []].append(row) }
        let repeated = groups.values.filter { $0.count > 1 }
        if repeated.isEmpty { return nil }
        let count = captions.count
        var mask = [Bool](repeating: false, count: count * count)
        for group in repeated {
            for row in group {
                for column in group where column != row { mask[row * count + column] = true }
            }
        }
        return try Tensor(mask, shape: [count, count])
    }
}

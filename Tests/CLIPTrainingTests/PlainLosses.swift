import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPTraining

/// A loss over the whole matrix of similarities, left to autograd: the plain twin of a tiled one.
protocol PlainLoss {
    /// - Parameters:
    ///   - logits: `[N, N]`, with the bias where there is one.
    ///   - teacher: the teacher's logits.
    ///   - equal: 1 where captions are equal, else 0, `[N, N]`.
    func value(logits: Tensor, teacher: Tensor?, equal: Tensor) throws -> Tensor
    var usesBias: Bool { get }
}

struct PlainSoftmax: PlainLoss {
    var duplicates = LossConfiguration.Duplicates.negatives
    var distillationWeight: Double?
    var usesBias: Bool { false }

    func value(logits: Tensor, teacher: Tensor?, equal: Tensor) throws -> Tensor {
        let identity = try Tensor.identity(logits.shape[0], dtype: logits.dtype)
        // What is left out gets a logit far below all others.
        let penalty = duplicates == .excluded ? try (equal - identity) * -1e9 : try identity * 0
        let targets = duplicates == .positives ? try equal / equal.sum(along: 1, keep: true) : identity
        func bothWays(_ targets: (Tensor, Tensor)) throws -> Tensor {
            let masked = try logits + penalty
            let rows = try (targets.0 * masked.logSoftmax(along: 1)).sum()
            let columns = try (targets.1 * masked.transposed().logSoftmax(along: 1)).sum()
            return try (rows + columns) * (-0.5 / Double(logits.shape[0]))
        }
        let contrastive = try bothWays((targets, targets))
        guard let distillationWeight, let teacher else { return contrastive }
        let masked = try teacher + penalty
        let taught = try bothWays((masked.softmax(along: 1), masked.transposed().softmax(along: 1)))
        return try contrastive + taught * distillationWeight
    }
}

struct PlainSigmoid: PlainLoss {
    var duplicates = LossConfiguration.Duplicates.negatives
    var usesBias: Bool { true }

    func value(logits: Tensor, teacher: Tensor?, equal: Tensor) throws -> Tensor {
        let identity = try Tensor.identity(logits.shape[0], dtype: logits.dtype)
        let right = duplicates == .positives ? equal : identity
        let signs = try right * 2 - 1
        var terms = try (-(signs * logits)).softplus()
        if duplicates == .excluded { terms = try terms * (identity - equal + 1) }
        return try terms.sum() / Double(logits.shape[0])
    }
}

/// Embeddings with repeated captions, and what the plain twin makes of them in 64 bits.
struct SampleBatch {
    var batch: EmbeddedBatch

    init(count: Int, width: Int, logitScale: Double, seed: UInt64 = 7, repeated: Bool = true) throws {
        let widths = [width, width, width + 1, width + 1]
        let tensors: [Tensor] = try withSeed(seed) {
            try widths.map { width -> Tensor in try Tensor.normal([count, width]) * 1.7 }
        }
        let keys = (0..<count).map { place -> Int64 in
            if repeated, place % 4 == 1 { return 1 }
            if repeated, place % 5 == 2 { return -7 }
            return Int64(place + 10)
        }
        batch = EmbeddedBatch(
            // Alike, as they are in a model that has learned something.
            pictures: tensors[0], texts: try tensors[0] * 0.5 + tensors[1], logitScale: logitScale, logitBias: -3.5,
            captionKeys: keys, sampleNumbers: (0..<count).map(Int64.init),
            teacher: .init(pictures: tensors[2], texts: try tensors[2] + tensors[3], logitScale: 2.1))
    }

    /// Rows of one process among several.
    func part(_ rank: Int, of count: Int) throws -> EmbeddedBatch {
        let size = batch.captionKeys.count / count
        let range = (rank * size)..<((rank + 1) * size)
        var part = batch
        part.pictures = try batch.pictures.slice(range)
        part.texts = try batch.texts.slice(range)
        part.captionKeys = Array(batch.captionKeys[range])
        part.sampleNumbers = Array(batch.sampleNumbers[range])
        part.teacher = try batch.teacher.map {
            .init(pictures: try $0.pictures.slice(range), texts: try $0.texts.slice(range), logitScale: $0.logitScale)
        }
        return part
    }

    struct Expected {
        let value: Double
        let pictures: Tensor
        let texts: Tensor
        let logitScale: Double
        let logitBias: Double
    }

    func expected(_ plain: any PlainLoss) throws -> Expected {
        func leaf(_ tensor: Tensor) throws -> Tensor {
            try tensor.converted(to: .float64).copied().setRequiresGradient()
        }
        let (pictures, texts) = (try leaf(batch.pictures), try leaf(batch.texts))
        let scale = try leaf(Tensor([batch.logitScale], shape: []))
        let bias = try leaf(Tensor([batch.logitBias ?? 0], shape: []))
        func cosines(_ left: Tensor, _ right: Tensor) throws -> Tensor {
            try left.normalized().matmul(right.normalized().transposed())
        }
        let cosine = try cosines(pictures, texts)
        let logits = try cosine * scale.exponential() + bias * (plain.usesBias ? 1 : 0)
        let teacher = try batch.teacher.map {
            try cosines($0.pictures.converted(to: .float64), $0.texts.converted(to: .float64)) * exp($0.logitScale)
        }
        let keys = try Tensor(batch.captionKeys)
        let equal = try keys.unsqueezed(1).equal(to: keys.unsqueezed(0)).converted(to: .float64)
        let value = try plain.value(logits: logits, teacher: teacher, equal: equal)
        try value.backward()
        return Expected(
            value: try value.item(), pictures: try #require(try pictures.gradient()),
            texts: try #require(try texts.gradient()), logitScale: try #require(try scale.gradient()).item(),
            logitBias: try bias.gradient()?.item() ?? 0)
    }

    /// Expects a tiled loss to give the plain one's value and gradients.
    func expectEqual(_ loss: any EmbeddingLoss, plain: any PlainLoss, tolerance: Double = 1e-5) throws {
        let wanted = try expected(plain)
        let found = try loss.gradients(of: batch, over: SingleProcess())
        let label = "\(loss)"
        #expect(abs(found.value.total - wanted.value) <= tolerance * max(1, abs(wanted.value)), "\(label)")
        try expectClose(found.pictures, wanted.pictures, tolerance: tolerance, "\(label) pictures")
        try expectClose(found.texts, wanted.texts, tolerance: tolerance, "\(label) texts")
        #expect(abs(found.logitScale - wanted.logitScale) <= tolerance * max(1, abs(wanted.logitScale)), "\(label)")
        if let bias = found.logitBias {
            #expect(abs(bias - wanted.logitBias) <= tolerance * max(1, abs(wanted.logitBias)), "\(label)")
        }
    }
}

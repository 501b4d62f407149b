import CLIP
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// A batch in parts against the batch in one piece: 13 pairs in 1, 3 (5, 5, 3) and 7 (six of 2, one of 1) parts.
@Suite struct MicroBatchTests {
    static let count = 13

    static func model(bias: Double? = nil) throws -> DualEncoder {
        var text = TextTransformerConfiguration(width: 16, headCount: 2, layers: 1)
        text.contextLength = 8
        text.vocabularySize = 40
        let vision = VisionTransformerConfiguration(
            imageSize: 16, patchSize: 8, width: 16, layers: 1, headWidth: 8)
        var configuration = ModelConfiguration(
            embeddingSize: 8, vision: vision, text: text)
        configuration.initialLogitBias = bias
        return try withSeed(21) { try DualEncoder(configuration) }
    }

    /// Captions 1, 5 and 9 are the same, and so are 2 and 11.
    static func batch(_ range: Range<Int> = 0..<count, of count: Int = count) throws -> TrainingBatch {
        let pictures = try withSeed(22) { try Tensor.normal([count, 3, 16, 16]) }
        let names = (0..<count).map { place -> Int32 in
            if place % 4 == 1 { return 1 }
            return Int32(place == 11 ? 2 : place)
        }
        return TrainingBatch(
            pictures: try pictures.slice(range), captions: range.map { [38, names[$0] + 1, names[$0] / 2, 39] },
            texts: range.map { "caption \(names[$0])" }, sampleNumbers: range.map { Int64($0 * 3) })
    }

    static func trainer(
        _ loss: LossConfiguration, microBatchSize: Int = count, communicator: any Communicator = SingleProcess(),
        teacher: Teacher? = nil, model: DualEncoder? = nil
    ) throws -> Trainer {
        var settings = TrainingConfiguration(batchSize: count, microBatchSize: microBatchSize, totalSteps: 4)
        settings.loss = loss
        settings.warmupSteps = 1
        return try Trainer(
            model: model ?? Self.model(bias: loss.kind == .sigmoid ? -4 : nil), configuration: settings,
            communicator: communicator, teacher: teacher)
    }

    /// Every loss there is, with every treatment of duplicates that it can have.
    static var losses: [LossConfiguration] {
        LossConfiguration.Kind.allCases.flatMap { kind in
            LossConfiguration.Duplicates.allCases.map { LossConfiguration(kind: kind, duplicates: $0) }
        }.filter { (try? $0.needs()) != nil }
    }

    /// Leaves gradients in place, while no other test uses the generator that parts may set back.
    static func gradients(_ trainer: Trainer, _ batch: TrainingBatch) throws -> LossValue {
        try withSeed(1) { try trainer.computeGradients(batch) }
    }

    static func expectSameGradients(_ found: Trainer, _ wanted: Trainer, tolerance: Double = 1e-5) throws {
        let label = "\(found.configuration.loss) in parts of \(found.configuration.microBatchSize)"
        for (left, right) in zip(found.model.namedParameters, wanted.model.namedParameters) {
            // Softmax does not see keys' biases: only noise is left of their gradient.
            if left.name.hasSuffix("key.bias") { continue }
            try expectClose(
                #require(try left.parameter.tensor.gradient(), "\(left.name) has no gradient"),
                #require(try right.parameter.tensor.gradient()), tolerance: tolerance, "\(label): \(left.name)")
        }
    }

    @Test(arguments: losses) func partsGiveTheWholeBatchsGradient(_ loss: LossConfiguration) throws {
        let whole = try Self.trainer(loss)
        let value = try Self.gradients(whole, Self.batch())
        for size in [2, 5] {
            let chunked = try Self.trainer(loss, microBatchSize: size)
            let found = try Self.gradients(chunked, Self.batch())
            #expect(abs(found.total - value.total) < 1e-5 * value.total)
            try Self.expectSameGradients(chunked, whole)
        }
    }

    @Test(arguments: losses) func theWholeBatchsGradientIsAutogradsOfThePlainLoss(_ loss: LossConfiguration) throws {
        let trainer = try Self.trainer(loss)
        let value = try Self.gradients(trainer, Self.batch())
        let model = try Self.model(bias: loss.kind == .sigmoid ? -4 : nil)
        let batch = try Self.batch()
        let cosines = try model.encode(pictures: batch.pictures).normalized()
            .matmul(model.encode(captions: batch.captions).normalized().transposed())
        var logits = try cosines * model.logitScale.tensor.exponential()
        if let bias = model.logitBias { logits = try logits + bias.tensor }
        let keys = try Tensor(batch.captions.map(CaptionKey.key))
        let equal = try keys.unsqueezed(1).equal(to: keys.unsqueezed(0)).converted(to: .float32)
        // A loss that remembers samples is the softmax the first time it sees them.
        let plain: any PlainLoss =
            loss.kind == .sigmoid
            ? PlainSigmoid(duplicates: loss.duplicates) : PlainSoftmax(duplicates: loss.duplicates)
        let wanted = try plain.value(logits: logits, teacher: nil, equal: equal)
        try wanted.backward()
        #expect(try abs(value.total - wanted.item()) < 1e-5 * value.total)
        for (left, right) in zip(trainer.model.namedParameters, model.namedParameters)
        where !left.name.hasSuffix("key.bias") {
            try expectClose(
                #require(try left.parameter.tensor.gradient()), #require(try right.parameter.tensor.gradient()),
                tolerance: 2e-5, "\(loss): \(left.name)")
        }
    }

    /// open_clip and Chinese-CLIP add up the temperature's gradient once per part: there, three parts triple it.
    @Test(arguments: losses) func theTemperaturesAndTheBiassGradientsAreCountedOnce(_ loss: LossConfiguration) throws {
        func gradients(_ size: Int) throws -> [Double] {
            let trainer = try Self.trainer(loss, microBatchSize: size)
            _ = try Self.gradients(trainer, Self.batch())
            return try [trainer.model.logitScale, trainer.model.logitBias].compactMap {
                try $0?.tensor.gradient()?.item()
            }
        }
        let whole = try gradients(Self.count)
        #expect(whole.count == (loss.kind == .sigmoid ? 2 : 1) && whole.allSatisfy { $0 != 0 })
        for size in [2, 5] {
            for (found, wanted) in zip(try gradients(size), whole) {
                #expect(abs(found / wanted - 1) < 1e-5, "\(loss): \(found), not \(wanted)")
            }
        }
    }

    @Test(arguments: losses) func processesGiveOneProcesssGradient(_ loss: LossConfiguration) throws {
        let whole = try Self.trainer(loss, microBatchSize: 12)
        let value = try Self.gradients(whole, Self.batch(0..<12))
        let models = try (0..<3).map { _ in try Self.model(bias: loss.kind == .sigmoid ? -4 : nil) }
        let batches = try (0..<3).map { try Self.batch(($0 * 4)..<($0 * 4 + 4)) }
        let found = try withSeed(1) {
            try ThreadGroup(size: 3).run { communicator in
                let trainer = try Self.trainer(
                    loss, microBatchSize: 3, communicator: communicator, model: models[communicator.rank])
                let value = try trainer.computeGradients(batches[communicator.rank])
                let gradients = try trainer.model.namedParameters.map { name, parameter in
                    (name, try #require(try parameter.tensor.gradient(), "\(name) has no gradient"))
                }
                return (value, gradients)
            }
        }
        for (rank, (partial, gradients)) in found.enumerated() {
            #expect(abs(partial.total - value.total) < 1e-5 * value.total)
            for ((name, gradient), wanted) in zip(gradients, whole.model.parameters)
            where !name.hasSuffix("key.bias") {
                try expectClose(
                    gradient, #require(try wanted.tensor.gradient()), tolerance: 1e-5, "rank \(rank): \(name)")
            }
        }
    }
}

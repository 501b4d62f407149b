import CLIP
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// What batch normalization asks of a trainer.
@Suite struct BatchNormTrainingTests {
    private func configuration() -> ModelConfiguration {
        var text = TextTransformerConfiguration(width: 8, headCount: 2, layers: 1)
        text.contextLength = 8
        text.vocabularySize = 40
        return ModelConfiguration(
            embeddingSize: 8, vision: ResNetConfiguration(imageSize: 32, layers: [1, 1, 1, 1], width: 4, headCount: 2),
            text: text)
    }

    private func trainer(
        microBatchSize: Int? = nil, precision: Precision = .fp32
    ) throws -> Trainer {
        let model = try withSeed(11) { try DualEncoder(configuration()) }
        // Blocks that begin as identities would leave most gradients zero.
        for norm in model.modules(of: BatchNorm2d.self) { try norm.weight.tensor.detached().fillInPlace(1) }
        var settings = TrainingConfiguration(batchSize: 8, microBatchSize: microBatchSize, totalSteps: 4)
        settings.precision = precision
        return try Trainer(model: model, configuration: settings)
    }

    private func batch(_ range: Range<Int> = 0..<8) throws -> TrainingBatch {
        let pictures = try withSeed(12) { try Tensor.normal([8, 3, 32, 32]) }
        return TrainingBatch(
            pictures: try pictures.slice(range), captions: range.map { [38, Int32($0 + 1), 39] })
    }

    private func statistics(_ model: DualEncoder) throws -> [(name: String, tensor: Tensor)] {
        try model.namedBuffers.map { ($0.name, try $0.buffer.tensor.copied()) }
    }

    @Test func aModelIsInEvaluationModeBetweenSteps() throws {
        let trainer = try trainer()
        _ = try withSeed(2) { try trainer.train(on: batch()) }
        #expect(trainer.model.modules(of: BatchNorm2d.self).allSatisfy { !$0.isTraining })
        let before = try statistics(trainer.model)
        _ = try Engine.inference { try trainer.model.encode(pictures: batch().pictures) }
        for ((name, old), new) in zip(before, try statistics(trainer.model)) {
            #expect(try old.bytes() == new.tensor.bytes(), "\(name)")
        }
    }

    @Test func microBatchesCountOnceEach() throws {
        let chunked = try trainer(microBatchSize: 4)
        _ = try withSeed(1) { try chunked.computeGradients(batch()) }
        // The same by hand: each half once, in order.
        let plain = try trainer()
        plain.model.setTraining(true)
        for half in [0..<4, 4..<8] { _ = try plain.model.encode(pictures: batch(half).pictures) }
        for ((name, found), wanted) in zip(try statistics(chunked.model), try statistics(plain.model)) {
            try expectClose(found, wanted.tensor, tolerance: 1e-6, name)
        }
        let counts = try chunked.model.namedBuffers.filter { $0.name.hasSuffix("num_batches_tracked") }
            .map { try $0.buffer.tensor.item() }
        #expect(Set(counts) == [2])
    }

    @Test func microBatchesGiveTheGradientOfTheirOwnStatistics() throws {
        let chunked = try trainer(microBatchSize: 4)
        _ = try withSeed(1) { try chunked.computeGradients(batch()) }
        // The same by one graph over both halves.
        let model = try trainer().model
        model.setTraining(true)
        let whole = try batch()
        let parts = try [0..<4, 4..<8].map { try model.encode(pictures: batch($0).pictures) }
        try ContrastiveLoss()(
            pictures: Tensor.concatenated(parts), texts: model.encode(captions: whole.captions),
            logitScale: model.logitScale.tensor, captions: whole.captions
        ).backward()
        for (left, right) in zip(chunked.model.namedParameters, model.namedParameters) {
            // Softmax does not see keys' biases: only noise is left of their gradient.
            if left.name.hasSuffix("key.bias") { continue }
            try expectClose(
                #require(try left.parameter.tensor.gradient()), #require(try right.parameter.tensor.gradient()),
                tolerance: 1e-4, left.name)
        }
    }

    @Test func checkpointsBringRunningStatisticsBack() throws {
        try withTemporaryDirectory { directory in
            let store = CheckpointStore(run: directory)
            let first = try trainer()
            _ = try first.train(on: batch())
            let position = TrainingPosition(step: 1, epoch: 0, pair: 8)
            try store.save(
                first, parts: first.stateTensors(),
                RunState(position: position, configuration: first.configuration))
            let second = try trainer()
            // A checkpoint brings the generator's state too, from which other tests may be drawing.
            _ = try withSeed(1) { try store.restore(second) }
            for ((name, old), new) in zip(try statistics(first.model), try statistics(second.model)) {
                #expect(try old.bytes() == new.tensor.bytes(), "\(name)")
            }
            _ = try (first.train(on: batch()), second.train(on: batch()))
            // A busy machine may share a convolution's sums out over its threads in another way.
            for ((name, old), new) in zip(try statistics(first.model), try statistics(second.model)) {
                try expectClose(new.tensor, old, tolerance: 1e-5, "\(name) after a step")
            }
        }
    }

    @Test func bf16FollowsFp32WithinItsNoise() throws {
        let (exact, low) = (try trainer(), try trainer(precision: .bf16))
        let (left, right) = (try exact.train(on: batch()), try low.train(on: batch()))
        #expect(abs(left.loss - right.loss) < 0.1)
        for ((name, wanted), found) in zip(try statistics(exact.model), try statistics(low.model)) {
            #expect(found.tensor.dtype == wanted.dtype)
            try expectClose(found.tensor, wanted, tolerance: 2e-2, name)
        }
    }

    @Test func aBatchThatDivergesStopsBeforeItSpoilsTheWeights() throws {
        let trainer = try trainer()
        let before = try trainer.model.parameters.map { try $0.tensor.bytes() }
        let bad = TrainingBatch(pictures: try batch().pictures * .infinity, captions: try batch().captions)
        #expect(throws: TrainingError.self) { try trainer.train(on: bad) }
        #expect(try trainer.model.parameters.map { try $0.tensor.bytes() } == before)
        #expect(trainer.model.modules(of: BatchNorm2d.self).allSatisfy { !$0.isTraining })
    }
}

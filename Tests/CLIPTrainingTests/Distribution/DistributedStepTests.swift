import CLIPData
import Foundation
import TestSupport
import Testing
import TorchNN

@testable import CLIP
@testable import CLIPTraining
@testable import Torch

/// Several processes take the steps that one takes with the same global batch. Ranks are threads here, each with a
/// model of its own; nothing is drawn at random.
@Suite struct DistributedStepTests {
    private static let globalBatch = 6
    private static let steps = 5

    private let batches: [TrainingBatch]

    private static func fixture(_ file: String) throws -> String {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(file)").path
    }

    init() throws {
        let data = try TensorFile.read(Self.fixture("batches.safetensors"))
        let (images, tokens) = (try #require(data["images"]), try #require(data["tokens"]))
        batches = try (0..<Self.steps).map { step in
            let rows = try tokens.select(step)
            let length = rows.shape[1]
            let ids = try rows.elements(Int32.self)
            return TrainingBatch(
                pictures: try images.select(step).slice(0..<Self.globalBatch),
                captions: (0..<Self.globalBatch).map { Array(ids[$0 * length..<($0 + 1) * length]) })
        }
    }

    private static func model() throws -> DualEncoder {
        let directory = ModelDirectory(try fixture("model"))
        let model = try Initializer.skipping { try DualEncoder(directory.configuration().model) }
        try Weights.load(directory.weightsPath, into: model, called: "fixture")
        return model
    }

    private static func configuration(microBatchSize: Int) -> TrainingConfiguration {
        var configuration = TrainingConfiguration(
            batchSize: globalBatch, microBatchSize: microBatchSize, totalSteps: steps)
        configuration.learningRate = 1e-3
        configuration.warmupSteps = 2
        configuration.gradientNorm = 1
        // Some gradients are exactly zero (keys' biases). A step divides their rounding noise by itself, or by this.
        configuration.epsilon = 1e-4
        return configuration
    }

    /// What a run of one process comes to.
    private func one() throws -> (reports: [StepReport], state: [String: Tensor], moments: [String: Tensor]) {
        let trainer = try Trainer(
            model: Self.model(), configuration: Self.configuration(microBatchSize: Self.globalBatch))
        let reports = try batches.map { try trainer.train(on: $0) }
        return (reports, try trainer.model.state(), try trainer.optimizer.state())
    }

    private func part(of batch: TrainingBatch, _ communicator: any Communicator) throws -> TrainingBatch {
        let count = Self.globalBatch / communicator.worldSize
        let rows = communicator.rank * count..<(communicator.rank + 1) * count
        return TrainingBatch(
            pictures: try batch.pictures.slice(rows).contiguous(), captions: Array(batch.captions[rows]))
    }

    @Test(arguments: [(2, false), (2, true), (3, false), (3, true)])
    func fiveStepsAreThoseOfOneProcess(_ worldSize: Int, _ sharesOptimizer: Bool) throws {
        let expected = try one()
        try onCommunicators(worldSize) { communicator in
            let model = try Self.model()
            // Micro-batches of one and two pairs; only the last one's pass sends.
            let configuration = Self.configuration(microBatchSize: worldSize == 2 ? 2 : 1)
            let buckets = GradientBuckets(
                model.namedParameters, communicator: communicator, bucketBytes: 4096)
            let trainer = try Trainer(
                model: model, configuration: configuration, communicator: communicator, synchronization: buckets,
                sharesOptimizer: sharesOptimizer)
            try communicator.align(model, configuration: configuration, step: 0)
            #expect(trainer.optimizer is ShardedAdamW == sharesOptimizer)
            for (batch, wanted) in zip(batches, expected.reports) {
                let report = try trainer.train(on: part(of: batch, communicator))
                #expect(abs(report.loss - wanted.loss) < 1e-5, "loss of step \(wanted.step): \(report.loss)")
                #expect(abs(report.gradientNorm / wanted.gradientNorm - 1) < 1e-5, "norm of step \(wanted.step)")
                #expect(abs(report.logitScale - wanted.logitScale) < 1e-6)
            }
            #expect(buckets.bucketCount > 3)
            #expect(buckets.overlappedCount >= buckets.bucketCount - 1, "\(buckets.overlappedCount)")
            for (name, tensor) in try model.state() {
                try expectClose(tensor, #require(expected.state[name]), tolerance: 1e-5, name)
            }
            let moments = try trainer.optimizer.state()
            if communicator.isFirst || !sharesOptimizer {
                #expect(moments.keys.sorted() == expected.moments.keys.sorted())
                for (name, tensor) in moments {
                    try expectClose(tensor, #require(expected.moments[name]), tolerance: 1e-4, name)
                }
            }
        }
    }

    /// Without a hand in its making, a trainer over c10d uses buckets; and all ranks begin with rank 0's weights.
    @Test func everyRankBeginsWithRankZerosWeights() throws {
        let expected = try one()
        try onCommunicators(2) { communicator in
            let model = try Self.model()
            if communicator.rank == 1 {
                for parameter in model.parameters { try parameter.tensor.detached().fillInPlace(0.5) }
            }
            let configuration = Self.configuration(microBatchSize: 3)
            let trainer = try Trainer(model: model, configuration: configuration, communicator: communicator)
            try communicator.align(model, configuration: configuration, step: 0)
            let report = try trainer.train(on: part(of: batches[0], communicator))
            #expect(abs(report.loss - expected.reports[0].loss) < 1e-5)
        }
    }

    @Test func anotherModelOrSettingIsRefusedByName() throws {
        try onCommunicators(2) { communicator in
            let model = try Self.model()
            var configuration = Self.configuration(microBatchSize: 3)
            if communicator.rank == 1 { configuration.weightDecay = 0.05 }
            let error = #expect(throws: TrainingError.self) {
                try communicator.align(model, configuration: configuration, step: 0)
            }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.contains("weightDecay is 0.") && message.contains("0.05"), "\(message)")
        }
        try onCommunicators(2) { communicator in
            let model = try Self.model()
            if communicator.rank == 0 { try model.logitScale.tensor.setRequiresGradient(false) }
            let error = #expect(throws: TrainingError.self) {
                try communicator.align(model, configuration: Self.configuration(microBatchSize: 3), step: 0)
            }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.contains("parameter logit_scale") && message.contains("locked"), "\(message)")
        }
    }
}

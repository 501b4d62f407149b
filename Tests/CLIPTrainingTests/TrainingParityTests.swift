import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP
@testable import CLIPTraining

/// Steps as open_clip's code and PyTorch take them; `Fixtures/make_training.py` computed what is expected.
@Suite struct TrainingParityTests {
    private struct Expected: Decodable {
        struct Settings: Decodable {
            let lr: Double
            let beta1: Double
            let beta2: Double
            let eps: Double
            let weightDecay: Double
            let warmup: Int
            let steps: Int
            let clipNorm: Double
            let batchSize: Int
        }
        struct Step: Decodable {
            let lr: Double
            let loss: Double
            let gradNorm: Double
            let logitScale: Double
        }
        struct Clamp: Decodable {
            let start: Double
            let steps: [Step]
        }
        let settings: Settings
        let decayed: [String]
        let steps: [Step]
        let clampLow: Clamp
        let clampHigh: Clamp
    }

    private static func fixture(_ file: String) throws -> String {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(file)").path
    }

    private let expected: Expected
    private let tensors: [String: Tensor]
    private let batches: [TrainingBatch]

    init() throws {
        let json = try Data(contentsOf: URL(fileURLWithPath: Self.fixture("expected.json")))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        expected = try decoder.decode(Expected.self, from: json)
        tensors = try TensorFile.read(Self.fixture("expected.safetensors"))
        let data = try TensorFile.read(Self.fixture("batches.safetensors"))
        let (images, tokens) = (try #require(data["images"]), try #require(data["tokens"]))
        batches = try (0..<expected.settings.steps).map { step in
            let rows = try tokens.select(step)
            let length = rows.shape[1]
            let ids = try rows.elements(Int32.self)
            return TrainingBatch(
                pictures: try images.select(step),
                captions: stride(from: 0, to: ids.count, by: length).map { Array(ids[$0..<$0 + length]) })
        }
    }

    private func trainer(microBatchSize: Int? = nil, precision: Precision = .fp32) throws
        -> Trainer
    {
        let directory = ModelDirectory(try Self.fixture("model"))
        let model = try Initializer.skipping { try DualEncoder(directory.configuration().model) }
        try Weights.load(directory.weightsPath, into: model, called: "fixture")
        let settings = expected.settings
        var configuration = TrainingConfiguration(
            batchSize: settings.batchSize, microBatchSize: microBatchSize, totalSteps: settings.steps)
        configuration.learningRate = settings.lr
        configuration.warmupSteps = settings.warmup
        configuration.weightDecay = settings.weightDecay
        configuration.beta1 = settings.beta1
        configuration.beta2 = settings.beta2
        configuration.epsilon = settings.eps
        configuration.gradientNorm = settings.clipNorm
        configuration.precision = precision
        return try Trainer(model: model, configuration: configuration)
    }

    private func openCLIPName(_ name: String) throws -> String {
        try #require(
            ParameterLayout(vision: .openCLIPVision, text: .openCLIPText).place(of: name)?.names.first, "\(name)")
    }

    @Test func logitsAndEveryGradientArePyTorchs() throws {
        let trainer = try trainer()
        let loss = try trainer.computeGradients(batches[0]).total
        #expect(abs(loss - expected.steps[0].loss) < 1e-5)
        let model = trainer.model
        let logits = try Engine.withoutGradients {
            try ContrastiveLoss().logits(
                pictures: model.encode(pictures: batches[0].pictures),
                texts: model.encode(captions: batches[0].captions),
                logitScale: model.logitScale.tensor)
        }
        try expectClose(logits, #require(tensors["logits"]), tolerance: 1e-5, "logits")
        for (name, parameter) in model.namedParameters {
            let key = try openCLIPName(name)
            try expectClose(
                #require(try parameter.tensor.gradient(), "\(name) has no gradient"), #require(tensors["grad.\(key)"]),
                tolerance: 1e-5, key)
        }
    }

    @Test func tenStepsFollowPyTorchs() throws {
        let trainer = try trainer()
        for (step, (batch, wanted)) in zip(batches, expected.steps).enumerated() {
            let report = try trainer.train(on: batch)
            #expect(report.step == step)
            #expect(abs(report.loss - wanted.loss) < 1e-5, "loss of step \(step): \(report.loss), not \(wanted.loss)")
            #expect(abs(report.logitScale - wanted.logitScale) < 1e-5, "logit scale of step \(step)")
            #expect(abs(report.learningRate - wanted.lr) < 1e-12, "learning rate of step \(step)")
            #expect(abs(report.gradientNorm / wanted.gradNorm - 1) < 1e-4, "gradient norm of step \(step)")
        }
        for (name, parameter) in trainer.model.namedParameters {
            let key = try openCLIPName(name)
            // AdamW turns the rounding noise of gradients that are exactly zero into steps of full size.
            let tolerance = key.hasSuffix("in_proj_bias") ? 1e-3 : 1e-4
            try expectClose(parameter.tensor, #require(tensors["final.\(key)"]), tolerance: tolerance, key)
        }
    }

    @Test(arguments: [false, true]) func theTemperatureStaysWithinItsBounds(_ high: Bool) throws {
        let run = high ? expected.clampHigh : expected.clampLow
        let trainer = try trainer()
        try trainer.model.logitScale.tensor.detached().fillInPlace(run.start)
        for (step, wanted) in run.steps.enumerated() {
            let report = try trainer.train(on: batches[step])
            #expect(abs(report.logitScale - wanted.logitScale) < 1e-5, "step \(step)")
            #expect(abs(report.loss - wanted.loss) < 2e-5 * max(1, wanted.loss), "step \(step)")
        }
    }

    @Test func whatIsDecayedIsWhatOpenCLIPDecays() throws {
        let decayed = try trainer().optimizer.groups.filter { $0.weightDecay > 0 }.flatMap(\.names)
        #expect(try decayed.map { try openCLIPName($0) }.sorted() == expected.decayed)
    }

    @Test(arguments: [1, 3, 7, 8]) func microBatchesGiveTheWholeBatchsGradient(_ size: Int) throws {
        let whole = try trainer()
        let chunked = try trainer(microBatchSize: size)
        // Parts may set the generator back, which other tests use.
        let (loss, chunkedLoss) = try withSeed(1) {
            (try whole.computeGradients(batches[0]).total, try chunked.computeGradients(batches[0]).total)
        }
        #expect(abs(loss - chunkedLoss) < 1e-6)
        for (left, right) in zip(whole.model.namedParameters, chunked.model.namedParameters) {
            try expectClose(
                #require(try right.parameter.tensor.gradient()), #require(try left.parameter.tensor.gradient()),
                tolerance: 1e-5, left.name)
        }
    }

    @Test func bf16FollowsFp32WithinItsNoise() throws {
        let exact = try trainer()
        let low = try trainer(precision: .bf16)
        for batch in batches {
            let (left, right) = (try exact.train(on: batch), try low.train(on: batch))
            #expect(abs(left.loss - right.loss) < 0.1, "step \(left.step)")
        }
        #expect(try low.model.visual.parameters.allSatisfy { $0.tensor.dtype == .float32 })
    }

    /// SigLIP's bias and CoCa's decoder would keep their first values, and nobody would know.
    @Test func aModelWithPartsTheLossDoesNotReachIsRefused() throws {
        let plain = try trainer().model.configuration
        var sigmoid = plain
        sigmoid.initialLogitBias = -10
        var captioning = plain
        guard let text = plain.text as? TextTransformerConfiguration else {
            throw CLIPError.emptyChoices(what: "transformers")
        }
        captioning.captionDecoder = CaptionDecoderConfiguration(
            width: text.width, headCount: text.headCount, layers: 1)
        captioning.captionDecoder?.vocabularySize = text.vocabularySize
        captioning.captionDecoder?.contextLength = text.contextLength
        captioning.embeddingSize = text.width
        if var tower = captioning.vision as? VisionTransformerConfiguration {
            tower.pooling = .attentionalPooler(queries: 4, headCount: 1)
            captioning.vision = tower
        }
        for (configuration, word) in [(sigmoid, "sigmoid"), (captioning, "captions")] {
            let error = #expect(throws: TrainingError.self) {
                let model = try Initializer.skipping { try DualEncoder(configuration) }
                _ = try Trainer(
                    model: model, configuration: TrainingConfiguration(batchSize: 4, totalSteps: 1))
            }
            #expect(error?.description.contains(word) == true)
        }
    }

    @Test func aBatchThatDivergesStopsBeforeItSpoilsTheWeights() throws {
        let trainer = try trainer()
        let before = try trainer.model.visual.parameters[0].tensor.bytes()
        let bad = TrainingBatch(
            pictures: try batches[0].pictures * .infinity, captions: batches[0].captions, locations: ["a.tar: 1"])
        let error = #expect(throws: TrainingError.self) { try trainer.train(on: bad) }
        #expect(error?.description.contains("a.tar: 1") == true)
        #expect(try trainer.model.visual.parameters[0].tensor.bytes() == before)
    }
}

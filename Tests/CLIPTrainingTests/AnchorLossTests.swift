import CLIP
import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// Learning what a classifier's classes are called, without their pictures.
@Suite struct AnchorLossTests {
    static func clip(_ vision: any ImageTowerConfiguration, width: Int = 8) throws -> CLIPModel {
        var text = TextTransformerConfiguration(width: width, headCount: 2, layers: 1)
        text.contextLength = 8
        text.vocabularySize = 40
        let shape = ModelConfiguration(embeddingSize: 8, vision: vision, text: text)
        return CLIPModel(
            name: "student", model: try withSeed(51) { try DualEncoder(shape) }, tokenizer: Letters(),
            preprocessor: PicturePreprocessor(PreprocessConfiguration(size: vision.imageSize)))
    }

    private static func anchors(width: Int = 1280) throws -> ClassAnchors {
        try withTemporaryDirectory { folder in
            let tensors = try withSeed(52) {
                [
                    "weight": try Tensor.normal([4, width]), "bias": try Tensor.zeros([4]),
                    "mean": try Tensor.full([width], 0.2), "deviation": try Tensor.full([width], 0.3),
                    "range": try Tensor([Float(0), 6]),
                ]
            }
            let path = folder + "/anchors.safetensors"
            try TensorFile.write(tensors, metadata: ["names": #"["cat","dog","car","tree"]"#], to: path)
            return try ClassAnchors(path: path)
        }
    }

    private let clip: CLIPModel
    private let loss: AnchorLoss

    init() throws {
        clip = try Self.clip(EfficientNetConfiguration(imageSize: 32))
        loss = try AnchorLoss(Self.anchors(), for: clip)
    }

    private func value(weight: Double = 1) throws -> Double {
        try withSeed(53) {
            try loss.addGradients(to: clip.model, step: 3, seed: 7, weight: weight, precision: .fp32)
        }
    }

    private var touched: [Parameter] {
        get throws { try clip.model.parameters.filter { try $0.tensor.gradient() != nil } }
    }

    /// Along the gradient the loss changes as the gradient says.
    @Test func theGradientIsTheLosss() throws {
        _ = try value(weight: 0.5)
        let parameters = try touched
        #expect(parameters.count > 5)
        let gradients = try parameters.map { try #require(try $0.tensor.gradient()).copied() }
        let square = try gradients.reduce(0.0) { try $0 + ($1 * $1).sum().item() }
        let step = 1e-3 / square.squareRoot()
        func move(_ amount: Double) throws {
            for (parameter, gradient) in zip(parameters, gradients) {
                try Engine.withoutGradients { try parameter.tensor.detached().addInPlace(gradient * amount) }
            }
        }
        try move(step)
        let above = try value()
        try move(-2 * step)
        let below = try value()
        // The gradient's was half the loss.
        #expect(abs((above - below) / (2 * step) - 2 * square) < 0.02 * 2 * square)
        // Nothing of the network itself is asked: there are no pictures.
        let names = try clip.model.namedParameters.filter { try $0.parameter.tensor.gradient() != nil }.map(\.name)
        #expect(names.filter { $0.hasPrefix("visual.") }.allSatisfy { $0.hasPrefix("visual.head.") })
    }

    private func trainer(_ anchors: AnchorLoss?, weight: Double = 0.3) throws -> Trainer {
        var settings = TrainingConfiguration(batchSize: 4, totalSteps: 4)
        settings.warmupSteps = 1
        settings.anchorWeight = weight
        return try Trainer(
            model: Self.clip(EfficientNetConfiguration(imageSize: 32)).model, configuration: settings, anchors: anchors)
    }

    private func batch() throws -> TrainingBatch {
        TrainingBatch(
            pictures: try withSeed(54) { try Tensor.normal([4, 3, 32, 32]) },
            captions: (0..<4).map { [38, $0 + 1, 39] }, texts: (0..<4).map { "caption \($0)" })
    }

    @Test func stepsTellWhatTheAnchorsAdd() throws {
        let plain = try withSeed(1) { try trainer(nil).train(on: batch()) }
        let report = try withSeed(1) { try trainer(loss, weight: 0.5).train(on: batch()) }
        let added = try #require(report.value[.anchors])
        #expect(plain.value[.anchors] == nil)
        #expect(abs(report.value.contrastive - plain.value.contrastive) < 1e-6)
        #expect(abs(report.loss - plain.loss - 0.5 * added) < 1e-6)
    }

    @Test func repeatedStepsLearnTheNames() throws {
        let trainer = try trainer(loss, weight: 1)
        let model = trainer.model
        let before = try withSeed(9) {
            try loss.addGradients(to: model, step: 90, seed: 7, weight: 1, precision: .fp32)
        }
        for _ in 0..<4 { _ = try withSeed(1) { try trainer.train(on: batch()) } }
        let after = try withSeed(9) {
            try loss.addGradients(to: model, step: 90, seed: 7, weight: 1, precision: .fp32)
        }
        #expect(after < before)
    }

    @Test func anotherNetworkIsRefused() throws {
        #expect(throws: TrainingError.self) { try AnchorLoss(Self.anchors(width: 12), for: clip) }
        let other = try Self.clip(
            VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, layers: 1, headWidth: 8))
        #expect(throws: TrainingError.self) { try AnchorLoss(Self.anchors(), for: other) }
        var settings = TrainingConfiguration(batchSize: 4, totalSteps: 4)
        settings.anchorWeight = 0
        #expect(throws: TrainingError.self) { try settings.validate() }
    }
}

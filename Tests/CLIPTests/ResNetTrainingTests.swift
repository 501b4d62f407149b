import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Three steps of a ResNet CLIP as PyTorch takes them: outputs, every gradient, losses and running statistics.
@Suite struct ResNetTrainingTests {
    private let fixture = FamilyFixture(name: "rn-training")
    private let expected: [String: Tensor]
    private let model: DualEncoder
    private let translation = StateTranslation(layout: .openCLIPResNet)

    init() throws {
        expected = try fixture.expected()
        model = try fixture.emptyModel()
        let prefix = "before."
        var entries: [String: Tensor] = [:]
        for (name, tensor) in expected where name.hasPrefix(prefix) {
            entries[String(name.dropFirst(prefix.count))] = tensor
        }
        try model.load(entries)
    }

    /// What the batch gives, and the mean of both cross entropies.
    private func pass() throws -> (image: Tensor, text: Tensor, logits: Tensor, loss: Tensor) {
        let image = try model.encode(pictures: #require(expected["pixels"])).normalized()
        let text = try model.encode(captions: FixtureModel.rows(#require(expected["tokens"]))).normalized()
        let logits = try image.matmul(text.transposed()) * model.logitScale.tensor.exponential()
        let targets = try Tensor.range(4)
        let rows = try logits.crossEntropy(targets: targets)
        let columns = try logits.transposed().crossEntropy(targets: targets)
        return (image, text, logits, try (rows + columns) * 0.5)
    }

    @Test func aTrainingPassAndEveryGradientArePyTorchs() throws {
        model.setTraining(true)
        let found = try pass()
        try expectClose(found.image.detached(), #require(expected["image"]), tolerance: 1e-5, "image")
        try expectClose(found.text.detached(), #require(expected["text"]), tolerance: 1e-5, "text")
        try expectClose(found.logits.detached(), #require(expected["logits"]), tolerance: 1e-5, "logits")
        try found.loss.backward()
        for (name, parameter) in model.namedParameters {
            let key = translation.checkpointName(of: name)
            let gradient = try #require(try parameter.tensor.gradient(), "\(name) has no gradient")
            let wanted = try #require(expected["gradient.\(key)"], "\(key)")
            // A key's bias moves all scores of a query alike, which softmax does not see: only noise is left.
            if key.hasSuffix("k_proj.bias") {
                #expect(try gradient.norm().item() < 1e-5)
                continue
            }
            try expectClose(gradient, wanted, tolerance: 1e-4, key)
        }
    }

    @Test func threeStepsFollowPyTorchs() throws {
        let optimizer = try AdamW(
            [.init(model.namedParameters, weightDecay: 0.1)], beta1: 0.9, beta2: 0.98, epsilon: 1e-6)
        let losses = try #require(expected["losses"]).elements(Double.self)
        model.setTraining(true)
        for (step, wanted) in losses.enumerated() {
            try optimizer.clearGradients()
            let loss = try pass().loss
            try loss.backward()
            try optimizer.step(learningRate: 1e-3)
            let value = try loss.item()
            #expect(abs(value - wanted) < 1e-4, "step \(step): \(value) where \(wanted) is expected")
        }
        for (name, buffer) in model.namedBuffers {
            let key = translation.checkpointName(of: name)
            // AdamW turns the rounding noise of gradients that are exactly zero into steps of full size.
            try expectClose(buffer.tensor, #require(expected["after.\(key)"], "\(key)"), tolerance: 1e-3, key)
        }
        model.setTraining(false)
        try Engine.inference {
            let image = try model.encode(pictures: #require(expected["pixels"]))
            try expectClose(image, #require(expected["image_after"]), tolerance: 1e-3, "image")
            let text = try model.encode(captions: FixtureModel.rows(#require(expected["tokens"])))
            try expectClose(text, #require(expected["text_after"]), tolerance: 1e-3, "text")
        }
    }
}

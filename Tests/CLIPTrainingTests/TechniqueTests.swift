import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP
@testable import CLIPTraining

/// What training does with techniques, on tiny models.
@Suite struct TechniqueTests {
    enum Kind: String, CaseIterable { case vit, eva, resNet, bert, sigLIP }

    static func shape(_ kind: Kind) -> ModelConfiguration {
        let vision = VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, layers: 3, headWidth: 8)
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 3)
        words.contextLength = 9
        words.vocabularySize = 50
        var model = ModelConfiguration(embeddingSize: 10, vision: vision, text: words)
        switch kind {
        case .vit: break
        case .eva:
            model.vision = EVAConfiguration(
                imageSize: 32, patchSize: 8, width: 16, layers: 3, headCount: 2, hiddenWidth: 24)
        case .resNet:
            model.vision = ResNetConfiguration(imageSize: 64, layers: [1, 1, 1, 1], width: 8, headCount: 4)
        case .bert:
            var bert = BERTConfiguration(width: 12, headCount: 2, layers: 3, hiddenWidth: 24)
            bert.contextLength = 9
            bert.positionCount = 12
            bert.vocabularySize = 50
            model.text = bert
        case .sigLIP:
            model.embeddingSize = 16
            model.vision = VisionTransformerConfiguration.sigLIP(
                imageSize: 32, patchSize: 8, width: 16, layers: 3, headCount: 2, hiddenWidth: 32)
            words.isCausal = false
            words.pooling = .last
            words.projection = .linear
            model.text = words
            model.initialLogitBias = -10
        }
        return model
    }

    static func batch(_ kind: Kind, seed: UInt64 = 2) throws -> TrainingBatch {
        let size = try shape(kind).imageTower().imageSize
        let pictures = try withSeed(seed) { try Tensor.normal([6, 3, size, size]) }
        var captions: [[Int32]] = (0..<6).map { row -> [Int32] in
            let words: [Int32] = (0...row).map { Int32(3 + $0 * 5 + row) }
            return [1] + words + [49]
        }
        if kind == .sigLIP { captions = captions.map { $0 + Array(repeating: 0, count: 9 - $0.count) } }
        return TrainingBatch(pictures: pictures, captions: captions)
    }

    static func trainer(
        _ kind: Kind, microBatchSize: Int? = nil, _ change: (inout TrainingConfiguration) -> Void = { _ in }
    ) throws -> Trainer {
        let model = try withSeed(1) { try DualEncoder(shape(kind)) }
        // A branch that begins at zero lets no gradient through.
        for norm in model.modules(of: BatchNorm2d.self) { try norm.weight.tensor.detached().fillInPlace(1) }
        var configuration = TrainingConfiguration(batchSize: 6, microBatchSize: microBatchSize, totalSteps: 10)
        configuration.learningRate = 1e-3
        configuration.warmupSteps = 0
        if kind == .sigLIP { configuration.loss.kind = .sigmoid }
        change(&configuration)
        return try Trainer(model: model, configuration: configuration)
    }

    private static func values(_ module: any Module) throws -> [String: [UInt8]] {
        var values: [String: [UInt8]] = [:]
        for (name, parameter) in module.namedParameters { values[name] = try parameter.tensor.bytes() }
        return values
    }

    @Test(arguments: Kind.allCases) func everyPartOfEveryFamilyLearns(_ kind: Kind) throws {
        let trainer = try Self.trainer(kind)
        let before = try Self.values(trainer.model)
        let report = try withSeed(2) { try trainer.train(on: Self.batch(kind)) }
        #expect(report.loss.isFinite)
        #expect(try trainer.untouchedParameters() == [])
        let after = try Self.values(trainer.model)
        for (name, old) in before { #expect(after[name] != old, "\(name) has not moved") }
    }

    @Test(arguments: Kind.allCases) func techniquesTogetherStillTrain(_ kind: Kind) throws {
        let trainer = try Self.trainer(kind, microBatchSize: 4) {
            $0.techniques.checkpointsGradients = true
            $0.techniques.patchDropout = kind == .resNet ? 0 : 0.5
            $0.techniques.averageDecay = 0.9
            $0.techniques.imageTower.layerDecay = 0.7
            $0.learningRate = 1e-2
            $0.precision = .bf16
        }
        let (first, last) = try withSeed(5) {
            let first = try withSeed(2) { try trainer.train(on: Self.batch(kind)).loss }
            var last = first
            for _ in 0..<9 { last = try withSeed(2) { try trainer.train(on: Self.batch(kind)).loss } }
            return (first, last)
        }
        #expect(last < first, "\(first) to \(last)")
        #expect(trainer.movingAverage?.updateCount == 10)
    }

    /// Both passes over a micro-batch leave out the same patches, or the gradient would be of another function.
    @Test(arguments: [2, 4, 6], [false, true])
    func patchDropoutAgreesBetweenPasses(_ size: Int, _ recomputes: Bool) throws {
        func gradients(_ size: Int, _ recomputes: Bool) throws -> (Double, [String: Tensor]) {
            let trainer = try Self.trainer(.vit, microBatchSize: size) {
                $0.techniques.patchDropout = 0.5
                $0.techniques.checkpointsGradients = recomputes
            }
            let batch = try Self.batch(.vit)
            let value = try withSeed(9) { try trainer.computeGradients(batch) }
            var found: [String: Tensor] = [:]
            for (name, parameter) in trainer.model.namedParameters { found[name] = try parameter.tensor.gradient() }
            return (value.total, found)
        }
        let found = try gradients(size, recomputes)
        // The same choices, recorded in one graph, with no second pass at all.
        let trainer = try Self.trainer(.vit) { $0.techniques.patchDropout = 0.5 }
        let batch = try Self.batch(.vit)
        let model = trainer.model
        model.setTraining(true)
        try withSeed(9) {
            let parts = try stride(from: 0, to: 6, by: size).map { start in
                try model.encode(pictures: batch.pictures.slice(start..<min(6, start + size)))
            }
            let pictures = try Tensor.concatenated(parts).normalized()
            let texts = try model.encode(captions: batch.captions).normalized()
            let logits = try pictures.matmul(texts.transposed()) * model.logitScale.tensor.exponential()
            let targets = try Tensor.range(6)
            let loss =
                try (logits.crossEntropy(targets: targets) + logits.transposed().crossEntropy(targets: targets)) / 2
            #expect(abs(try loss.item() - found.0) < 1e-5)
            try loss.backward()
        }
        for (name, parameter) in model.namedParameters {
            try expectClose(
                #require(found.1[name]), #require(try parameter.tensor.gradient()), tolerance: 1e-4, name)
        }
    }

    @Test func aLockedTowerIsBitForBitWhatItWas() throws {
        for kind in [Kind.vit, .eva, .resNet, .bert] {
            let trainer = try Self.trainer(kind, microBatchSize: 4) {
                $0.techniques.imageTower.isLocked = true
                $0.techniques.imageTower.freezesStatistics = true
                $0.weightDecay = 0.5
            }
            let (image, text) = (try Self.values(trainer.model.visual), try Self.values(trainer.model.text))
            let statistics = try trainer.model.namedBuffers.map { try $0.buffer.tensor.bytes() }
            for _ in 0..<3 { _ = try withSeed(2) { try trainer.train(on: Self.batch(kind)) } }
            #expect(try Self.values(trainer.model.visual) == image)
            #expect(try trainer.model.namedBuffers.map { try $0.buffer.tensor.bytes() } == statistics)
            #expect(try Self.values(trainer.model.text) != text)
            #expect(trainer.optimizer.groups.allSatisfy { $0.names.allSatisfy { !$0.hasPrefix("visual.") } })
            let moments = try trainer.optimizer.state().keys
            #expect(moments.allSatisfy { !$0.contains("visual.") })
        }
    }

    @Test func theLastGroupsOfALockedTowerMove() throws {
        let trainer = try Self.trainer(.vit) {
            $0.techniques.textTower.isLocked = true
            $0.techniques.textTower.unlockedGroups = 2
        }
        let before = try Self.values(trainer.model.text)
        _ = try withSeed(2) { try trainer.train(on: Self.batch(.vit)) }
        let after = try Self.values(trainer.model.text)
        for name in before.keys {
            let isUnlocked = ["blocks.2.", "final_norm.", "projection"].contains { name.hasPrefix($0) }
            #expect((before[name] != after[name]) == isUnlocked, "\(name)")
        }
    }

    @Test func bothTowersLockedLeaveTheTemperature() throws {
        let trainer = try Self.trainer(.vit, microBatchSize: 4) {
            $0.techniques.textTower.isLocked = true
            $0.techniques.imageTower.isLocked = true
        }
        let before = try trainer.model.logitScale.tensor.item()
        _ = try withSeed(2) { try trainer.train(on: Self.batch(.vit)) }
        #expect(try trainer.model.logitScale.tensor.item() != before)
        #expect(trainer.optimizer.groups.flatMap(\.names) == ["logit_scale"])
    }

    @Test func theAverageFollowsTheSteps() throws {
        let trainer = try Self.trainer(.vit) { $0.techniques.averageDecay = 0.5 }
        let average = try #require(trainer.movingAverage)
        var expected = try trainer.model.logitScale.tensor.item()
        for step in 1...4 {
            let value = try trainer.train(on: Self.batch(.vit)).logitScale
            let share = min(0.5, Double(1 + step) / Double(10 + step))
            expected = share * expected + (1 - share) * value
        }
        #expect(abs(try average.withAverage { try trainer.model.logitScale.tensor.item() } - expected) < 1e-6)
    }

    @Test func aResNetHasNoPatchesToLeaveOut() throws {
        let error = #expect(throws: TrainingError.self) {
            try Self.trainer(.resNet) { $0.techniques.patchDropout = 0.5 }
        }
        #expect(error?.description.contains("patch") == true)
    }

    @Test func settingsSurviveJSONAndImpossibleOnesAreRefused() throws {
        var techniques = TechniqueConfiguration()
        techniques.schedule = .constantWithCooldown(steps: 7, endRate: 1e-5, power: 2)
        techniques.textTower.learningRate = 0.1
        techniques.averageDecay = 0.99
        let data = try JSONEncoder().encode(techniques)
        #expect(try JSONDecoder().decode(TechniqueConfiguration.self, from: data) == techniques)
        try techniques.validate()
        let bad: [(inout TechniqueConfiguration) -> Void] = [
            { $0.patchDropout = 1 }, { $0.patchDropout = .nan }, { $0.averageDecay = 1 },
            { $0.imageTower.layerDecay = 0 }, { $0.textTower.unlockedGroups = 1 },
            { $0.imageTower.learningRate = -1 }, { $0.textTower.weightDecay = .infinity },
            { $0.schedule = .constantWithCooldown(steps: 1, endRate: 0, power: 0) },
        ]
        for change in bad {
            var broken = TechniqueConfiguration()
            change(&broken)
            #expect(throws: TrainingError.self) { try broken.validate() }
        }
    }
}

@Suite struct ParameterGroupTests {
    @Test func withoutTechniquesThereAreTwoGroups() throws {
        let trainer = try TechniqueTests.trainer(.vit)
        #expect(trainer.optimizer.groups.map(\.learningRateFactor) == [1, 1])
        #expect(trainer.optimizer.groups.map(\.weightDecay) == [0.2, 0])
        #expect(Set(trainer.optimizer.groups.flatMap(\.names)) == Set(trainer.model.namedParameters.map(\.name)))
    }

    /// BEiT's and EVA-CLIP's factors: d^(L+1−l).
    @Test(arguments: [TechniqueTests.Kind.vit, .eva, .resNet, .bert])
    func earlierLayersMoveLess(_ kind: TechniqueTests.Kind) throws {
        let trainer = try TechniqueTests.trainer(kind) {
            $0.techniques.imageTower.layerDecay = 0.5
            $0.techniques.imageTower.learningRate = 2e-3
            $0.techniques.textTower.layerDecay = 0.8
            $0.techniques.textTower.weightDecay = 0.01
        }
        let layers = Double(try trainer.model.visual.layerCount)
        var factors: [String: Double] = [:]
        var decays: [String: Double] = [:]
        for group in trainer.optimizer.groups {
            for name in group.names {
                factors[name] = group.learningRateFactor
                decays[name] = group.weightDecay
            }
        }
        #expect(factors.count == trainer.model.namedParameters.count)
        #expect(factors["logit_scale"] == 1)
        func near(_ name: String, _ wanted: Double) {
            #expect(abs((factors[name] ?? .nan) - wanted) < 1e-12, "\(name): \(factors[name] ?? .nan)")
        }
        near("text.token_embedding.weight", pow(0.8, 4))
        near("text.blocks.0.attention.in_weight", pow(0.8, 3))
        near("text.blocks.2.attention.in_weight", 0.8)
        near("text.projection", 1)
        #expect(decays["text.projection"] == 0.01)
        #expect(decays["text.blocks.0.norm1.weight"] == 0)
        if kind == .resNet {
            near("visual.stem.convolution1.weight", 2 * pow(0.5, layers + 1))
            near("visual.stages.0.blocks.0.convolution1.weight", 2 * pow(0.5, layers))
            near("visual.stages.3.blocks.0.norm1.bias", 2 * 0.5)
            near("visual.attention_pool.output.weight", 2)
        } else {
            near("visual.patches.weight", 2 * pow(0.5, 4))
            near("visual.class_embedding", 2 * pow(0.5, 4))
            near("visual.blocks.1.norm1.weight", 2 * pow(0.5, 2))
            near("visual.post_norm.weight", 2)
            #expect(decays["visual.patches.weight"] == 0.2)
        }
    }

    /// A step's size shows the rate: AdamW's first step is the rate itself, whatever the gradient.
    @Test func ratesReachTheStep() throws {
        let trainer = try TechniqueTests.trainer(.vit) {
            $0.weightDecay = 0
            $0.gradientNorm = nil
            $0.epsilon = 1e-30
            $0.techniques.imageTower.layerDecay = 0.5
            $0.techniques.schedule = .constant
        }
        let names = ["patches.weight": 4, "blocks.0.feed_forward.expand.weight": 3, "projection": 0]
        let before = try trainer.model.visual.state().mapValues { try $0.copied() }
        _ = try withSeed(2) { try trainer.train(on: TechniqueTests.batch(.vit)) }
        let after = try trainer.model.visual.state()
        for (name, power) in names {
            let moved = try (#require(after[name]) - #require(before[name])).elements(Double.self).map(abs).max() ?? 0
            #expect(abs(moved / (1e-3 * pow(0.5, Double(power))) - 1) < 2e-3, "\(name) moved by \(moved)")
        }
    }
}

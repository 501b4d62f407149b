import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Tiny models of every kind of tower, for what training does to towers.
struct TrainedTower: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let configuration: ModelConfiguration
    let firstToken: Int32

    static let all: [TrainedTower] = [
        .init(testDescription: "ViT", configuration: shape(vision), firstToken: 1),
        .init(testDescription: "SigLIP", configuration: sigLIP, firstToken: 1),
        .init(testDescription: "EVA", configuration: shape(eva), firstToken: 1),
        .init(testDescription: "ResNet", configuration: shape(resNet), firstToken: 1),
        .init(testDescription: "ConvNeXt", configuration: shape(convNeXt), firstToken: 1),
        .init(testDescription: "BERT", configuration: bert, firstToken: 1),
    ]

    private static let vision = VisionTransformerConfiguration(
        imageSize: 32, patchSize: 8, width: 16, layers: 3, headWidth: 8)
    private static let eva = EVAConfiguration(
        imageSize: 32, patchSize: 8, width: 16, layers: 3, headCount: 2, hiddenWidth: 24)
    private static let resNet = ResNetConfiguration(imageSize: 64, layers: [1, 2, 1, 1], width: 8, headCount: 4)
    private static let convNeXt = ConvNeXtConfiguration(
        imageSize: 64, layers: [1, 1, 2, 1], widths: [8, 12, 16, 24], dropPath: 0.5)
    private static var words: TextTransformerConfiguration {
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 3)
        words.contextLength = 9
        words.vocabularySize = 50
        return words
    }
    private static func shape(_ vision: any ImageTowerConfiguration) -> ModelConfiguration {
        ModelConfiguration(embeddingSize: 10, vision: vision, text: words)
    }
    private static var sigLIP: ModelConfiguration {
        var words = words
        words.isCausal = false
        words.pooling = .last
        words.projection = .linear
        let tower = VisionTransformerConfiguration.sigLIP(
            imageSize: 32, patchSize: 8, width: 16, layers: 3, headCount: 2, hiddenWidth: 32)
        return ModelConfiguration(embeddingSize: 16, vision: tower, text: words)
    }
    private static var bert: ModelConfiguration {
        var words = BERTConfiguration(width: 12, headCount: 2, layers: 3, hiddenWidth: 24)
        words.contextLength = 9
        words.positionCount = 12
        words.vocabularySize = 50
        return ModelConfiguration(embeddingSize: 10, vision: vision, text: words)
    }

    func model() throws -> DualEncoder {
        let model = try withSeed(11) { try DualEncoder(configuration) }
        // A branch that begins at zero would hide whatever is wrong inside.
        for norm in model.modules(of: BatchNorm2d.self) { try norm.weight.tensor.detached().fillInPlace(1) }
        for block in model.modules(of: ConvNeXtBlock.self) { try block.scale.tensor.detached().fillInPlace(0.5) }
        return model
    }

    var pictures: Tensor {
        get throws {
            let size = try #require(configuration.imageSize)
            return try Tensor.normal([5, 3, size, size])
        }
    }

    /// Of three lengths, full rows for towers that read padding.
    var captions: [[Int32]] {
        let rows: [[Int32]] = [
            [1, 5, 49], [1, 7, 8, 9, 49], [1, 4, 3, 49], [1, 30, 49], [1, 2, 3, 4, 5, 6, 7, 8, 49],
        ]
        guard let tower = configuration.text as? TextTransformerConfiguration, tower.readsPadding else { return rows }
        return rows.map { $0 + Array(repeating: 0, count: 9 - $0.count) }
    }

    /// Every parameter's gradient of a fixed function of both embeddings.
    func gradients(_ model: DualEncoder, pictures: Tensor) throws -> [String: Tensor] {
        for parameter in model.parameters { try parameter.tensor.setGradient(nil) }
        let image = try model.encode(pictures: pictures)
        let text = try model.encode(captions: captions)
        let value = try (image.normalized() * 3).sigmoid().sum() + (text.normalized() * 2).sigmoid().sum()
        try value.backward()
        var found: [String: Tensor] = [:]
        for (name, parameter) in model.namedParameters { found[name] = try parameter.tensor.gradient()?.copied() }
        return found
    }
}

@Suite struct TowerTechniqueTests {
    @Test(arguments: TrainedTower.all) func recomputedBlocksGiveTheSameGradients(_ tower: TrainedTower) throws {
        try withSeed(11) {
            let model = try tower.model()
            let pictures = try tower.pictures
            model.setTraining(true)
            if let dropout = try model.visual.patchDropout { dropout.probability = 0.5 }
            let random = try Engine.randomState()
            let plain = try tower.gradients(model, pictures: pictures)
            // Statistics move once a pass, recomputed or not.
            let before = try model.namedBuffers.map { try $0.buffer.tensor.copied() }
            for buffer in model.namedBuffers { try buffer.buffer.reset() }
            try Engine.setRandomState(random)
            try model.visual.recomputesBlocks = true
            try model.text.recomputesBlocks = true
            let again = try tower.gradients(model, pictures: pictures)
            #expect(Set(plain.keys) == Set(again.keys))
            #expect(plain.count > 20)
            for (name, wanted) in plain { try expectClose(#require(again[name]), wanted, tolerance: 1e-5, name) }
            for ((name, buffer), old) in zip(model.namedBuffers, before) {
                try expectClose(buffer.tensor, old, tolerance: 1e-6, name)
            }
        }
    }

    @Test(arguments: TrainedTower.all) func parametersBelongToTheirLayers(_ tower: TrainedTower) throws {
        let model = try withSeed(12) { try tower.model() }
        for part in model.towers {
            let layers = part.namedParameters.map { part.layer(of: $0.name) }
            // From embeddings to head, none left out.
            #expect(Set(layers) == Set(0...part.layerCount + 1))
        }
    }

    /// timm's groups of a ConvNeXt, and open_clip's projection, which is outside of what it locks.
    @Test func aLockedConvNeXtTrainsItsProjection() throws {
        try withSeed(13) {
            let tower = try #require(TrainedTower.all.first { $0.testDescription == "ConvNeXt" })
            let model = try tower.model()
            func trained(_ unlocked: Int) throws -> Set<String> {
                try model.visual.lock(unlockedGroups: unlocked)
                let found = try tower.gradients(model, pictures: tower.pictures).keys
                return Set(
                    found.filter { $0.hasPrefix("visual.") }.map { $0.split(separator: ".").dropFirst().first! }.map(
                        String.init))
            }
            #expect(try trained(0) == ["head"])
            #expect(try trained(1) == ["head", "post_norm"])
            #expect(try trained(2) == ["head", "post_norm", "stages"])
            let stages = try model.visual.namedParameters.filter {
                $0.parameter.isTrainable && $0.name.hasPrefix("stages")
            }
            #expect(
                stages.allSatisfy { $0.name.hasPrefix("stages.3.") }
                    && stages.contains { $0.name.contains("reduction") })
            #expect(try trained(7) == ["head", "post_norm", "stages", "stem"])
        }
    }

    /// timm's shares: 0 for the first block, evenly up to the last's; a sample passes a block whole or not at all.
    @Test func aConvNeXtsBlocksArePassedInTraining() throws {
        try withSeed(15) {
            let tower = try #require(TrainedTower.all.first { $0.testDescription == "ConvNeXt" })
            let model = try tower.model()
            let blocks = try model.visual.modules(of: ConvNeXtBlock.self)
            #expect(blocks.map(\.dropPath.probability) == [0, 0.125, 0.25, 0.375, 0.5])
            let block = try #require(blocks.last)
            let states = try Tensor.normal([64, 2, 2, 24])
            let used = try block(states)
            model.setTraining(true)
            let seen = try block(states)
            let (whole, scaled) = (try used - states, try seen - states)
            var passed = 0
            for row in 0..<64 {
                let (full, own) = (try whole.slice(row..<row + 1), try scaled.slice(row..<row + 1))
                let isPassed = try own.elements(Float.self).allSatisfy { $0 == 0 }
                if isPassed { passed += 1 } else { try expectClose(own, full * 2, tolerance: 1e-4, "row \(row)") }
            }
            #expect((20...44).contains(passed))
            model.setTraining(false)
            try expectClose(block(states), used, tolerance: 0)
        }
    }

    @Test(arguments: TrainedTower.all.filter { $0.testDescription != "ConvNeXt" })
    func aLockedTowerKeepsItsLastGroupsOnly(_ tower: TrainedTower) throws {
        try withSeed(13) {
            let model = try tower.model()
            try model.visual.lock()
            #expect(try !model.visual.isTrainable)
            let pictures = try tower.pictures
            #expect(try !model.encode(pictures: pictures).requiresGradient)
            let reached = try tower.gradients(model, pictures: pictures).keys
            #expect(reached.allSatisfy { !$0.hasPrefix("visual.") })
            let layers = try model.visual.layerCount
            try model.visual.lock(unlockedGroups: 2)
            for (name, parameter) in try model.visual.namedParameters {
                let isNorm = name.hasPrefix("post_norm.")
                #expect(try parameter.isTrainable == (model.visual.layer(of: name) >= layers || isNorm), "\(name)")
            }
            let found = try tower.gradients(model, pictures: pictures).keys.filter { $0.hasPrefix("visual.") }
            let trained = try model.visual.namedParameters.filter(\.parameter.isTrainable).map { "visual." + $0.name }
            #expect(Set(found) == Set(trained))
            // Recomputed blocks after a locked beginning have inputs without gradients.
            let plain = try tower.gradients(model, pictures: pictures)
            try model.visual.recomputesBlocks = true
            for (name, gradient) in try tower.gradients(model, pictures: pictures) {
                try expectClose(gradient, #require(plain[name]), tolerance: 1e-5, name)
            }
            try model.visual.lock(unlockedGroups: 100)
            #expect(try model.visual.parameters.allSatisfy { $0.isTrainable })
        }
    }

    @Test func lockedStatisticsCanBeFrozen() throws {
        try withSeed(14) {
            let tower = TrainedTower.all[3]
            let model = try tower.model()
            try model.visual.lock(unlockedGroups: 2, freezesStatistics: true)
            model.setTraining(true)
            _ = try model.encode(pictures: tower.pictures)
            for norm in model.modules(of: BatchNorm2d.self) {
                let moved = try norm.runningMean.tensor.elements(Float.self).contains { $0 != 0 }
                #expect(norm.isFrozen != norm.weight.isTrainable)
                #expect(moved == norm.weight.isTrainable)
            }
        }
    }
}

@Suite struct TowerPatchDropoutTests {
    private static let dropping = TrainedTower.all.filter { !["ResNet", "ConvNeXt"].contains($0.testDescription) }

    @Test(arguments: dropping) func evaluationSeesEveryPatch(_ tower: TrainedTower) throws {
        try withSeed(21) {
            let model = try tower.model()
            let pictures = try tower.pictures
            let before = try model.encode(pictures: pictures)
            let dropout = try #require(model.visual.patchDropout)
            dropout.probability = 0.5
            try expectClose(model.encode(pictures: pictures), before, tolerance: 0)
            model.setTraining(true)
            let (first, second) = (try model.encode(pictures: pictures), try model.encode(pictures: pictures))
            #expect(first.shape == before.shape)
            #expect(try first.bytes() != second.bytes())
            model.setTraining(false)
            try expectClose(model.encode(pictures: pictures), before, tolerance: 0)
        }
    }

    /// With the same patches for every picture, dropout equals a tower that never had the others: positions and
    /// rotations go with their patches, and the class token stays.
    @Test(arguments: dropping) func aKeptPatchKeepsItsPosition(_ tower: TrainedTower) throws {
        try withSeed(22) {
            let model = try tower.model()
            let picture = try Tensor.normal([1, 3, 32, 32])
            let noise = try Tensor.normal([1, 3, 32, 32])
            let dropout = try #require(model.visual.patchDropout)
            dropout.probability = 0.5
            model.setTraining(true)
            let random = try Engine.randomState()
            let dropped = try model.encode(pictures: picture)
            try Engine.setRandomState(random)
            let choice = try dropout.choice(batch: 1, count: 16, device: .cpu)
            let kept = Set(try #require(choice).elements(Int64.self))
            #expect(kept.count == 8)
            // Patches that were left out may hold anything.
            var mask = [Float](repeating: 0, count: 32 * 32)
            for place in 0..<16 where kept.contains(Int64(place)) {
                for pixel in 0..<64 {
                    mask[(place / 4 * 8 + pixel / 8) * 32 + place % 4 * 8 + pixel % 8] = 1
                }
            }
            let shown = try Tensor(mask, shape: [1, 1, 32, 32])
            try Engine.setRandomState(random)
            let other = try model.encode(pictures: picture * shown + noise * (shown * -1 + 1))
            try expectClose(other, dropped, tolerance: 1e-6, "left out patches changed the embedding")
            // Kept ones in other places are another picture.
            try Engine.setRandomState(random)
            let moved = try model.encode(pictures: (picture * shown).flipped([3]))
            #expect(try moved.bytes() != dropped.bytes())
        }
    }

    /// Two pictures in one batch are as each by itself.
    @Test func theSameChoiceGivesTheSameStates() throws {
        try withSeed(23) {
            let grid = 4
            let rotation = try RotaryPositions(gridSize: grid, referenceGrid: 4, headWidth: 8)
            let states = try Tensor.normal([2, 3, 17, 8])
            let places = try Tensor([5, 2, 15, 0, 7, 7] as [Int64], shape: [2, 3])
            let whole = try rotation(states)
            for picture in 0..<2 {
                let rows = [0] + (try places.select(picture).elements(Int64.self)).map { $0 + 1 }
                let index = try Tensor(rows)
                let wanted = try whole.slice(picture..<picture + 1).rows(index, dimension: 2)
                let own = try states.slice(picture..<picture + 1).rows(index, dimension: 2)
                let found = try rotation.kept(places.slice(picture..<picture + 1))(own)
                try expectClose(found, wanted, tolerance: 1e-6)
            }
        }
    }
}

@Suite struct HiddenProjectionTests {
    @Test func twoLayersSurviveTheirDirectory() throws {
        let shape = TrainedTower.all[0].configuration
        let changed = try shape.with(hiddenProjections: true, source: "test")
        let model = try withSeed(31) { try DualEncoder(changed) }
        let (width, embedding) = (16, 10)
        #expect(model.parameterCount == changed.parameterCount)
        #expect(changed.visionParameterCount == shape.visionParameterCount + width * width)
        #expect(try model.visual.namedParameters.contains { $0.name == "hidden_projection.contract.weight" })
        let pictures = try withSeed(32) { try TrainedTower.all[0].pictures }
        let wanted = (try model.encode(pictures: pictures), try model.encode(captions: TrainedTower.all[0].captions))
        #expect(wanted.0.shape == [5, embedding])
        try withTemporaryDirectory { folder in
            let directory = ModelDirectory(folder + "/model")
            try directory.write(model, preprocess: #require(PreprocessConfiguration(for: changed)), dtype: nil)
            let read = try directory.configuration().model
            #expect(read == changed)
            let again = try withSeed(31) { try DualEncoder(read) }
            try Weights.load(directory.weightsPath, into: again, called: "test")
            try expectClose(again.encode(pictures: pictures), wanted.0, tolerance: 1e-5)
            try expectClose(again.encode(captions: TrainedTower.all[0].captions), wanted.1, tolerance: 1e-5)
        }
        #expect(throws: CLIPError.self) { try HuggingFaceConfiguration.writing(changed) }
        #expect(!changed.isOpenAIs)
        #expect(try changed.with(hiddenProjections: false, source: "test") == shape)
    }

    @Test func towersThatEndInSomethingElseRefuse() throws {
        for tower in TrainedTower.all.dropFirst() {
            #expect(throws: CLIPError.self) { try tower.configuration.with(hiddenProjections: true, source: "x") }
        }
    }
}

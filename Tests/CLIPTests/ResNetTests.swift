import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// CLIP's ResNets give the numbers of OpenAI's, open_clip's and Chinese-CLIP's code.
@Suite struct ResNetTests {
    private let fixture = ResNetTests.fixtures[0]

    static let fixtures = [
        FamilyFixture(name: "open_clip-rn"),
        FamilyFixture(name: "openai-rn", weightsName: "model.pt", shape: openAIShape),
        FamilyFixture(name: "chinese-clip-rn", weightsName: "clip_cn_rn50.pt", shape: chineseShape),
    ]

    private static var openAIShape: ModelConfiguration {
        var text = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        (text.contextLength, text.vocabularySize, text.activation) = (16, 300, .quickGELU)
        return ModelConfiguration(
            embeddingSize: 20, vision: ResNetConfiguration(imageSize: 64, layers: [1, 1, 1, 1], width: 2),
            text: text)
    }

    private static var chineseShape: ModelConfiguration {
        var text = BERTConfiguration(width: 12, headCount: 2, layers: 3, hiddenWidth: 40)
        (text.contextLength, text.vocabularySize, text.positionCount) = (12, 140, 24)
        return ModelConfiguration(
            embeddingSize: 20,
            vision: ResNetConfiguration(imageSize: 64, layers: [1, 1, 1, 1], width: 2, headCount: 2), text: text)
    }

    private func model() throws -> DualEncoder { try fixture.model() }

    private func tower(_ model: DualEncoder) throws -> ModifiedResNet { try #require(model.visual as? ModifiedResNet) }

    @Test(arguments: fixtures) func towersGiveTheirAuthorsEmbeddings(_ fixture: FamilyFixture) throws {
        try expectReferenceEmbeddings(fixture.model(), fixture.expected(), fixture.name)
    }

    @Test func askingForTheMeanAloneIsExact() throws {
        let model = try model()
        let pixels = try #require(try fixture.expected()["pixels"])
        try Engine.inference {
            let fast = try model.visual(pixels)
            try model.visual.shortcuts.readsOnlyPooled = false
            try expectClose(fast, model.visual(pixels), tolerance: 1e-6)
        }
    }

    @Test func bfloat16StaysClose() throws {
        let model = try model()
        let expected = try fixture.expected()
        try model.prepare(computingIn: .bfloat16, on: .cpu)
        try Engine.inference {
            let pictures = try model.encode(pictures: #require(expected["pixels"]))
            #expect(pictures.dtype == .bfloat16)
            try expectClose(pictures, #require(expected["image"]), tolerance: 5e-2)
        }
    }

    @Test func everyEntryIsSavedAsItWas() throws {
        let model = try model()
        let original = try TensorFile.read(fixture.path(ModelDirectory.weightsName))
        #expect(original.keys.contains("visual.layer1.0.downsample.1.num_batches_tracked"))
        try withTemporaryDirectory { directory in
            let path = directory + "/saved.safetensors"
            try Weights.save(model, to: path)
            let saved = try TensorFile.read(path)
            #expect(Set(saved.keys) == Set(original.keys))
            for (name, tensor) in original {
                #expect(try saved[name]?.bytes() == tensor.bytes(), "\(name)")
                #expect(saved[name]?.dtype == tensor.dtype, "\(name)")
            }
            try Weights.save(model, to: path, dtype: .bfloat16)
            let halved = try TensorFile.read(path)
            #expect(halved["visual.bn1.num_batches_tracked"]?.dtype == .int64)
            #expect(halved["visual.bn1.running_var"]?.dtype == .float32)
            #expect(halved["visual.bn1.weight"]?.dtype == .bfloat16)
        }
    }

    @Test func onlyCountersMayBeMissing() throws {
        var entries = try TensorFile.read(fixture.path(ModelDirectory.weightsName))
        for name in entries.keys where name.hasSuffix("num_batches_tracked") { entries[name] = nil }
        let model = try fixture.emptyModel()
        try model.load(entries)
        entries["visual.layer3.0.bn2.running_mean"] = nil
        let error = #expect(throws: CLIPError.self) { try model.load(entries) }
        guard case .weightsMismatch(_, _, let mismatch) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(mismatch.missing == ["visual.layer3.0.bn2.running_mean"])
        #expect(mismatch.unexpected.isEmpty && mismatch.misshaped.isEmpty)
    }

    @Test func theLayoutIsReadBothWays() throws {
        let model = try model()
        let names = model.namedParameters.map(\.name) + model.namedBuffers.map(\.name)
        let known = Set(names)
        for name in names {
            let place = try #require(ParameterLayout.openCLIPResNet.place(of: name), "\(name)")
            let found = ParameterLayout.openCLIPResNet.parameter(of: place.names[0]) { known.contains($0) }
            #expect(found?.name == name)
        }
    }

    @Test func picturesOfAnotherSizeAreRefused() throws {
        let model = try model()
        #expect(throws: TorchError.self) { try model.visual(Tensor.zeros([1, 3, 32, 32])) }
        #expect(throws: TorchError.self) { try model.visual(Tensor.zeros([3, 64, 64])) }
    }

    /// OpenAI's counts, with the temperature.
    @Test(arguments: [
        ("RN50", 102_007_137), ("RN101", 119_688_033), ("RN50x4", 178_300_601), ("RN50x16", 290_979_217),
        ("RN50x64", 623_258_305), ("RN50-quickgelu", 102_007_137),
    ])
    func builtInModelsHaveThePublishedSize(_ name: String, _ count: Int) throws {
        let configuration = try #require(BuiltInModels.configuration(named: name))
        #expect(configuration.parameterCount == count)
        guard let tower = configuration.vision as? ResNetConfiguration else {
            Issue.record("\(name) is no ResNet")
            return
        }
        let heads = ["RN50x4": 40, "RN50x16": 48, "RN50x64": 64][name] ?? 32
        let positions = ["RN50x4": 82, "RN50x16": 145, "RN50x64": 197][name] ?? 50
        #expect(tower.headCount == heads && tower.gridSize * tower.gridSize + 1 == positions)
    }

    @Test(arguments: ["RN50", "RN101"]) func theCountIsThatOfTheRealTower(_ name: String) throws {
        let configuration = try #require(BuiltInModels.configuration(named: name))
        let tower = try Initializer.skipping {
            try configuration.imageTower().makeTower(embeddingSize: configuration.embeddingSize)
        }
        #expect(tower.parameterCount == configuration.visionParameterCount)
        let norms = tower.modules(of: BatchNorm2d.self).count
        #expect(norms == (name == "RN50" ? 55 : 106))
        #expect(tower.namedBuffers.count == 3 * norms)
    }

    @Test func initialValuesHaveThePapersSpread() throws {
        let configuration = ResNetConfiguration(imageSize: 64, layers: [1, 2, 1, 1], width: 8)
        let tower = try withSeed(3) { try ModifiedResNet(configuration, embeddingSize: 64) }
        for block in tower.stages.flatMap(\.blocks) {
            #expect(try block.norm3.weight.tensor.elements(Float.self).allSatisfy { $0 == 0 })
            #expect(try block.norm1.weight.tensor.elements(Float.self).allSatisfy { $0 == 1 })
        }
        let pool = tower.attentionPool
        let projections = [pool.query.weight, pool.key.weight, pool.value.weight, pool.output.weight]
        for parameter in projections + [pool.positionalEmbedding] {
            let values = try parameter.tensor.elements(Double.self)
            let deviation = (values.map { $0 * $0 }.reduce(0, +) / Double(values.count)).squareRoot()
            #expect(abs(deviation * 16 - 1) < 0.1)
        }
    }
}

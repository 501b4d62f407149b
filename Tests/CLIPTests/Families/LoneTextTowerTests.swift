import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// What is there of a model that is published without its image tower.
@Suite struct LoneTextTowerTests {
    private let family = FamilyModel.clipHuggingFace

    private var configuration: ModelConfiguration {
        var configuration = family.configuration
        configuration.vision = nil
        return configuration
    }

    /// The pair's text tower with the pair's own weights.
    private func lone(of pair: DualEncoder) throws -> DualEncoder {
        let model = try Initializer.skipping { try DualEncoder(configuration) }
        try model.text.load(pair.text.state())
        return model
    }

    @Test func itHasTheTextTowersParametersAndNoOthers() throws {
        let model = try Initializer.skipping { try DualEncoder(configuration) }
        #expect(model.namedParameters.allSatisfy { $0.name.hasPrefix("text.") })
        #expect(model.parameterCount == configuration.parameterCount)
        #expect(configuration.visionParameterCount == 0 && configuration.imageSize == nil)
        #expect(configuration.traits.keys.allSatisfy { $0.hasPrefix("text ") })
    }

    @Test func itEncodesTextsAsThePairDoes() throws {
        let pair = try family.model()
        let captions = try family.captions()
        try Engine.inference {
            try expectClose(lone(of: pair).encode(captions: captions), pair.encode(captions: captions), tolerance: 0)
        }
    }

    @Test func whatNeedsPicturesIsRefusedByName() throws {
        let model = try Initializer.skipping { try DualEncoder(configuration) }
        #expect(!model.readsPictures && model.logitBias == nil)
        #expect(throws: CLIPError.noImageTower) { try model.encode(pictures: Tensor.zeros([1, 3, 32, 32])) }
        #expect(throws: CLIPError.noImageTower) { try model.visual }
        #expect(throws: CLIPError.noImageTower) { try model.temperatureScale() }
        #expect(throws: CLIPError.noImageTower) {
            try configuration.resized(imageSize: 64, contextLength: nil, source: "x")
        }
        #expect(PreprocessConfiguration(for: configuration) == nil)
        let description = ModelDescription(
            name: "lone", configuration: configuration, preprocess: nil, weightsPath: nil)
        #expect(throws: CLIPError.noImageTower) { try description.preprocess }
        let error = #expect(throws: CLIPError.self) { try configuration.openCLIPObject() }
        guard case .unsupportedConversion = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func itIsAnotherShapeThanThePair() {
        #expect(configuration == configuration)
        #expect(configuration != family.configuration && family.configuration != configuration)
    }

    /// A tower that is not recognized must not be there at all.
    @Test func aFilesLoneTowerIsRecognizedWhereNothingElseIsInIt() throws {
        let entries = try family.checkpoint().tensors.filter { $0.key.hasPrefix("text_") }
        func detected(_ entries: [String: Tensor]) throws -> ParameterLayout {
            try ParameterLayout.detected(in: Checkpoint(path: "test", format: .safetensors, tensors: entries))
        }
        let layout = try detected(entries)
        #expect(layout.name == "Hugging Face")
        let source = WeightsSource(
            checkpoint: Checkpoint(path: "test", format: .safetensors, tensors: entries), layout: layout,
            configuration: configuration, resamplesPositions: false)
        let model = try Initializer.skipping { try DualEncoder(configuration) }
        try Weights.load(source, into: model, called: "lone")
        let written = try StateTranslation(layout: layout).checkpointState(model.state())
        #expect(written.keys.allSatisfy { entries[$0] != nil })
        var foreign = entries
        foreign["vision_model.something.weight"] = try Tensor.zeros([1])
        #expect(throws: CLIPError.self) { try detected(foreign) }
    }
}

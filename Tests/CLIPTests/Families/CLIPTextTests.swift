import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// CLIP's text tower as Hugging Face's library saves it alone, against that library: see
/// `Fixtures/families/text_towers.py`.
@Suite struct CLIPTextTests {
    static let names = ["lone-text", "lone-text-bare", "lone-text-projection", "lone-text-projection-eos"]

    private func path(_ name: String) throws -> String { try FixtureModel.root() + "/families/" + name }

    private func expected(_ name: String) throws -> [String: Tensor] {
        try TensorFile.read(path(name) + "/expected.safetensors")
    }

    private func load(_ path: String) throws -> (model: DualEncoder, source: WeightsSource) {
        let source = try ModelCatalog.description(of: path).weightsSource()
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        try Weights.load(source, into: model, called: path)
        return (model, source)
    }

    private func published(_ name: String) throws -> (ModelConfiguration, TextTransformerConfiguration) {
        let file = try FixtureModel.root() + "/published/\(name).json"
        let object = try ConfigurationObject(Data(contentsOf: URL(fileURLWithPath: file)), source: name)
        let model = try HuggingFaceConfiguration.model(object)
        return (model, try #require(model.text as? TextTransformerConfiguration))
    }

    @Test(arguments: names) func embeddingsAreTheLibrarys(_ name: String) throws {
        let (expected, model) = (try expected(name), try load(path(name)).model)
        #expect(!model.readsPictures)
        try Engine.inference {
            let captions = try FixtureModel.rows(#require(expected["tokens"]))
            try expectClose(model.encode(captions: captions), #require(expected["text"]), tolerance: 1e-5, name)
        }
    }

    @Test(arguments: names) func gradientsAreTheLibrarys(_ name: String) throws {
        let expected = try expected(name)
        let (model, source) = try load(path(name))
        let captions = try FixtureModel.rows(#require(expected["tokens"]))
        try (model.encode(captions: captions) * #require(expected["weights"])).sum().backward()
        var gradients: [String: Tensor] = [:]
        for (parameter, value) in model.namedParameters {
            let gradient = try #require(try value.tensor.gradient(), "\(parameter)")
            gradients[parameter] = gradient
        }
        let entries = try StateTranslation(layout: source.layout).checkpointState(gradients)
        #expect(entries.count == expected.keys.filter { $0.hasPrefix("gradient.") }.count)
        // The keys' biases shift all scores of a row alike, so their gradients are nothing but rounding.
        for (entry, gradient) in entries where !entry.hasSuffix("k_proj.bias") {
            let reference = try #require(expected["gradient." + entry], "\(entry)")
            try expectClose(gradient, reference, tolerance: 1e-4, "\(name) \(entry)")
        }
    }

    @Test(arguments: names) func stringsGoToVectors(_ name: String) throws {
        let file = URL(fileURLWithPath: try path(name) + "/expected.json")
        guard let texts = try JSONDecoder().decode(FamilyTests.Family.Inputs.self, from: Data(contentsOf: file)).texts
        else { return }
        let clip = try ModelCatalog.description(of: path(name)).loaded()
        try expectClose(
            clip.vectors(texts: texts, normalized: false), #require(expected(name)["text"]), tolerance: 1e-5, name)
    }

    @Test(arguments: names) func conversionKeepsValuesAndSpace(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let description = try ModelCatalog.description(of: path(name))
            try ModelConversion.convert(description, to: .huggingFace, at: folder + "/there")
            let written = try TensorFile.read(folder + "/there/model.safetensors")
            let original = try TensorFile.read(path(name) + "/model.safetensors")
            #expect(written.count == original.count)
            for (entry, tensor) in written {
                let bare = entry.hasPrefix("text_model.") ? String(entry.dropFirst("text_model.".count)) : entry
                #expect(entry != bare || entry == "text_projection.weight")
                let before = try #require(original[entry] ?? original[bare], "\(entry)")
                #expect(try tensor.shape == before.shape && tensor.bytes() == before.bytes(), "\(entry)")
            }
            let again = try ModelCatalog.description(of: folder + "/there")
            #expect(again.configuration == description.configuration)
            let space = try description.loaded().space(normalized: true)
            #expect(try again.loaded().space(normalized: true).fingerprint == space.fingerprint)
        }
    }

    @Test(arguments: [ModelConversion.Target.openCLIP, .openAI])
    func projectsWithoutLoneTowersAreRefused(_ target: ModelConversion.Target) throws {
        try withTemporaryDirectory { folder in
            let error = #expect(throws: CLIPError.self) {
                try ModelConversion.convert(
                    ModelCatalog.description(of: path("lone-text")), to: target, at: folder + "/there")
            }
            guard case .unsupportedConversion = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/there"))
        }
    }

    @Test func aReportSaysWhatIsEmbedded() throws {
        func report(_ name: String) throws -> CheckpointReport {
            try CheckpointReport(
                weights: path(name) + "/model.safetensors", as: ModelCatalog.description(of: path(name)))
        }
        let (plain, projecting) = (try report("lone-text-bare"), try report("lone-text-projection"))
        #expect(plain.problem == nil && projecting.problem == nil)
        #expect(plain.textEmbedding == "the pooled token's state after the final norm, without a projection")
        #expect(projecting.textEmbedding == nil)
        #expect(plain.embeddingSize == 12 && projecting.embeddingSize == 20)
        #expect(plain.layout == "Hugging Face (text tower)" && projecting.layout == "Hugging Face")
    }

    @Test func stableDiffusion2sTowerHas23Layers() throws {
        let (model, text) = try published("sd21-text_encoder")
        #expect(text.layers == 23 && text.width == 1024 && text.headCount == 16 && text.activation == .gelu)
        #expect(text.pooling == .highestToken && text.projection == .none && model.embeddingSize == 1024)
        #expect(model.parameterCount == 340_387_840)
    }

    @Test func publishedTowersAreRead() throws {
        let (first, firstText) = try published("sd15-text_encoder")
        #expect(firstText.activation == .quickGELU && firstText.projection == .none)
        #expect(first.parameterCount == 123_060_480)
        let (large, largeText) = try published("sdxl-text_encoder_2")
        #expect(largeText.projection == .matrix && largeText.pooling == .highestToken && largeText.activation == .gelu)
        #expect(large.embeddingSize == 1280 && large.parameterCount == 694_659_840)
        let (_, prior) = try published("cascade-prior-text_encoder")
        #expect(prior.projection == .matrix && prior.pooling == .firstToken(49_407))
    }

    @Test(arguments: [#"["CLIPModel"]"#, #""CLIPTextModel""#, "[1]"])
    func anotherClassIsRefused(_ classes: String) throws {
        let json = #"{"model_type": "clip_text_model", "architectures": \#(classes)}"#
        let error = #expect(throws: CLIPError.self) {
            try HuggingFaceConfiguration.model(ConfigurationObject(Data(json.utf8), source: "config.json"))
        }
        guard case .configuration("config.json", "architectures", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

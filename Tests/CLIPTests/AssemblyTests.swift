import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Models whose towers begin with other networks.
@Suite struct AssemblyTests {
    /// lite0 cannot be had in a fixture's size, so the image tower is drawn where a whole model is written.
    private static let vision = #"{"image_size": 32, "patch_size": 8, "width": 16, "head_width": 8, "layers": 1}"#

    private static func configuration(layers: Int, tokens: Int, positions: Int = 24) -> String {
        """
        {"model_cfg": {"embed_dim": 12, "vision_cfg": \(vision), "text_cfg": {"context_length": 8, "hf_model_name": "bert",
         "hf_model_config": {"hidden_size": 16, "num_hidden_layers": \(layers), "num_attention_heads": 2,
          "intermediate_size": 40, "vocab_size": \(tokens), "max_position_embeddings": \(positions)}}},
         "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic",
          "resize_mode": "squash"}}
        """
    }

    private static let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "狗", "dog", "##dog", "猫", "a"]

    /// A folder with a text network of two blocks and its vocabulary, a configuration and a vocabulary.
    private func prepare(
        in folder: String, layers: Int = 2, tokens: [String] = AssemblyTests.tokens, positions: Int = 24
    ) throws -> ModelAssembly {
        let whole = try FamilyModel.bert.checkpoint().tensors
        let prefix = "text.transformer."
        var entries: [String: Tensor] = [:]
        for (name, tensor) in whole where name.hasPrefix(prefix) {
            entries[String(name.dropFirst(prefix.count))] = tensor
        }
        entries["pooler.dense.weight"] = try Tensor.zeros([16, 16])
        try FileManager.default.createDirectory(atPath: folder + "/bert", withIntermediateDirectories: true)
        try TensorFile.write(entries, to: folder + "/bert/model.safetensors")
        try FileManager.default.copyItem(
            atPath: FamilyModel.bert.path() + "/vocab.txt", toPath: folder + "/bert/vocab.txt")
        try Data(Self.configuration(layers: layers, tokens: tokens.count, positions: positions).utf8)
            .write(to: URL(fileURLWithPath: folder + "/model.json"))
        try Data((tokens.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/words.txt"))
        var assembly = ModelAssembly(configuration: folder + "/model.json")
        assembly.textWeights = folder + "/bert"
        assembly.vocabulary = folder + "/words.txt"
        return assembly
    }

    @Test func tokensAndBlocksAreTaken() throws {
        try withTemporaryDirectory { folder in
            let assembly = try prepare(in: folder, positions: 10)
            let outcome = try withSeed(1) { try assembly.write(to: folder + "/made") }
            #expect(outcome.textLayers == [0, 1] && outcome.takenTokens == 8 && outcome.newTokens == 1)
            #expect(outcome.leftOut == ["pooler.dense.weight"])
            #expect(outcome.drawn.contains("text.hidden_projection.expand.weight"))
            #expect(outcome.drawn.allSatisfy { !$0.hasPrefix("text.blocks.") })
            let clip = try ModelCatalog.description(of: folder + "/made").loaded()
            #expect(try clip.tokenizer.tokenize("a DOG 猫").tokens == [2, 8, 5, 7, 3])
            let donor = try FamilyModel.bert.model().state()
            let own = try clip.model.state()
            let table = try #require(own["text.token_embedding.weight"])
            let others = try #require(donor["text.token_embedding.weight"])
            let lines = try VocabularyLines(path: FamilyModel.bert.path() + "/vocab.txt").lines
            for (row, token) in Self.tokens.enumerated() {
                guard let place = lines.firstIndex(of: Array(token.utf8)) else {
                    #expect(token == "猫")
                    let distance = try (table.select(row) - others.mean(along: 0)).norm().item()
                    #expect(distance > 0 && distance < 0.5 * Double(16).squareRoot() * 0.5)
                    continue
                }
                #expect(try table.select(row).contiguous().bytes() == others.select(place).contiguous().bytes())
            }
            for (name, tensor) in own where name.hasPrefix("text.blocks.") {
                #expect(try tensor.bytes() == donor[name]?.bytes(), "\(name)")
            }
            #expect(own["text.positional_embedding"]?.shape == [10, 16])
        }
    }

    @Test func blocksMayBeChosen() throws {
        try withTemporaryDirectory { folder in
            var assembly = try prepare(in: folder, layers: 1)
            #expect(try withSeed(1) { try assembly.write(to: folder + "/first") }.textLayers == [0])
            assembly.textLayers = [1]
            #expect(try withSeed(1) { try assembly.write(to: folder + "/second") }.textLayers == [1])
            let donor = try FamilyModel.bert.model().state()
            let own = try ModelCatalog.description(of: folder + "/second").loaded().model.state()
            let name = "feed_forward.expand.weight"
            #expect(try own["text.blocks.0." + name]?.bytes() == donor["text.blocks.1." + name]?.bytes())
            for bad in [[0, 1], [2], [1, 1]] {
                assembly.textLayers = bad
                #expect(throws: CLIPError.self, "\(bad)") {
                    try withSeed(1) { try assembly.write(to: folder + "/none") }
                }
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
        }
    }

    @Test func whatDoesNotFitIsNamed() throws {
        try withTemporaryDirectory { folder in
            var number = 0
            func refused(
                _ message: String, layers: Int = 2, tokens: [String] = Self.tokens,
                _ change: (inout ModelAssembly) throws -> Void = { _ in }
            ) throws {
                number += 1
                var assembly = try prepare(in: "\(folder)/\(number)", layers: layers, tokens: tokens)
                try change(&assembly)
                let error = #expect(throws: CLIPError.self) { try assembly.write(to: "\(folder)/\(number)/made") }
                #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
                #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(number)/made"))
            }
            try refused("num_hidden_layers", layers: 3)
            try refused("[SEP]", tokens: ["[PAD]", "[UNK]", "[CLS]", "dog"])
            try refused("line 5: \"[PAD]\"", tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[PAD]"])
            try refused("pad_token_id", tokens: ["[UNK]", "[PAD]", "[CLS]", "[SEP]"])
            try refused("vocabulary") { $0.vocabulary = nil }
            try refused("named like") { $0.textWeights = try FamilyModel.clipA.path() + "/open_clip_model.safetensors" }
            try refused("named like") { $0.imageWeights = $0.textWeights! + "/model.safetensors" }
            try refused("are not the 115") { $0.textVocabulary = $0.vocabulary }
            try refused("missing") { assembly in
                var entries = try TensorFile.read(assembly.textWeights! + "/model.safetensors")
                entries["embeddings.LayerNorm.bias"] = nil
                assembly.textWeights = folder + "/\(number)/cut.safetensors"
                assembly.textVocabulary = folder + "/\(number)/bert/vocab.txt"
                try TensorFile.write(entries, to: assembly.textWeights!)
            }
        }
    }

    /// The image part, with a network of the fixture's size, which has no name to be written with.
    @Test func anImageNetworkFillsTheTowerButItsHead() throws {
        let shape = try #require(EfficientNetTests.plain.shape)
        let model = try DualEncoder(shape)
        let part = try ModelPart(
            EfficientNetTests.plain.path("trunk.pth"), named: shape.imageTower().bodyNamings)
        #expect(part.leftOut == ["_fc.bias", "_fc.weight"])
        let state = try part.state(for: model, under: "visual.")
        let missing = model.stateShapes.keys.filter { $0.hasPrefix("visual.") && state[$0] == nil }
        #expect(missing == ["visual.head.projection.weight"])
    }
}

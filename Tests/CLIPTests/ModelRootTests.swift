import Foundation
import TestSupport
import Testing

@testable import CLIP
@testable import ModelHub

/// Directories that people give where a model's is meant, and files under other names.
@Suite struct ModelRootTests {
    /// A folder with such files, empty ones where nothing is said.
    private func withFolder(_ files: [String: String], body: (String) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            for (name, text) in files {
                let url = URL(fileURLWithPath: folder + "/" + name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            try body(folder)
        }
    }

    /// What is fetched of a repository is what is read of a folder with the same files, whichever there are.
    @Test func whatIsFetchedIsWhatIsRead() throws {
        let names = [
            "open_clip_config.json", "config.json", "open_clip_model.safetensors", "open_clip_pytorch_model.bin",
            "open_clip_pytorch_model.safetensors.index.json", "model.safetensors", "pytorch_model.bin.index.json",
            "model.fp16.safetensors",
        ]
        for choice in 0..<(1 << names.count) {
            let present = names.indices.filter { choice >> $0 & 1 == 1 }.map { names[$0] }
            try withFolder(Dictionary(uniqueKeysWithValues: present.map { ($0, "{}") })) { folder in
                let read = ModelDirectory(folder).existingWeightsPath
                #expect(read == FileSelection.chosenWeights(present).map { folder + "/" + $0 }, "\(present)")
            }
        }
    }

    /// One fixture's weights under every name that holds them.
    @Test(arguments: [
        "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "model.safetensors",
        "pytorch_model.safetensors", "model.fp16.safetensors",
    ]) func openCLIPsWeightsUnderOtherNames(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let source = try FixtureModel.root() + "/models/words"
            let plain = try ModelCatalog.description(of: source).loaded().vectors(texts: ["a dog"]).bytes()
            for (file, copy) in [
                ("open_clip_config.json", "open_clip_config.json"), (ModelDirectory.weightsName, name),
            ] {
                try FileManager.default.copyItem(atPath: source + "/" + file, toPath: folder + "/" + copy)
            }
            #expect(try ModelCatalog.description(of: folder).loaded().vectors(texts: ["a dog"]).bytes() == plain)
        }
    }

    /// Both configurations beside Hugging Face's weights: the one that states those weights is read, and one that says
    /// nothing of them is not.
    @Test func theConfigurationThatBelongsToTheWeightsIsRead() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            let plain = try model.description().configuration
            let other = #"{"embed_dim": 8, "vision_cfg": {"width": 64, "layers": 1}, "text_cfg": {"width": 64}}"#
            try Data(other.utf8).write(to: URL(fileURLWithPath: model.file("open_clip_config.json")))
            #expect(try model.description().configuration == plain)
            try Data("{}".utf8).write(to: URL(fileURLWithPath: model.file("config.json")))
            #expect(try model.description().configuration.embeddingSize == 8)
        }
    }

    @Test func aCLIPOfSentenceTransformersIsFollowed() throws {
        let modules =
            #"[{"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}]"#
        try withFolder(["modules.json": modules, "config_sentence_transformers.json": "{}"]) { folder in
            let source = try FixtureModel.root() + "/families/hf-clip"
            try FileManager.default.copyItem(atPath: source, toPath: folder + "/0_CLIPModel")
            let found = try ModelCatalog.description(of: folder).loaded().vectors(texts: ["a dog"]).bytes()
            #expect(try found == ModelCatalog.description(of: source).loaded().vectors(texts: ["a dog"]).bytes())
        }
        for path in ["../elsewhere", "/etc", ".hidden", "none"] {
            let hostile = modules.replacingOccurrences(of: "0_CLIPModel\",", with: path + "\",")
            try withFolder(["modules.json": hostile]) { folder in
                #expect(throws: CLIPError.self) { try ModelCatalog.description(of: folder) }
            }
        }
    }

    @Test(
        arguments: [
            (
                ["model_index.json": "{}", "text_encoder/config.json": "{}", "image_encoder/config.json": "{}"],
                "give image_encoder or text_encoder"
            ),
            (
                ["modules.json": #"[{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]"#],
                "sentence-transformers"
            ),
            (["onnx/model.onnx": ""], "ONNX (onnx/model.onnx)"),
            (["clip_vision_config_h.json": "{}"], "clip_vision_config_h"),
            (["model.gguf": ""], "GGUF"), (["ViT-B-32.pt": ""], "ViT-B-32.pt"),
            (["vocab.json": "{}"], "a tokenizer alone"),
        ] as [([String: String], String)]) func aFolderWithoutAConfigurationSaysWhatItHolds(
            _ files: [String: String], _ words: String
        ) throws
    {
        try withFolder(files) { folder in
            let error = #expect(throws: CLIPError.self) { try ModelCatalog.description(of: folder) }
            guard case .foreignDirectory(folder, let missing, _) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(missing == "open_clip_config.json or config.json")
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }

    /// A configuration that is read, with weights that are not.
    @Test(arguments: [
        ("onnx/text_model.onnx", "ONNX"), ("tf_model.h5", "TensorFlow"), ("flax_model.msgpack", "Flax"),
        ("weights.npz", "MLX"), ("openvino_model.xml", "OpenVINO"), ("clip.mlpackage/Manifest.json", "Core ML"),
    ]) func weightsThatAreNotReadAreNamed(_ file: String, _ words: String) throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            try model.remove("model.safetensors")
            let url = URL(fileURLWithPath: model.file(file))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
            let error = #expect(throws: CLIPError.self) { try model.description().loaded() }
            guard case .foreignDirectory = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(
                error?.description.contains(words) == true && error?.description.contains("model.safetensors") == true)
        }
    }

    @Test(arguments: [
        (#"{"architecture": "vit_base_patch16_224", "num_classes": 0}"#, "architecture"), ("{}", "model_type"),
        (#"{"_class_name": "UNet2DConditionModel"}"#, "_class_name"), (#"{"model_type": "blip"}"#, "model_type"),
    ]) func anotherProjectsConfigurationIsRefusedByItsKey(_ json: String, _ key: String) throws {
        try withFolder(["config.json": json, "model.safetensors": ""]) { folder in
            expectRefused(at: key) { _ = try ModelCatalog.description(of: folder) }
        }
    }

    /// Hugging Face's `config.json` as a file, as a shape for weights that lie elsewhere.
    @Test func aHuggingFaceConfigurationIsAShape() throws {
        let folder = try FixtureModel.root() + "/families/lone-image"
        let shape = try ModelCatalog.description(of: folder + "/config.json")
        #expect(try shape.configuration == ModelCatalog.description(of: folder).configuration)
        _ = try shape.loaded(weights: folder + "/model.safetensors")
    }

    // MARK: Names

    @Test(arguments: [
        ("vit-b-32", "ViT-B-32"), ("ViT-B-33", "ViT-B-32"), ("picture", "pictures"),
        ("ViT-L/14@366px", "ViT-L/14@336px"),
        ("ViT-B-32/laion2b_s34b_b97k", "ViT-B-32/laion2b_s34b_b79k"), ("chinese-clip-ViT-B16", "chinese-clip-ViT-B-16"),
        ("convnext-base-w", "convnext_base_w"), ("openai/clip-vit-base-patch-32", "openai/clip-vit-base-patch32"),
    ]) func aNameThatIsNearlyRightNamesTheRightOne(_ typed: String, _ meant: String) {
        let error = #expect(throws: CLIPError.self) { try ModelCatalog.description(of: typed) }
        guard case .unknownModel(typed, let suggestions) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(suggestions.first == meant, "\(suggestions)")
        #expect(error?.description.contains("Did you mean \(meant)") == true)
    }

    /// What cannot be read is nobody's suggestion.
    @Test func whatIsNotReadIsNotSuggested() throws {
        let error = #expect(throws: CLIPError.self) { try ModelCatalog.description(of: "ViT-B-32/laion2b") }
        guard case .unknownModel(_, let suggestions) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(suggestions.prefix(2) == ["ViT-B-32/laion2b_e16", "ViT-B-32/laion2b_s34b_b79k"])
        #expect(!suggestions.contains { $0.hasPrefix("roberta") })
    }
}

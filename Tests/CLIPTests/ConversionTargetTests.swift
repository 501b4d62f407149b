import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// OpenAI's format, other precisions, and what a target has no words for.
@Suite struct ConversionTargetTests {
    /// A model of the shape that OpenAI's code finds in weights: heads of 64, CLIP's vocabulary.
    private func openAILike(
        in folder: String, called name: String = "own", _ change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> String {
        var configuration = ModelConfiguration(
            embeddingSize: 16,
            vision: VisionTransformerConfiguration(imageSize: 32, patchSize: 16, width: 64, layers: 1),
            text: TextTransformerConfiguration(width: 64, headCount: 1, layers: 1)
        ).with(activation: .quickGELU)
        change(&configuration)
        let path = folder + "/" + name
        let model = try withSeed(3) { try DualEncoder(configuration) }
        try ModelDirectory(path).write(model, preprocess: PreprocessConfiguration(size: 32))
        return path
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test func openAIsFileIsKnownForWhatItIs() throws {
        try withTemporaryDirectory { folder in
            let own = try openAILike(in: folder)
            let file = "/open_clip_model.safetensors"
            try ModelConversion.convert(ModelCatalog.description(of: own), to: .openAI, at: folder + "/there")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/there") == ["model.pt"])
            // By itself it says its shape and its non-linearity.
            let bare = try ModelCatalog.description(ofWeights: folder + "/there/model.pt")
            #expect(bare.configuration == (try ModelCatalog.description(of: own).configuration))
            #expect(bare.configuration.text?.blocks.activation == .quickGELU)
            try ModelConversion.convert(bare, to: .openCLIP, at: folder + "/back")
            #expect(try bytes(own + file) == bytes(folder + "/back" + file))
            try ModelConversion.convert(bare, to: .openAI, at: folder + "/again")
            #expect(try bytes(folder + "/there/model.pt") == bytes(folder + "/again/model.pt"))
            // The same space for everyone, and CLIP's tokenizer for Hugging Face's library.
            try ModelConversion.convert(bare, to: .huggingFace, at: folder + "/hf")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/hf")
            #expect(Set(["vocab.json", "merges.txt", "config.json", "model.safetensors"]).isSubset(of: files))
            let models = try [own, folder + "/back", folder + "/hf"].map {
                try ModelCatalog.description(of: $0).loaded()
            }
            let spaces = try models.map { try $0.space(normalized: true) }
            #expect(try spaces[0].fingerprint == bare.loaded().space(normalized: true).fingerprint)
            #expect(spaces[0].fingerprint == spaces[1].fingerprint && spaces[0].weights == spaces[2].weights)
            let texts = ["a dog", "A person riding a motorcycle", "hello world!!!"]
            let vectors = try models.map { try $0.vectors(texts: texts).bytes() }
            #expect(vectors[0] == vectors[1] && vectors[0] == vectors[2])
            try ModelConversion.convert(ModelCatalog.description(of: folder + "/hf"), to: .openAI, at: folder + "/last")
            #expect(try bytes(folder + "/there/model.pt") == bytes(folder + "/last/model.pt"))
        }
    }

    @Test(arguments: [(ModelConversion.Storage.fp16, 2), (.bf16, 2), (.fp32, 4)])
    func weightsAreStoredAsAsked(_ storage: ModelConversion.Storage, _ size: Int) throws {
        try withTemporaryDirectory { folder in
            let own = try ModelCatalog.description(of: openAILike(in: folder))
            for target in [ModelConversion.Target.openCLIP, .huggingFace, .openAI] {
                let path = folder + "/" + target.rawValue
                try ModelConversion.convert(own, to: target, storage: storage, at: path)
                let name = ["open_clip": "open_clip_model.safetensors", "openai": "model.pt"][target.rawValue]
                let file = path + "/" + (name ?? "model.safetensors")
                let checkpoint = try Checkpoint(path: file)
                let learned = checkpoint.tensors.filter { $0.value.dtype.isFloatingPoint }
                #expect(learned.values.allSatisfy { $0.dtype == storage.dtype })
                let count = learned.values.reduce(0) { $0 + $1.count }
                #expect(count == own.configuration.parameterCount)
                #expect(abs(try bytes(file).count - count * size) < 16_000)
            }
            // Rounded once, it stays: back in 32 bits it holds the same values.
            let there = try ModelCatalog.description(of: folder + "/huggingface")
            try ModelConversion.convert(there, to: .openCLIP, storage: .fp32, at: folder + "/back")
            let first = try Checkpoint(path: folder + "/open_clip/open_clip_model.safetensors")
            for (name, tensor) in try Checkpoint(path: folder + "/back/open_clip_model.safetensors").tensors {
                #expect(try tensor.bytes() == first.tensors[name]?.converted(to: .float32).bytes(), "\(name)")
            }
            if storage == .fp32 { return }
            let vectors = try [own, there].map { try $0.loaded().vectors(texts: ["a dog"]) }
            try expectClose(vectors[1], vectors[0], tolerance: 2e-2)
        }
    }

    @Test func valuesTooLargeForThePrecisionAreRefused() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            try model.editWeights { $0["visual_projection.weight"] = try .full([20, 16], 70_000) }
            let error = #expect(throws: CLIPError.self) {
                try ModelConversion.convert(
                    model.description(), to: .openCLIP, storage: .fp16, at: folder + "/there")
            }
            #expect(error?.description.contains("too large for fp16") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["hf-clip"])
            try ModelConversion.convert(model.description(), to: .openCLIP, storage: .bf16, at: folder + "/there")
        }
    }

    private func refuse(_ description: ModelDescription, to target: ModelConversion.Target, in folder: String) throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let error = #expect(throws: CLIPError.self, "\(description.name)") {
            try ModelConversion.convert(description, to: target, at: folder + "/refused")
        }
        guard case .unsupportedConversion = error else {
            Issue.record("\(description.name): \(String(describing: error))")
            return
        }
        // Nothing is left behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
    }

    @Test(arguments: [
        ("hf-siglip", ModelConversion.Target.openCLIP), ("hf-siglip", .openAI), ("hf-chinese-clip", .openCLIP),
        ("hf-chinese-clip", .openAI), ("open_clip-rn", .huggingFace), ("open_clip-rn", .openAI),
        ("open_clip-eos", .huggingFace), ("open_clip-custom-text", .huggingFace), ("open_clip-custom-text", .openAI),
        // Heads of 8, where OpenAI's code would take 64.
        ("hf-clip", .openAI), ("open_clip-bin", .openAI),
    ])
    func whatTheOtherProjectCannotComputeIsRefused(_ name: String, _ target: ModelConversion.Target) throws {
        try withTemporaryDirectory { folder in
            try refuse(ModelCatalog.description(of: FixtureModel.root() + "/families/" + name), to: target, in: folder)
        }
    }

    @Test func whatOpenAIsCodeWouldComputeOtherwiseIsRefused() throws {
        func vision(_ model: inout ModelConfiguration, _ change: (inout VisionTransformerConfiguration) -> Void) {
            guard var tower = model.vision as? VisionTransformerConfiguration else { return }
            change(&tower)
            model.vision = tower
        }
        func text(_ model: inout ModelConfiguration, _ change: (inout TextTransformerConfiguration) -> Void) {
            guard var tower = model.text as? TextTransformerConfiguration else { return }
            change(&tower)
            model.text = tower
        }
        let changes: [(String, (inout ModelConfiguration) -> Void)] = [
            ("gelu", { $0 = $0.with(activation: .gelu) }),
            ("image heads", { vision(&$0) { $0.headWidth = 32 } }),
            ("text heads", { text(&$0) { $0.headCount = 2 } }),
            ("image epsilon", { vision(&$0) { $0.epsilon = 1e-6 } }),
            ("text epsilon", { text(&$0) { $0.epsilon = 1e-6 } }),
            ("pre-norm", { vision(&$0) { $0.hasPreNorm = false } }),
            ("pooling", { vision(&$0) { $0.pooling = .average(normAfter: false) } }),
            ("end", { text(&$0) { $0.pooling = .firstToken(7) } }),
            ("mask", { text(&$0) { $0.isCausal = false } }),
            ("vocabulary", { text(&$0) { $0.vocabularySize = 300 } }),
        ]
        try withTemporaryDirectory { folder in
            for (name, change) in changes {
                let path = try openAILike(in: folder, called: name, change)
                try refuse(ModelCatalog.description(of: path), to: .openAI, in: folder)
            }
            var squashed = try ModelCatalog.description(of: openAILike(in: folder))
            squashed.preparation?.resizeMode = .squash
            try refuse(squashed, to: .openAI, in: folder)
            squashed.preparation?.resizeMode = .shortest
            squashed.preparation?.mean = [0.5, 0.5, 0.5]
            try refuse(squashed, to: .openAI, in: folder)
        }
    }

    /// 2 as the end of text means the largest id to Hugging Face's library, and itself to open_clip.
    @Test func anEndOfTextThatWouldChangeItsMeaningIsRefused() throws {
        try withTemporaryDirectory { folder in
            let path = try openAILike(in: folder, called: "two") { model in
                guard var tower = model.text as? TextTransformerConfiguration else { return }
                tower.pooling = .firstToken(2)
                model.text = tower
            }
            try refuse(ModelCatalog.description(of: path), to: .huggingFace, in: folder)
        }
    }
}

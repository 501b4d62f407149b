import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// QuickGELU for GELU, or the other way round: the file loads, and every number is slightly wrong.
@Suite struct ActivationMismatchTests {
    /// Both kinds of file that only OpenAI writes: TorchScript, and a dictionary with three constants.
    static let archives = ["openai-vit", "openai-vit-state"]

    private func weights(_ name: String) throws -> String { try FixtureModel.root() + "/families/\(name)/model.pt" }

    /// The fixtures' shape, as a configuration states it.
    private func configuration(quick: Bool, in folder: String) throws -> String {
        let path = folder + "/shape.json"
        let text = """
            {"embed_dim": 20, "quick_gelu": \(quick),
             "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 16, "head_width": 8, "layers": 2},
             "text_cfg": {"context_length": 16, "vocab_size": 300, "width": 12, "heads": 2, "layers": 2}}
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test(arguments: archives) func openAIsWeightsAreRefusedByAModelWithGELU(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let file = try weights(name)
            let description = try ModelCatalog.description(of: configuration(quick: false, in: folder))
            let error = #expect(throws: CLIPError.self) { try description.weightsSource(file) }
            guard case .activationMismatch(file, _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.description.contains("QuickGELU") == true)
            #expect(throws: CLIPError.self) { try description.loaded(weights: file) }
        }
    }

    @Test(arguments: archives) func theyAreTakenByTheSameModelWithQuickGELU(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let description = try ModelCatalog.description(of: configuration(quick: true, in: folder))
            let source = try description.weightsSource(weights(name))
            #expect(source.configuration == description.configuration)
            let model = try Initializer.skipping { try DualEncoder(source.configuration) }
            try Weights.load(source, into: model, called: name)
            let expected = try TensorFile.read(FixtureModel.root() + "/families/\(name)/expected.safetensors")
            try Engine.inference {
                let pictures = try model.encode(pictures: #require(expected["pixels"]))
                try expectClose(pictures, #require(expected["image"]), tolerance: 1e-5)
                // The other one is far enough away to matter, and near enough to go unseen.
                let other = try Initializer.skipping {
                    try DualEncoder(source.configuration.with(activation: .gelu))
                }
                try other.adopt(model)
                let wrong = try other.encode(pictures: #require(expected["pixels"])).normalized()
                let cosines = try wrong.matmul(pictures.normalized().transposed()).elements(Double.self)
                #expect(cosines[0] > 0.5 && cosines[0] < 1 - 1e-6, "\(cosines)")
            }
        }
    }

    @Test func aNameThatOpenAIAndOpenCLIPReadDifferentlyIsAsked() throws {
        let bare = try FixtureModel.root() + "/families/open_clip-rn/open_clip_model.safetensors"
        for name in ["RN50", "RN101", "RN50x4", "RN50x16", "RN50x64"] {
            let description = try ModelCatalog.description(of: name)
            let error = #expect(throws: CLIPError.self) { try description.weightsSource(bare) }
            guard case .architectureNeeded(_, _, let choices) = error else {
                Issue.record("\(name): \(String(describing: error))")
                continue
            }
            #expect(choices == ["\(name)-quickgelu", "\(name)-gelu"])
            for choice in choices {
                let chosen = try ModelCatalog.description(of: choice)
                let activation: Activation = choice.hasSuffix("-gelu") ? .gelu : .quickGELU
                #expect(try chosen.weightsSource(bare).configuration.text?.blocks.activation == activation)
            }
            // OpenAI's own file is certain.
            let own = try description.weightsSource(weights("openai-rn"))
            #expect(own.configuration == description.configuration.with(activation: .quickGELU))
        }
        let clear = try ModelCatalog.description(of: "RN50-gelu")
        let error = #expect(throws: CLIPError.self) { try clear.weightsSource(weights("openai-rn")) }
        guard case .activationMismatch = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: Bare files

    /// Names and shapes of a model's entries, without its memory: one value, repeated.
    private func entries(_ shapes: [String: [Int]]) throws -> [String: Tensor] {
        try shapes.mapValues { try Tensor.zeros($0.map { _ in 1 }).expanded($0) }
    }

    /// Those of ViT-B-32 that its shape is read from; the rest of its 151,277,313 values in one entry.
    private func vitB32() throws -> [String: Tensor] {
        var shapes = [
            "visual.conv1.weight": [768, 3, 32, 32], "visual.positional_embedding": [50, 768],
            "visual.transformer.resblocks.0.mlp.c_fc.weight": [3072, 768],
            "visual.transformer.resblocks.11.ln_1.weight": [768], "transformer.resblocks.11.ln_1.weight": [512],
            "token_embedding.weight": [49_408, 512], "positional_embedding": [77, 512], "text_projection": [512, 512],
            "logit_scale": [],
        ]
        let counted = shapes.values.reduce(0) { $0 + $1.reduce(1, *) }
        shapes["visual.transformer.resblocks.1.mlp.c_fc.weight"] = [151_277_313 - counted]
        return try entries(shapes)
    }

    private func finding(_ tensors: [String: Tensor]) throws -> ArchitectureInference.Finding {
        let checkpoint = Checkpoint(path: "bare.safetensors", format: .safetensors, tensors: tensors)
        let layout = try ParameterLayout.detected(in: checkpoint)
        return try ArchitectureInference(checkpoint: checkpoint, layout: layout).finding()
    }

    @Test func aBareFileOfAKnownShapeIsNotGuessedAt() throws {
        let error = #expect(throws: CLIPError.self) { try finding(vitB32()) }
        guard case .architectureNeeded("bare.safetensors", let reason, let choices) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(choices == ["ViT-B-32", "ViT-B-32-quickgelu"])
        #expect(reason.contains("non-linearity"))
    }

    @Test func openAIsConstantsMakeItCertain() throws {
        var tensors = try vitB32()
        for name in ["input_resolution", "context_length", "vocab_size"] {
            #expect(throws: CLIPError.self) { try finding(tensors) }
            tensors[name] = try Tensor([1 as Int64], shape: [])
        }
        let found = try finding(tensors)
        #expect(found.name == "ViT-B/32")
        #expect(found.configuration == BuiltInModels.configuration(named: "ViT-B-32-quickgelu"))
    }

    @Test func aShapeThatNobodyKnowsIsAskedFor() throws {
        let file = try FixtureModel.root() + "/families/open_clip-bin/open_clip_pytorch_model.bin"
        let error = #expect(throws: CLIPError.self) { try ModelCatalog.description(ofWeights: file) }
        guard case .architectureNeeded(file, let reason, []) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.hasSuffix("parameters are those of no architecture known by name"))
    }

    /// An empty tensor may claim any size: nothing may overflow over it.
    @Test func absurdShapesDoNotCrash() throws {
        for size in [Int.max / 4, 1 << 62, 3_037_000_500, 1 << 31] {
            for grown in ["visual.conv1.weight", "visual.positional_embedding", "token_embedding.weight"] {
                var tensors = try vitB32()
                for name in ["input_resolution", "context_length", "vocab_size"] {
                    tensors[name] = try Tensor([1 as Int64], shape: [])
                }
                let shape = try #require(tensors[grown]).shape
                let ones = shape.dropFirst(2).map { _ in 1 }
                tensors[grown] = try Tensor.zeros([size, 0] + ones)
                #expect(throws: CLIPError.self, "\(grown) \(size)") { try finding(tensors) }
                tensors[grown] = try Tensor.zeros(ones + [0, size])
                #expect(throws: CLIPError.self, "\(grown) \(size)") { try finding(tensors) }
            }
        }
        var tensors = try vitB32()
        tensors["visual.transformer.resblocks.\(Int.max).ln_1.weight"] = try Tensor.zeros([768])
        tensors["transformer.resblocks.99999999999999999999.ln_1.weight"] = try Tensor.zeros([512])
        for name in ["input_resolution", "context_length", "vocab_size"] {
            tensors[name] = try Tensor([1 as Int64], shape: [])
        }
        #expect(throws: CLIPError.self) { try finding(tensors) }
    }
}

extension DualEncoder {
    /// Takes over another model's weights.
    func adopt(_ other: DualEncoder) throws {
        for (own, others) in zip(namedParameters, other.namedParameters) {
            try own.parameter.replace(with: others.parameter.tensor)
        }
    }
}

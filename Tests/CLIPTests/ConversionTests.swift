import CLIPText
import Foundation
import Imaging
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// From one project's files to another's and back: the same bytes, and the same vectors on the way.
@Suite struct ConversionTests {
    private func family(_ name: String) throws -> String { try FixtureModel.root() + "/families/" + name }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private func convert(_ from: String, to target: ModelConversion.Target, at path: String) throws -> String {
        try ModelConversion.convert(ModelCatalog.description(of: from), to: target, at: path)
        return path
    }

    private func load(_ path: String, weights: String? = nil) throws -> (DualEncoder, ModelConfiguration) {
        let source = try ModelCatalog.description(of: path).weightsSource(weights)
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        try Weights.load(source, into: model, called: path)
        return (model, source.configuration)
    }

    /// Both towers' vectors of what the fixture was asked.
    private func vectors(_ model: DualEncoder, _ expected: [String: Tensor]) throws -> [Tensor] {
        try Engine.inference {
            [
                try model.encode(pictures: #require(expected["pixels"])),
                try model.encode(captions: FixtureModel.rows(#require(expected["tokens"]))),
            ]
        }
    }

    /// Expects the entries of the fixture's own file, and none beside them.
    private func expectEntries(of original: [String: Tensor], in path: String, but ignored: [String] = []) throws {
        let found = try TensorFile.read(path)
        #expect(Set(found.keys) == Set(original.keys).subtracting(ignored))
        for (name, tensor) in found {
            let before = try #require(original[name])
            #expect(tensor.dtype == before.dtype && tensor.shape == before.shape, "\(name)")
            #expect(try tensor.bytes() == before.bytes(), "\(name)")
        }
    }

    @Test(arguments: ["hf-clip", "hf-clip-eos", "hf-clip-sharded"])
    func huggingFacesGoToOpenCLIPAndBack(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let original = try family(name)
            let there = try convert(original, to: .openCLIP, at: folder + "/there")
            let back = try convert(there, to: .huggingFace, at: folder + "/back")
            let again = try convert(back, to: .openCLIP, at: folder + "/again")
            for file in try FileManager.default.contentsOfDirectory(atPath: there) {
                #expect(try bytes(there + "/" + file) == bytes(again + "/" + file), "\(file)")
            }
            let straight = try convert(original, to: .huggingFace, at: folder + "/straight")
            for file in try FileManager.default.contentsOfDirectory(atPath: straight) {
                #expect(try bytes(straight + "/" + file) == bytes(back + "/" + file), "\(file)")
            }
            let checkpoint = try ModelCatalog.description(of: original).weightsSource().checkpoint
            try expectEntries(
                of: checkpoint.tensors, in: back + "/model.safetensors",
                but: checkpoint.tensors.keys.filter { $0.hasSuffix("position_ids") })
            let expected = try TensorFile.read(original + "/expected.safetensors")
            for path in [original, there, back] {
                let (model, configuration) = try load(path)
                #expect(try configuration.text?.blocks.activation == load(original).1.text?.blocks.activation)
                for (vector, wanted) in zip(try vectors(model, expected), ["image", "text"]) {
                    try expectClose(vector, #require(expected[wanted]), tolerance: 1e-5, path)
                }
                let first = try vectors(load(original).0, expected)
                for (left, right) in zip(first, try vectors(model, expected)) {
                    #expect(try left.bytes() == right.bytes(), "\(path)")
                }
            }
        }
    }

    @Test(arguments: [
        FamilyTests.Family("open_clip-bin", weights: "open_clip_pytorch_model.bin"),
        .init("open_clip-checkpoint", weights: "epoch_1.pt"),
    ])
    func openCLIPsGoToHuggingFaceAndBack(_ family: FamilyTests.Family) throws {
        try withTemporaryDirectory { folder in
            let description = try ModelCatalog.description(of: family.path())
            let weights = try family.path(#require(family.weights))
            let there = folder + "/there"
            try ModelConversion.convert(description, weights: weights, to: .huggingFace, at: there)
            // A vocabulary of 300 is nobody's: no tokenizer is made up for it.
            let files = try FileManager.default.contentsOfDirectory(atPath: there).sorted()
            #expect(files == ["config.json", "model.safetensors", "preprocessor_config.json"])
            let back = try convert(there, to: .openCLIP, at: folder + "/back")
            let checkpoint = try Checkpoint(path: weights)
            try expectEntries(of: checkpoint.tensors, in: back + "/open_clip_model.safetensors")
            let own = folder + "/own"
            try ModelConversion.convert(description, weights: weights, to: .openCLIP, at: own)
            let file = "/open_clip_model.safetensors"
            #expect(try bytes(own + file) == bytes(back + file))
            for path in [there, back, own] {
                let (model, configuration) = try load(path)
                #expect(configuration.text?.blocks.activation == description.configuration.text?.blocks.activation)
                for (vector, wanted) in zip(try vectors(model, family.expected()), ["image", "text"]) {
                    try expectClose(vector, #require(family.expected()[wanted]), tolerance: 1e-5, path)
                }
            }
        }
    }

    @Test(arguments: ["hf-siglip", "hf-siglip2", "hf-chinese-clip"])
    func othersKeepTheirBytes(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let original = try family(name)
            let once = try convert(original, to: .huggingFace, at: folder + "/once")
            let twice = try convert(once, to: .huggingFace, at: folder + "/twice")
            let files = try FileManager.default.contentsOfDirectory(atPath: once).sorted()
            for file in files { #expect(try bytes(once + "/" + file) == bytes(twice + "/" + file), "\(file)") }
            let checkpoint = try Checkpoint(path: original + "/model.safetensors")
            try expectEntries(
                of: checkpoint.tensors, in: once + "/model.safetensors",
                but: checkpoint.tensors.keys.filter { $0.hasSuffix("position_ids") || $0.contains(".pooler.") })
            for file in ["spiece.model", "tokenizer.json", "vocab.txt", "tokenizer_config.json"] {
                guard FileManager.default.fileExists(atPath: original + "/" + file) else { continue }
                #expect(try bytes(original + "/" + file) == bytes(once + "/" + file), "\(file)")
            }
            let (before, after) = try (
                ModelCatalog.description(of: original).loaded(), ModelCatalog.description(of: once).loaded()
            )
            #expect(before.model.configuration == after.model.configuration)
            #expect(try before.preprocessor.configuration == after.preprocessor.configuration)
            #expect(try before.space(normalized: true).fingerprint == after.space(normalized: true).fingerprint)
            let texts = ["a dog", "", "一只狗", "a diagram of something"]
            #expect(try before.vectors(texts: texts).bytes() == after.vectors(texts: texts).bytes())
            let wide = try Picture.read(path: FixtureModel.picturePath("wide.png"))
            let pictures = try [before, after].map { try $0.vectors(pictures: [wide]).bytes() }
            #expect(pictures[0] == pictures[1])
        }
    }

    /// Chinese-CLIP's own archive for Hugging Face's library.
    @Test func chineseCLIPsArchiveGoesToHuggingFace() throws {
        let family = FamilyModel.chinese
        let description = ModelDescription(
            name: "chinese", configuration: family.configuration,
            preprocess: PreprocessConfiguration(for: family.configuration),
            weightsPath: try family.path() + "/" + family.file)
        try withTemporaryDirectory { folder in
            try ModelConversion.convert(description, to: .huggingFace, at: folder + "/there")
            let (model, _) = try load(folder + "/there")
            let expected = try family.expected()
            for (vector, wanted) in zip(try vectors(model, expected), ["image", "text"]) {
                try expectClose(vector, #require(expected[wanted]), tolerance: 1e-5, wanted)
            }
            #expect(try ModelCatalog.description(of: folder + "/there").preprocess.resizeMode == .squash)
        }
    }

    /// The vocabulary that comes with this package goes along, so that the other library finds one.
    @Test func chineseCLIPsVocabularyGoesAlong() throws {
        var configuration = FamilyModel.chinese.configuration
        guard var tower = configuration.text as? BERTConfiguration else { return }
        (tower.vocabularySize, tower.positionCount, tower.contextLength) = (21_128, 60, 52)
        configuration.text = tower
        let model = try withSeed(4) { try DualEncoder(configuration) }
        try withTemporaryDirectory { folder in
            let weights = folder + "/clip_cn.safetensors"
            try TensorFile.write(StateTranslation(layout: .chineseCLIP).checkpointState(model.state()), to: weights)
            let description = ModelDescription(
                name: "chinese", configuration: configuration, preprocess: PreprocessConfiguration(for: configuration),
                weightsPath: weights)
            try ModelConversion.convert(description, to: .huggingFace, at: folder + "/there")
            let there = try ModelCatalog.description(of: folder + "/there").loaded()
            let texts = ["皮卡丘", "一只狗在雪地里 iPhone14", ""]
            #expect(try there.vectors(texts: texts).bytes() == description.loaded().vectors(texts: texts).bytes())
            #expect(try there.tokenizer.vocabularySize == 21_128 && there.tokenizer.contextLength == 52)
        }
    }

    /// open_clip's and Hugging Face's names of SigLIP, whose towers open_clip knows only at their published sizes.
    @Test(arguments: [FamilyModel.sigLIP, .sigLIP2, .sigLIPHuggingFace])
    func sigLIPsNamesAreOneForOne(_ family: FamilyModel) throws {
        let model = try family.model()
        let state = try model.state()
        for layout in [ParameterLayout.sigLIPTimm, .sigLIPHuggingFace] {
            let translation = StateTranslation(layout: layout)
            let entries = try translation.checkpointState(state)
            let (back, foreign) = try translation.moduleState(entries, shapes: model.stateShapes)
            #expect(foreign.isEmpty && Set(back.keys) == Set(state.keys))
            for (name, tensor) in back { #expect(try tensor.bytes() == state[name]?.bytes(), "\(name)") }
        }
    }
}

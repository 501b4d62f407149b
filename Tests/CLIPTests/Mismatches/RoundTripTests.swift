import Foundation
import Imaging
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// What is saved and loaded again gives the same numbers, to the last bit.
@Suite struct RoundTripTests {
    /// Every kind of model that can be written, by its directory.
    static let directories = [
        FamilyTests.Family("open_clip-rn"), .init("open_clip-bin"),
        .init("open_clip-checkpoint", weights: "epoch_1.pt"),
        .init("open_clip-custom-text"), .init("open_clip-eos"), .init("hf-clip"), .init("hf-clip-eos"),
        .init("hf-clip-sharded"),
    ]
    static let shapes = [FamilyModel.clipHuggingFace, .clipHuggingFaceEnd, .clipA, .coCa]

    private func vectors(_ model: DualEncoder, _ expected: [String: Tensor]) throws -> [Tensor] {
        try Engine.inference {
            let captions = try FixtureModel.rows(#require(expected["tokens"] ?? expected["captions"]))
            return [try model.encode(pictures: #require(expected["pixels"])), try model.encode(captions: captions)]
        }
    }

    private func check(_ model: DualEncoder, _ expected: [String: Tensor], _ name: String) throws {
        try withTemporaryDirectory { folder in
            let target = ModelDirectory(folder + "/saved")
            try target.write(model, preprocess: #require(PreprocessConfiguration(for: model.configuration)))
            let description = try ModelCatalog.description(of: target.path)
            let source = try description.weightsSource()
            // Padding after the end, which nothing reads, is the one thing another project states differently.
            #expect(source.configuration.traits == model.configuration.traits, "\(name)")
            let again = try Initializer.skipping { try DualEncoder(source.configuration) }
            try Weights.load(source, into: again, called: name)
            for (before, after) in zip(try vectors(model, expected), try vectors(again, expected)) {
                #expect(try before.bytes() == after.bytes(), "\(name)")
            }
        }
    }

    @Test(arguments: directories) func aSavedModelGivesTheSameNumbers(_ family: FamilyTests.Family) throws {
        let description = try ModelCatalog.description(of: family.path())
        let source = try description.weightsSource(family.weights.map { try family.path($0) })
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        try Weights.load(source, into: model, called: family.name)
        try check(model, family.expected(), family.name)
    }

    @Test(arguments: shapes) func soDoesOneOfEveryShape(_ family: FamilyModel) throws {
        let model = try family.model()
        try check(model, family.expected(), family.name)
    }

    @Test(arguments: [Activation.quickGELU, .gelu, .tanhGELU])
    func theNonLinearityIsWrittenBesideTheWeights(_ activation: Activation) throws {
        let shape = FamilyModel.clipHuggingFace.configuration.with(activation: activation)
        let model = try Initializer.skipping { try DualEncoder(shape) }
        try model.adopt(FamilyModel.clipHuggingFace.model())
        try withTemporaryDirectory { folder in
            let target = ModelDirectory(folder + "/saved")
            try target.write(model, preprocess: PreprocessConfiguration(size: 32))
            let read = try ModelCatalog.description(of: target.path).configuration
            #expect(read == read.with(activation: activation))
            #expect(read.text?.blocks.activation == activation)
        }
    }

    @Test func whatTheConfigurationCannotStateIsNotWritten() throws {
        try withTemporaryDirectory { folder in
            let target = ModelDirectory(folder + "/saved")
            for family in [FamilyModel.chinese, .sigLIP] {
                let model = try family.model()
                let error = #expect(throws: CLIPError.self) {
                    try target.write(model, preprocess: PreprocessConfiguration(size: 32))
                }
                guard case .unsupportedConversion = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}

/// A vector depends on its picture or text alone, not on what it is computed together with.
@Suite struct BatchIndependenceTests {
    static let families = ["hf-clip", "hf-clip-eos", "hf-siglip", "hf-siglip2", "hf-chinese-clip"]

    /// On one machine the same arithmetic in another order: this, relative to the largest element, is what may differ.
    static let tolerance = 1e-6

    private func clip(_ name: String) throws -> CLIPModel {
        try ModelCatalog.description(of: FixtureModel.root() + "/families/" + name).loaded()
    }

    private func texts(_ clip: CLIPModel) throws -> [String] {
        let words =
            try clip.tokenizer.identity.kind == "wordpiece"
            ? ["皮卡丘", "一只狗在雪地里", "", "小火龙 手机"]
            : ["a dog", "a diagram of a very long road", "", "a person, riding"]
        return (0..<300).map { words[$0 % 4] + String(repeating: " " + words[0], count: $0 % 3) }
    }

    @Test(arguments: families) func textsAloneAndInCompany(_ name: String) throws {
        let clip = try clip(name)
        let texts = try texts(clip)
        let together = try clip.vectors(texts: texts, normalized: false)
        for index in [0, 1, 2, 3, 7, 255, 256, 299] {
            let alone = try clip.vectors(texts: [texts[index]], normalized: false)
            try expectClose(alone.select(0), together.select(index), tolerance: Self.tolerance, "\(name) \(index)")
        }
        // Another company of the same size.
        let reversed = try clip.vectors(texts: texts.reversed(), normalized: false).flipped([0])
        try expectClose(reversed, together, tolerance: Self.tolerance, "\(name) reversed")
    }

    @Test(arguments: families) func picturesAloneAndInCompany(_ name: String) throws {
        let clip = try clip(name)
        let files = ["exact-32-0.png", "exact-32-1.png", "wide.png", "tall.png", "photo.jpg"]
        let pictures = try files.map { try Picture.read(path: FixtureModel.picturePath($0)) }
        let many = (0..<40).map { pictures[$0 % pictures.count] }
        let together = try clip.vectors(pictures: many, normalized: false)
        for index in [0, 1, 2, 3, 4, 31, 32, 39] {
            let alone = try clip.vectors(pictures: [many[index]], normalized: false)
            try expectClose(alone.select(0), together.select(index), tolerance: Self.tolerance, "\(name) \(index)")
        }
    }

    @Test func theSameBatchGivesTheSameBits() throws {
        let clip = try clip("hf-clip")
        let texts = try texts(clip)
        #expect(try clip.vectors(texts: texts).bytes() == clip.vectors(texts: texts).bytes())
    }
}

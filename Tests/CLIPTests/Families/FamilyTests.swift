import CLIPText
import Foundation
import Imaging
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Tiny models of every family in the files their authors' code writes, made by `Fixtures/families/make_families.py`:
/// from file and string to vector.
@Suite struct FamilyTests {
    struct Family: Sendable, CustomTestStringConvertible {
        let name: String
        /// The weights, where they are not the directory's own.
        var weights: String?
        var testDescription: String { name }

        init(_ name: String, weights: String? = nil) {
            self.name = name
            self.weights = weights
        }

        func path(_ file: String = "") throws -> String {
            try FixtureModel.root() + "/families/\(name)" + (file.isEmpty ? "" : "/" + file)
        }

        struct Inputs: Decodable {
            let images: [String]
            let texts: [String]?
        }

        func inputs() throws -> Inputs {
            try JSONDecoder().decode(
                Inputs.self, from: Data(contentsOf: URL(fileURLWithPath: path("expected.json"))))
        }

        func expected() throws -> [String: Tensor] { try TensorFile.read(path("expected.safetensors")) }
    }

    /// What is described by a configuration beside the weights.
    static let directories = [
        Family("open_clip-rn"), Family("open_clip-bin"), Family("open_clip-checkpoint", weights: "epoch_1.pt"),
        Family("open_clip-custom-text"), Family("open_clip-eos"), Family("hf-clip"), Family("hf-clip-eos"),
        Family("hf-clip-sharded"), Family("hf-siglip"), Family("hf-siglip2"), Family("hf-chinese-clip"),
        Family("bert-open_clip"), Family("bert-first-open_clip"),
    ]

    @Test(arguments: directories) func towersGiveTheirAuthorsEmbeddings(_ family: Family) throws {
        let description = try ModelCatalog.description(of: family.path())
        let source = try description.weightsSource(family.weights.map { try family.path($0) })
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        #expect(model.parameterCount == source.configuration.parameterCount)
        try Weights.load(source, into: model, called: family.name)
        try expectReferenceEmbeddings(model, family.expected(), family.name)
    }

    @Test(arguments: directories) func filesAndStringsGoToVectors(_ family: Family) throws {
        let inputs = try family.inputs()
        guard let texts = inputs.texts else { return }
        let clip = try ModelCatalog.description(of: family.path())
            .loaded(weights: family.weights.map { try family.path($0) })
        let expected = try family.expected()
        let rows = try FixtureModel.rows(#require(expected["tokens"]))
        // The reference pads to the longest text or to the context length.
        let tokens = try clip.tokenizer.padded(clip.tokenizer.tokenize(texts)).map { Array($0.prefix(rows[0].count)) }
        #expect(tokens == rows, "\(family.name)")
        try expectClose(
            clip.vectors(texts: texts, normalized: false), #require(expected["text"]), tolerance: 1e-4, family.name)
        for (index, file) in inputs.images.enumerated() where file.contains("exact") {
            let path = try FixtureModel.root() + "/" + file
            let vector = try clip.vectors(pictures: [Picture.read(path: path)], normalized: false)
            try expectClose(
                vector.select(0), #require(expected["image"]).select(index), tolerance: 1e-4, "\(family.name) \(file)")
        }
    }
}

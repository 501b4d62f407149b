import Foundation
import Testing
import Torch
import TorchNN

@testable import CLIP

/// The tiny models, pictures and expected numbers that `Fixtures/make_models.py` had open_clip compute.
struct FixtureModel: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    static let all = ["quick", "ratio", "words"].map { FixtureModel(name: $0) }

    static func root() throws -> String {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures").path
    }

    func directory() throws -> String { try Self.root() + "/models/" + name }

    static func picturePath(_ file: String) throws -> String { try root() + "/pictures/" + file }

    func model() throws -> DualEncoder {
        let path = try directory()
        let model = try Initializer.skipping {
            try DualEncoder(ModelDirectory(path).configuration().model)
        }
        try Weights.load(ModelDirectory(path).weightsPath, into: model, called: name)
        return model
    }

    func preprocessor() throws -> PicturePreprocessor {
        PicturePreprocessor(try #require(try ModelDirectory(directory()).configuration().preprocess))
    }

    func expected() throws -> [String: Tensor] { try TensorFile.read(directory() + "/expected.safetensors") }

    struct Inputs: Decodable {
        let images: [String]
        let texts: [String]?
    }

    func inputs() throws -> Inputs {
        let data = try Data(contentsOf: URL(fileURLWithPath: directory() + "/expected.json"))
        return try JSONDecoder().decode(Inputs.self, from: data)
    }

    /// The rows of a `[N, L]` tensor of token ids.
    static func rows(_ tokens: Tensor) throws -> [[Int32]] {
        let length = tokens.shape[1]
        let flat = try tokens.elements(Int32.self)
        return stride(from: 0, to: flat.count, by: length).map { Array(flat[$0..<$0 + length]) }
    }
}

extension DualEncoder {
    /// The towers as what they are in most fixtures.
    func transformers() throws -> (visual: VisionTransformer, text: TextTransformer) {
        (try #require(visual as? VisionTransformer), try #require(text as? TextTransformer))
    }
}

extension VisionTransformer {
    /// `[W, E]`
    var matrix: Parameter { get throws { try #require(head.projection as? MatrixProjection).projection } }
}

extension TextTransformer {
    /// `[W, E]`
    var matrix: Parameter { get throws { try #require(projection as? MatrixProjection).projection } }
}

import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// A tiny model of `Fixtures/families`, with what open_clip makes of it.
struct FamilyFixture: Sendable, CustomTestStringConvertible {
    let name: String
    var weightsName = ModelDirectory.weightsName
    /// For the families whose `open_clip_config.json` names a tower of another size: see `shape.json`. The rest of the
    /// shape is the same in all of them.
    var tower: EVAConfiguration?
    var testDescription: String { name }

    func path(_ file: String) throws -> String { try FixtureModel.root() + "/families/\(name)/\(file)" }

    func expected() throws -> [String: Tensor] { try TensorFile.read(path("expected.safetensors")) }

    /// A model of the fixture's shape, its weights zero.
    func emptyModel() throws -> DualEncoder {
        let configuration = try tower.map(Self.shape) ?? ModelDirectory(path("")).configuration().model
        return try Initializer.skipping { try DualEncoder(configuration) }
    }

    private static func shape(_ tower: EVAConfiguration) -> ModelConfiguration {
        var text = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        (text.contextLength, text.vocabularySize) = (16, 300)
        return ModelConfiguration(embeddingSize: 20, vision: .eva(tower), text: .transformer(text))
    }

    func model() throws -> DualEncoder {
        let model = try emptyModel()
        try Weights.load(path(weightsName), into: model, called: name)
        return model
    }
}

extension DualEncoder {
    /// Loads entries under a checkpoint's names.
    func load(_ entries: [String: Tensor]) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/entries.safetensors"
            try TensorFile.write(entries, to: path)
            try Weights.load(path, into: self, called: "entries")
        }
    }
}

import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// A tiny model of `Fixtures/families`, with what its authors' code makes of it.
struct FamilyFixture: Sendable, CustomTestStringConvertible {
    let name: String
    var weightsName = ModelDirectory.weightsName
    /// The shape, where `open_clip_config.json` is not there or names a tower of another size.
    var shape: ModelConfiguration?
    var testDescription: String { name }

    func path(_ file: String) throws -> String { try FixtureModel.root() + "/families/\(name)/\(file)" }

    func expected() throws -> [String: Tensor] { try TensorFile.read(path("expected.safetensors")) }

    /// A model of the fixture's shape, its weights zero.
    func emptyModel() throws -> DualEncoder {
        let configuration = try shape ?? ModelDirectory(path("")).configuration().model
        return try Initializer.skipping { try DualEncoder(configuration) }
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

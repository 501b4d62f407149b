import Foundation
import Torch
import TorchNN

@testable import CLIP

/// A tiny model of `Fixtures/families`, with what open_clip makes of it.
struct FamilyFixture {
    let name: String

    func path(_ file: String) throws -> String { try FixtureModel.root() + "/families/\(name)/\(file)" }

    func expected() throws -> [String: Tensor] { try TensorFile.read(path("expected.safetensors")) }

    /// A model of the shape in `open_clip_config.json`, its weights zero.
    func emptyModel() throws -> DualEncoder {
        let configuration = try ModelDirectory(path("")).configuration().model
        return try Initializer.skipping { try DualEncoder(configuration) }
    }
}

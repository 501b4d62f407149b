import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIP

/// The model that comes with the package, read by open_clip and by us.
@Suite struct BundledModelTests {
    @Test func openCLIPReadsItToTheSameNumbers() throws {
        let clip = try ModelCatalog.description(of: ModelCatalog.bundledName).loaded()
        let folder = try FixtureModel.root() + "/bundled"
        let expected = try TensorFile.read(folder + "/expected.safetensors")
        let picture = try Picture.read(path: folder + "/picture.png")
        let image = try clip.vectors(pictures: [picture], normalized: false)
        try expectClose(image, #require(expected["image"]), tolerance: 1e-4, "image")
        let json = try Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json"))
        let texts = try #require(try JSONDecoder().decode([String: [String]].self, from: json)["texts"])
        try expectClose(
            clip.vectors(texts: texts, normalized: false), #require(expected["text"]), tolerance: 1e-4, "text")
    }

    @Test func itIsSmallEnoughToCarry() throws {
        let path = try #require(try ModelCatalog.description(of: ModelCatalog.bundledName).weightsPath)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(size < 40_000_000)
    }
}

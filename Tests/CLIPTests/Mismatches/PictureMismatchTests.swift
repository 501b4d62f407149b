import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIP

/// A squash in place of a crop, or another resampling, shifts every vector of a picture that is not square.
@Suite struct PictureMismatchTests {
    private func description(_ name: String) throws -> ModelDescription {
        try ModelCatalog.description(of: FixtureModel.root() + "/families/" + name)
    }

    @Test(arguments: [
        ("hf-clip", PreprocessConfiguration.ResizeMode.shortest), ("hf-siglip", .squash), ("hf-siglip2", .squash),
        ("hf-chinese-clip", .squash), ("open_clip-bin", .shortest),
    ])
    func everyFamilyGetsItsOwnWayToASquare(_ name: String, _ mode: PreprocessConfiguration.ResizeMode) throws {
        let preprocess = try description(name).preprocess
        #expect(preprocess.resizeMode == mode)
        let expected = name.contains("siglip") ? [0.5, 0.5, 0.5] : PreprocessConfiguration.clipMean
        #expect(preprocess.mean == expected)
        // Chinese-CLIP's own files, without a configuration of pictures, too.
        let chinese = PreprocessConfiguration(for: FamilyModel.chinese.configuration)
        #expect(chinese?.resizeMode == .squash)
        #expect(PreprocessConfiguration(for: FamilyModel.sigLIP.configuration)?.resizeMode == .squash)
        #expect(PreprocessConfiguration(for: FamilyModel.clipHuggingFace.configuration)?.resizeMode == .shortest)
    }

    /// The references resize with Pillow; one grey level may be rounded differently.
    @Test(arguments: ["hf-clip", "hf-siglip", "hf-siglip2", "hf-chinese-clip"])
    func aWidePictureBecomesItsProjectsPixels(_ name: String) throws {
        let description = try description(name)
        let expected = try TensorFile.read(FixtureModel.root() + "/families/\(name)/expected.safetensors")
        let pixels = try #require(expected["pixels"]).select(2)
        let picture = try Picture.read(path: FixtureModel.picturePath("wide.png"))
        try #require(picture.width != picture.height)
        let deviation = try #require(description.preprocess.standardDeviation.min())
        let largest = try #require(pixels.absolute().elements(Double.self).max())
        let level = 1.01 / 255 / deviation  // one grey level, normalized
        let found = try PicturePreprocessor(description.preprocess)([picture]).select(0)
        try expectClose(found, pixels, tolerance: level / largest, name)
        var other = try description.preprocess
        other.resizeMode = other.resizeMode == .squash ? .shortest : .squash
        let wrong = try PicturePreprocessor(other)([picture]).select(0)
        let difference = try #require((wrong - pixels).absolute().elements(Double.self).max())
        #expect(difference > 20 * level, "the other way must be seen: \(difference)")
    }

    @Test func theConfigurationDecides() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            let picture = try Picture.read(path: FixtureModel.picturePath("wide.png"))
            let cropped = try model.description().loaded()
            try model.edit("preprocessor_config.json") {
                $0["size"] = ["height": 32, "width": 32]
                $0["do_center_crop"] = false
            }
            let squashed = try model.description().loaded()
            #expect(try squashed.preprocessor.configuration.resizeMode == .squash)
            let vectors = try [cropped, squashed].map { try $0.vectors(pictures: [picture]) }
            let cosine = try vectors[0].matmul(vectors[1].transposed()).item()
            #expect(cosine < 0.9999, "\(cosine)")
            // open_clip's word for it.
            for mode in ["shortest", "squash"] {
                let bin = try FamilyCopy("open_clip-bin", in: folder + "/")
                defer { try? FileManager.default.removeItem(atPath: bin.path) }
                try bin.edit("open_clip_config.json", inside: "preprocess_cfg") { $0["resize_mode"] = mode }
                #expect(try bin.description().preprocess.resizeMode.rawValue == mode)
            }
        }
    }

    @Test func whatIsNotSaidIsNotGuessed() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-siglip", in: folder)
            try model.remove("preprocessor_config.json")
            #expect(
                throws: CLIPError.missingInput(
                    path: model.file("preprocessor_config.json"),
                    hint: "It says how pictures are prepared for this model, which cannot be guessed.")
            ) { try model.description() }
        }
    }

    @Test(arguments: [
        ("resample", 0), ("resample", 1), ("resample", 5), ("rescale_factor", 1), ("do_resize", 0), ("do_rescale", 0),
        ("do_normalize", 0), ("do_convert_rgb", 0),
    ])
    func whatIsNotComputedHereIsRefused(_ key: String, _ value: Int) throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            try model.edit("preprocessor_config.json") { $0[key] = key.hasPrefix("do_") ? false : value }
            expectRefused(at: key) { _ = try model.description() }
        }
    }

    @Test func sizesThatAreNotTheModelsAreRefused() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            func refuse(_ key: String, _ change: (inout [String: Any]) -> Void) throws {
                let original = try Data(contentsOf: URL(fileURLWithPath: model.file("preprocessor_config.json")))
                try model.edit("preprocessor_config.json", change)
                expectRefused(at: key) { _ = try model.description() }
                try original.write(to: URL(fileURLWithPath: model.file("preprocessor_config.json")))
            }
            try refuse("size") { $0["size"] = ["shortest_edge": 40] }
            try refuse("size") { $0["size"] = ["height": 40, "width": 40] }
            try refuse("size") { $0["do_center_crop"] = false }
            try refuse("size") { $0["size"] = ["height": 32, "width": 40] }
            try refuse("crop_size") { $0["crop_size"] = 40 }
            try refuse("image_std") { $0["image_std"] = [0.2, 0, 0.2] }
            try refuse("image_mean") { $0["image_mean"] = [0.2] }
            let bin = try FamilyCopy("open_clip-bin", in: folder)
            try bin.edit("open_clip_config.json", inside: "preprocess_cfg") { $0["resize_mode"] = "longest" }
            expectRefused(at: "resize_mode") { _ = try bin.description() }
            try bin.edit("open_clip_config.json", inside: "preprocess_cfg") {
                $0["resize_mode"] = "squash"
                $0["interpolation"] = "nearest"
            }
            expectRefused(at: "interpolation") { _ = try bin.description() }
        }
    }
}

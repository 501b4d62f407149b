import Foundation
import Imaging
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Position embeddings of another resolution or context length: open_clip's numbers, and only when asked for.
@Suite struct PositionTests {
    private func expected() throws -> [String: Tensor] {
        try TensorFile.read(FixtureModel.root() + "/families/positions/expected.safetensors")
    }

    @Test(arguments: [(4, 7, 7), (7, 4, 4), (3, 5, 5), (5, 3, 3), (4, 6, 6), (4, 3, 6)])
    func picturesGridsAreOpenCLIPs(_ old: Int, _ rows: Int, _ columns: Int) throws {
        let name = "image_\(old)_" + (rows == columns ? "\(rows)" : "\(rows)x\(columns)")
        let (all, grid) = (try expected(), (rows: rows, columns: columns))
        let before = try #require(all[name + ".before"])
        let after = try #require(all[name + ".after"])
        let found = try PositionInterpolation.image(before, leading: 1, grid: grid)
        try expectClose(found, after, tolerance: 1e-6, name)
        // The class token's stays, bit by bit; without one, the grid's are the same.
        #expect(try found.select(0).bytes() == before.select(0).bytes())
        let bare = try PositionInterpolation.image(before.slice(1..<old * old + 1), leading: 0, grid: grid)
        #expect(try bare.bytes() == found.slice(1..<rows * columns + 1).bytes())
        // In half precision the result is rounded, not the arithmetic.
        let half = try PositionInterpolation.image(before.converted(to: .float16), leading: 1, grid: grid)
        #expect(half.dtype == .float16)
        try expectClose(half.converted(to: .float32), after, tolerance: 2e-3, name)
    }

    @Test(arguments: [(8, 13), (13, 8), (8, 16), (5, 3)])
    func textsRowsAreOpenCLIPs(_ old: Int, _ new: Int) throws {
        let all = try expected()
        let before = try #require(all["text_\(old)_\(new).before"])
        let after = try #require(all["text_\(old)_\(new).after"])
        try expectClose(PositionInterpolation.text(before, length: new), after, tolerance: 1e-6, "\(old) \(new)")
        #expect(try PositionInterpolation.text(before, length: old).bytes() == before.bytes())
    }

    @Test func positionsThatMakeNoSquareAreRefused() throws {
        for count in [0, 2, 3, 7, 16] {
            #expect(throws: TorchError.self, "\(count)") {
                try PositionInterpolation.image(.zeros([count + 1, 4]), leading: count == 16 ? 2 : 1, grid: (3, 3))
            }
        }
    }

    // MARK: Models

    private func description(_ name: String) throws -> ModelDescription {
        try ModelCatalog.description(of: FixtureModel.root() + "/families/" + name)
    }

    /// Models with a transformer, a ResNet and SigLIP's tower, at another size; the weights' other positions, resampled.
    @Test(arguments: [
        ("open_clip-bin", 48, "visual.positional_embedding", 1),
        ("open_clip-bin", 16, "visual.positional_embedding", 1),
        ("hf-siglip", 64, "visual.positional_embedding", 0),
        ("open_clip-rn", 96, "visual.attention_pool.positional_embedding", 1),
        ("open_clip-rn", 32, "visual.attention_pool.positional_embedding", 1),
    ])
    func aModelTakesPicturesOfAnotherSizeWhenAsked(
        _ name: String, _ size: Int, _ parameter: String, _ leading: Int
    ) throws {
        let plain = try description(name)
        let resized = try plain.resized(imageSize: size)
        #expect(try resized.preprocess.size == size && resized.configuration.imageSize == size)
        let source = try resized.weightsSource()
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        try Weights.load(source, into: model, called: name)
        let original = try plain.weightsSource()
        let base = try Initializer.skipping { try DualEncoder(original.configuration) }
        try Weights.load(original, into: base, called: name)
        let before = try #require(base.state()[parameter])
        let after = try #require(model.state()[parameter])
        let old = try #require(Int(exactly: Double(before.shape[0] - leading).squareRoot()))
        let grid = try size * old / #require(plain.configuration.imageSize)
        #expect(after.shape[0] == grid * grid + leading && grid != old)
        let wanted = try PositionInterpolation.image(before, leading: leading, grid: (grid, grid))
        #expect(try after.bytes() == wanted.bytes())
        for (name, tensor) in try model.state() where name != parameter {
            #expect(try tensor.bytes() == base.state()[name]?.bytes(), "\(name)")
        }
        try Engine.inference {
            let vectors = try model.encode(pictures: .ones([2, 3, size, size]))
            #expect(vectors.shape == [2, plain.configuration.embeddingSize])
            #expect(try vectors.isFinite().allTrue())
        }
    }

    @Test func aModelTakesTextsOfAnotherLengthWhenAsked() throws {
        let plain = try description("hf-clip")
        for length in [8, 40] {
            let clip = try plain.resized(contextLength: length).loaded()
            #expect(try clip.tokenizer.contextLength == length)
            let long = String(repeating: "a dog ", count: 30)
            let tokens = try clip.tokenizer.tokenize(long)
            #expect(tokens.tokens.count == length && tokens.wasTruncated)
            let before = try plain.loaded().model.transformers().text.state()["positional_embedding"]
            let after = try clip.model.transformers().text.state()["positional_embedding"]
            let wanted = try PositionInterpolation.text(#require(before), length: length)
            #expect(try after?.bytes() == wanted.bytes())
            #expect(try clip.vectors(texts: [long, "a dog"]).isFinite().allTrue())
        }
        // The size it has changes nothing.
        let same = try plain.resized(imageSize: 32, contextLength: 16).loaded()
        let texts = ["a dog", "a photo"]
        #expect(try same.vectors(texts: texts).bytes() == plain.loaded().vectors(texts: texts).bytes())
        #expect(
            try same.space(normalized: true).fingerprint == plain.loaded().space(normalized: true).fingerprint)
    }

    @Test func withoutAskingOtherShapesAreRefused() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("open_clip-bin", in: folder)
            try model.edit("open_clip_config.json", inside: "model_cfg") { object in
                var vision = try #require(object["vision_cfg"] as? [String: Any])
                vision["image_size"] = 48
                object["vision_cfg"] = vision
            }
            try model.edit("open_clip_config.json") { $0["preprocess_cfg"] = nil }
            let error = #expect(throws: CLIPError.self) { try model.description().loaded() }
            guard case .weightsMismatch(_, _, let mismatch) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(mismatch.misshaped.map(\.name) == ["visual.positional_embedding"])
            #expect(mismatch.missing.isEmpty && mismatch.unexpected.isEmpty)
        }
    }

    @Test func sizesATowerCannotTakeAreRefused() throws {
        expectRefused(at: "vision_cfg.image_size") { _ = try description("open_clip-rn").resized(imageSize: 48) }
        for name in ["open_clip-bin", "hf-clip"] {
            expectRefused(at: "vision_cfg.patch_size") { _ = try description(name).resized(imageSize: 7) }
        }
        // BERT's positions are not a row that may be stretched.
        expectRefused(at: "text_cfg.context_length") {
            _ = try description("hf-chinese-clip").resized(contextLength: 25)
        }
        let coca = ModelDescription(
            name: "coca", configuration: FamilyModel.coCa.configuration,
            preprocess: PreprocessConfiguration(for: FamilyModel.coCa.configuration), weightsPath: nil)
        expectRefused(at: "text_cfg.context_length") { _ = try coca.resized(contextLength: 20) }
    }
}

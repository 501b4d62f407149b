import CLIP
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

/// What `clip caption` writes and refuses.
@Suite struct CaptionTests {
    /// A directory with a small CoCa of CLIP's whole vocabulary, its weights random.
    private func withModel(_ body: (String) throws -> Void) throws {
        var vision = VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, layers: 1, headWidth: 8)
        vision.pooling = .attentionalPooler(queries: 4, headCount: 2)
        var text = TextTransformerConfiguration(width: 8, headCount: 2, layers: 1)
        text.contextLength = 12
        text.hasClassEmbedding = true
        var configuration = ModelConfiguration(embeddingSize: 8, vision: vision, text: text)
        var decoder = CaptionDecoderConfiguration(width: 8, headCount: 2, layers: 1)
        decoder.contextLength = 12
        configuration.captionDecoder = decoder
        try withTemporaryDirectory { folder in
            let model = try withSeed(5) { try DualEncoder(configuration) }
            try ModelDirectory(folder + "/coca").write(model, preprocess: PreprocessConfiguration(size: 32))
            try body(folder + "/coca")
        }
    }

    @Test func everyPictureHasTheLibrarysCaption() throws {
        try withModel { model in
            let images = [Fixture.photo, Fixture.picture("wide.png")]
            let start = ["caption"] + images + ["--model", model, "--threads", "1", "--max-length", "9"]
            let document = try clip(start + ["--json"]).succeeded().json()
            #expect(document["model"] as? String == model)
            let results = try #require(document["results"] as? [[String: Any]])
            let pretrained = try ModelCatalog.description(of: model).loaded()
            let bytes = try images.map {
                try pretrained.preprocessor.bytes(Picture.read(path: $0))
            }
            var options = CaptionOptions()
            options.maximumLength = 9
            var generator = SystemRandomNumberGenerator()
            let expected = try pretrained.captions(pictureBytes: bytes, options: options, using: &generator)
            #expect(results.map { $0["image"] as? String } == images)
            #expect(results.map { $0["caption"] as? String } == expected.map(\.text))
            #expect(results.map { $0["tokens"] as? [Int32] } == expected.map(\.tokens))
            let lines = try clip(start).succeeded().text.split(separator: "\n")
            #expect(lines.count == 2 && lines.first?.hasPrefix("\(Fixture.photo): ") == true, "\(lines)")
        }
    }

    @Test func drawingFollowsItsSeedAndPromptsComeFirst() throws {
        try withModel { model in
            func captions(_ options: String...) throws -> String {
                try clip(
                    ["caption", Fixture.photo, "--model", model, "--threads", "1", "--max-length", "12"] + options
                )
                .succeeded().text
            }
            let first = try captions("--sample", "1000", "--seed", "1")
            #expect(try first == captions("--sample", "1000", "--seed", "1"))
            #expect(try first != captions("--sample", "1000", "--seed", "2"))
            #expect(try captions("--sample", "1", "--seed", "9") == captions("--beams", "1"))
            #expect(try captions("--prompt", "a photo of").contains(": a photo of"))
        }
    }

    @Test func modelsThatCannotWriteAndTooLittleSpaceAreWrongUsage() throws {
        try clip("caption", Fixture.photo, "--model", Fixture.model).failed(64, "CoCa")
        try withModel { model in
            try clip("caption", Fixture.photo, "--model", model).failed(64, "--max-length")
            try clip("caption", Fixture.photo, "--model", model, "--max-length", "8", "--prompt", "a b c d e f g")
                .failed(64, "--prompt")
        }
    }

    @Test func aBadPictureIsToldOfAndTheOthersAreAnswered() throws {
        try withModel { model in
            let outcome = try clip(
                "caption", "none.png", Fixture.photo, "--model", model, "--max-length", "8", "--threads", "1")
            #expect(outcome.status == 66 && outcome.errors.count == 1, "\(outcome.complaints)")
            #expect(outcome.text.hasPrefix("\(Fixture.photo): "))
        }
    }
}

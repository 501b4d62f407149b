import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIP

/// The same numbers as open_clip, element by element, relative to the largest.
@Suite struct ParityTests {
    @Test(arguments: FixtureModel.all) func towersGiveOpenCLIPsEmbeddings(_ fixture: FixtureModel) throws {
        try expectReferenceEmbeddings(fixture.model(), fixture.expected(), fixture.name)
    }

    @Test(arguments: FixtureModel.all) func picturesGoFromFileToVector(_ fixture: FixtureModel) throws {
        let model = try fixture.model()
        let preprocessor = try fixture.preprocessor()
        let expected = try fixture.expected()
        let pixels = try #require(expected["pixels"])
        let vectors = try #require(expected["image"])
        for (index, file) in try fixture.inputs().images.enumerated() {
            let picture = try Picture.read(path: FixtureModel.picturePath(file))
            try Engine.inference {
                let input = try preprocessor([picture])
                let exact = file.hasPrefix("exact")
                // Where resizing rounds a grey level differently, one level is 1/255/σ of values up to about 2.
                let tolerance = exact ? 1e-6 : 1.01 / 255 / 0.25 / 1.7
                try expectClose(input.select(0), pixels.select(index), tolerance: tolerance, file)
                let vector = try model.encode(pictures: input).select(0)
                try expectClose(vector, vectors.select(index), tolerance: exact ? 1e-4 : 2e-2, file)
            }
        }
    }

    @Test func stringsGoToVectors() throws {
        let fixture = FixtureModel(name: "words")
        let clip = try ModelCatalog.description(of: fixture.directory()).loaded()
        let expected = try fixture.expected()
        let texts = try #require(fixture.inputs().texts)
        let tokens = try clip.tokenizer.padded(clip.tokenizer.tokenize(texts))
        #expect(try tokens == FixtureModel.rows(#require(expected["tokens"])))
        try expectClose(clip.vectors(texts: texts, normalized: false), #require(expected["text"]), tolerance: 1e-4)
        try expectClose(clip.vectors(texts: texts), #require(expected["text_unit"]), tolerance: 1e-4)
    }

    @Test(arguments: FixtureModel.all) func shortcutsAreExact(_ fixture: FixtureModel) throws {
        let model = try fixture.model()
        let expected = try fixture.expected()
        let pixels = try #require(expected["pixels"])
        let captions = try FixtureModel.rows(#require(expected["tokens"]))
        try Engine.inference {
            let (visual, text) = try model.transformers()
            let (fastPictures, fastTexts) = (try visual(pixels), try text(captions))
            visual.shortcuts.readsOnlyPooled = false
            text.shortcuts.readsOnlyPooled = false
            try expectClose(fastPictures, visual(pixels), tolerance: 1e-6, "class token alone")
            try expectClose(fastTexts, text(captions), tolerance: 1e-6, "end of text alone")
            text.shortcuts.trimsToLongest = false
            try expectClose(fastTexts, text(captions), tolerance: 1e-6, "trimmed text")
        }
    }

    @Test func aCaptionsVectorDoesNotDependOnItsCompany() throws {
        let clip = try ModelCatalog.description(of: FixtureModel(name: "words").directory()).loaded()
        let texts = ["a dog", "a much longer caption about two dogs in the snow", "cat", "", "a dog"]
        let together = try clip.vectors(texts: texts)
        for (index, text) in texts.enumerated() {
            try expectClose(together.select(index), clip.vectors(texts: [text]).select(0), tolerance: 1e-5, text)
        }
    }

    @Test func textsAskedForAgainAreEncodedOnce() async throws {
        let clip = try ModelCatalog.description(of: FixtureModel(name: "words").directory()).loaded()
        let texts = (0..<600).map { ["a dog", "cat", "a dog in the snow", "A  dog", "snow \($0 % 7)"][$0 % 5] }
        let captions = try texts.map { [tokenizer = try clip.tokenizer] in tokenizer.tokenize($0).tokens }
        // What differs as text may be one caption.
        #expect(DistinctInputs(captions).values.count < DistinctInputs(texts).values.count)
        let plain = try Engine.inference { try clip.model.encode(captions: captions) }
        try expectClose(clip.vectors(captions: captions, normalized: false), plain, tolerance: 1e-5, "captions")
        try expectClose(clip.vectors(texts: texts), plain.normalized(), tolerance: 1e-5, "texts")
        try await expectClose(clip.embed(texts: texts).vectors, plain.normalized(), tolerance: 1e-5, "awaited")
        let vectors = try clip.vectors(captions: captions)
        #expect(try vectors.select(0).bytes() == vectors.select(595).bytes())
    }

    @Test(arguments: FixtureModel.all) func bfloat16StaysCloseAndKeepsTheTemperature(_ fixture: FixtureModel) throws {
        let model = try fixture.model()
        let expected = try fixture.expected()
        let scale = try model.temperatureScale()
        try model.prepare(computingIn: .bfloat16, on: .cpu)
        try Engine.inference {
            let pictures = try model.encode(pictures: #require(expected["pixels"]))
            #expect(pictures.dtype == .bfloat16)
            try expectClose(pictures, #require(expected["image"]), tolerance: 5e-2, "image")
            let captions = try FixtureModel.rows(#require(expected["tokens"]))
            try expectClose(model.encode(captions: captions), #require(expected["text"]), tolerance: 5e-2, "text")
        }
        #expect(try model.temperatureScale() == scale)
    }

    @Test func mixedLengthsAreSplitAndPutBackInOrder() throws {
        let text = try FixtureModel(name: "words").model().transformers().text
        let lengths = (0..<300).map { 1 + ($0 * 7) % 60 }
        let captions = lengths.map { length in [49406] + (0..<length).map { Int32(300 + $0 * 13) } + [49407] }
        let ends = try CaptionBatches.ends(of: captions, configuration: text.configuration)
        let batches = CaptionBatches(ends: ends)
        #expect(batches.rows.count > 2)
        #expect(batches.rows.joined().sorted() == Array(0..<300))
        try Engine.inference {
            let fast = try text(captions)
            text.shortcuts.trimsToLongest = false
            try expectClose(fast, text(captions), tolerance: 1e-5)
        }
    }

    @Test func gradientsAreTheSameForSplitCaptions() throws {
        let captions = (0..<40).map { row in [49406] + (0..<1 + row).map { Int32(500 + $0) } + [49407] }
        func gradient(trimmed: Bool) throws -> Tensor {
            let text = try FixtureModel(name: "words").model().transformers().text
            text.shortcuts.trimsToLongest = trimmed
            let weights = try Tensor((0..<40 * 12).map { Float($0 % 17) - 8 }, shape: [40, 12])
            try (text(captions) * weights).sum().backward()
            return try #require(try text.positionalEmbedding.tensor.gradient())
        }
        try expectClose(gradient(trimmed: true), gradient(trimmed: false), tolerance: 1e-5)
    }
}

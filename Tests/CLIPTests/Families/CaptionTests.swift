import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIP

/// CoCa against open_clip's, and what its searches promise.
@Suite struct CaptionTests {
    private let family = FamilyModel.coCa

    /// What open_clip was asked for when the fixture was made.
    private func options(_ search: CaptionOptions.Search, maximum: Int = 11) -> CaptionOptions {
        var options = CaptionOptions()
        options.search = search
        options.maximumLength = maximum
        options.startToken = 298
        options.endToken = 299
        return options
    }

    /// Rows of ids without the padding after them.
    private func rows(_ key: String) throws -> [[Int32]] {
        try FixtureModel.rows(#require(family.expected()[key])).map { row in
            row.firstIndex(of: 299).map { Array(row.prefix($0 + 1)) } ?? row
        }
    }

    @Test func embeddingsAndPictureTokensAreOpenCLIPs() throws {
        let model = try family.model()
        let expected = try family.expected()
        let pixels = try #require(expected["pixels"])
        try Engine.inference {
            let visual = try #require(model.visual as? VisionTransformer)
            let (embedding, tokens) = try visual.embeddingAndTokens(pixels)
            try expectClose(embedding, #require(expected["image"]), tolerance: 1e-5, "image")
            try expectClose(model.encode(pictures: pixels), embedding, tolerance: 1e-6, "image alone")
            // The first query stands for the picture; open_clip's tokens are the others.
            try expectClose(tokens, #require(expected["image_tokens"]), tolerance: 1e-5, "tokens")
            let texts = try model.encode(captions: family.captions())
            try expectClose(texts, #require(expected["text"]), tolerance: 1e-5, "text")
            let products = try embedding.normalized().matmul(texts.normalized().transposed())
            let logits = try products * model.temperatureScale()
            try expectClose(logits, #require(expected["logits"]), tolerance: 1e-5, "logits")
        }
    }

    @Test func textsAreReadTheSameTrimmedAndWhole() throws {
        let model = try family.model()
        let text = try #require(model.text as? TextTransformer)
        // Of every length, with and without padding, and with padding's id inside.
        let captions: [[Int32]] =
            (0...9).map { [298] + (0..<$0).map { Int32(5 + $0) } + [299] } + [
                [298, 0, 0, 7, 299], [298, 4, 299, 0, 0, 0], [298, 0, 5, 6, 7, 8, 9, 10, 11, 12, 299],
            ]
        try Engine.inference {
            let fast = try text(captions)
            text.shortcuts.readsOnlyPooled = false
            try expectClose(fast, text(captions), tolerance: 1e-6, "class token alone")
            text.shortcuts.trimsToLongest = false
            try expectClose(fast, text(captions), tolerance: 1e-6, "trimmed")
            for (row, caption) in captions.enumerated() {
                let whole = caption + Array(repeating: 0, count: 11 - caption.count)
                try expectClose(fast.select(row), text([whole]).select(0), tolerance: 1e-5, "\(caption)")
            }
        }
    }

    @Test func captionScoresAreOpenCLIPs() throws {
        let model = try family.model()
        let expected = try family.expected()
        try Engine.inference {
            let captions = try family.captions()
            let scores = try model.captionScores(for: #require(expected["pixels"]), captions: captions)
            // open_clip leaves out the last, which has no next.
            let found = try scores.slice(0..<10, dimension: 1)
            try expectClose(found, #require(expected["caption_logits"]), tolerance: 1e-5)
        }
    }

    @Test func everyParameterGoesBackToItsEntry() throws {
        let entries = try family.checkpoint().tensors
        let written = try StateTranslation(layout: .coCa).checkpointState(family.model().state())
        #expect(Set(written.keys) == Set(entries.keys))
        for (name, tensor) in written {
            #expect(try tensor.bytes() == #require(entries[name]).bytes(), "\(name)")
        }
    }

    @Test func captionsAreOpenCLIPs() throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        #expect(try model.captions(for: pixels, options: options(.greedy)) == rows("greedy"))
        let prompted = try model.captions(for: pixels, options: options(.greedy), beginningWith: [17, 42])
        #expect(try prompted == rows("greedy_prompted"))
        // 6 beams in 3 groups there.
        #expect(try model.captions(for: pixels, options: options(.beams(2, scoredBy: .scores))) == rows("beam"))
        let three = try model.captions(for: pixels, options: options(.beams(3, scoredBy: .scores)))
        #expect(try three == rows("beam_ungrouped"))
        #expect(try model.captions(for: pixels, options: options(.beams(1, scoredBy: .scores))) == rows("greedy"))
    }

    @Test func wordByWordIsTheWholeAtOnce() throws {
        let model = try family.model()
        let expected = try family.expected()
        let (visual, text) = try model.transformers()
        let decoder = try #require(model.captionDecoder)
        // Padding's id inside hides the place after it.
        let captions: [[Int32]] = [[298, 5, 6, 7, 8, 9, 10, 11], [298, 5, 0, 7, 0, 0, 10, 11]]
        try Engine.inference {
            let pixels = try #require(expected["pixels"])
            let whole = try model.captionScores(for: pixels, captions: captions)
            let tokens = try visual.embeddingAndTokens(pixels).tokens
            var writer = try CaptionWriter(text: text, decoder: decoder, pictureTokens: tokens, copies: 1)
            for place in 0..<8 {
                let scores = try writer.append(captions.map { $0[place] })
                try expectClose(scores, whole.select(place, dimension: 1), tolerance: 1e-5, "\(place)")
            }
        }
    }

    /// With beams for every continuation a beam search leaves nothing out.
    @Test func beamsFindTheLikeliestOfAllCaptions() throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        var options = options(.beams(150, scoredBy: .logProbabilities), maximum: 3)
        options.minimumLength = 0
        let found = try model.captions(for: pixels, options: options)
        try Engine.inference {
            for picture in 0..<2 {
                let pixels = try pixels.slice(picture..<picture + 1)
                func logProbabilities(_ caption: [Int32]) throws -> [Float] {
                    try model.captionScores(for: pixels, captions: [caption]).select(caption.count - 1, dimension: 1)
                        .select(0).logSoftmax(along: 0).elements()
                }
                let first = try logProbabilities([298])
                // The mean over the tokens with start: an end at once has 2, everything else 3 of them.
                var best = (score: Double(first[299]) / 2, caption: [Int32]([298, 299]))
                // Where the first token is not among the 150 likeliest, no second can make up for it.
                let likeliest = first.indices.sorted { first[$0] > first[$1] }.prefix(40)
                for token in likeliest where token != 299 {
                    let second = try logProbabilities([298, Int32(token)])
                    for (next, value) in second.enumerated() {
                        let score = Double(first[token] + value) / 3
                        if score > best.score { best = (score, [298, Int32(token), Int32(next)]) }
                    }
                }
                if best.caption.count == 3, best.caption[2] == 299 { best.caption = [298, best.caption[1], 299] }
                #expect(found[picture] == best.caption, "picture \(picture): \(best.score)")
            }
        }
    }

    @Test func drawingIsSeededAndFollowsTemperature() throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        func drawn(_ seed: UInt64, topK: Int = 300, temperature: Double = 1) throws -> [[Int32]] {
            var generator = Counter(state: seed)
            return try model.captions(
                for: pixels, options: options(.sampling(topK: topK, temperature: temperature)), using: &generator)
        }
        #expect(try drawn(1) == drawn(1))
        #expect(try Set((1...8).map { try drawn($0) }).count > 4)
        #expect(try drawn(3, topK: 1) == rows("greedy"))
        #expect(try drawn(3, temperature: 1e-4) == rows("greedy"))
    }

    @Test func lengthAndRepetitionAreKeptTo() throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        for search in [CaptionOptions.Search.greedy, .beams(3, scoredBy: .scores)] {
            var options = options(search)
            options.minimumLength = 10
            for caption in try model.captions(for: pixels, options: options) {
                #expect(caption.count >= 11 && caption.first == 298, "\(caption)")
            }
            options.minimumLength = 0
            options.maximumLength = 4
            #expect(try model.captions(for: pixels, options: options).allSatisfy { $0.count <= 4 })
        }
        var options = options(.greedy)
        options.repetitionPenalty = 1e6
        options.minimumLength = 10
        for caption in try model.captions(for: pixels, options: options) {
            #expect(Set(caption).count == caption.count, "\(caption)")
        }
    }

    @Test func whatCannotBeWrittenIsRefused() throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        func expectRefused(_ change: (inout CaptionOptions) -> Void, _ name: String) {
            var changed = options(.greedy)
            change(&changed)
            #expect(throws: TorchError.self, "\(name)") { try model.captions(for: pixels, options: changed) }
        }
        expectRefused({ $0.maximumLength = 12 }, "longer than the context")
        expectRefused({ $0.maximumLength = 1 }, "no place for a word")
        expectRefused({ $0.minimumLength = 11 }, "minimum over maximum")
        expectRefused({ $0.startToken = 300 }, "start outside the vocabulary")
        expectRefused({ $0.repetitionPenalty = 0 }, "penalty")
        expectRefused({ $0.search = .beams(0, scoredBy: .scores) }, "no beams")
        expectRefused({ $0.search = .beams(151, scoredBy: .scores) }, "too many beams")
        expectRefused({ $0.search = .sampling(topK: 0, temperature: 1) }, "nothing to draw from")
        expectRefused({ $0.search = .sampling(topK: 5, temperature: 0) }, "temperature")
        #expect(throws: TorchError.self) {
            try model.captions(for: pixels, options: options(.greedy), beginningWith: [300])
        }
        #expect(throws: TorchError.self) {
            try model.captions(for: pixels, options: options(.greedy), beginningWith: Array(repeating: 5, count: 10))
        }
        #expect(throws: CLIPError.noCaptionDecoder) { try FamilyModel.sigLIP.model().captions(for: pixels) }
        var misfit = family.configuration
        misfit.captionDecoder?.width = 16
        #expect(throws: CLIPError.self) { try DualEncoder(misfit) }
    }
}

/// A generator that is easy to seed; its numbers are spread by a multiplication (Steele et al., SplitMix).
private struct Counter: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

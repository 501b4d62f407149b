import CLIPText
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIP

/// What a Swift program asks a model, against the plain way on the calling thread.
@Suite struct FrontDoorTests {
    private func load(_ name: String = "hf-clip", isDeterministic: Bool = false) async throws -> CLIPModel {
        try await CLIPModel.load(
            FixtureModel.root() + "/families/" + name, isDeterministic: isDeterministic, download: .never)
    }

    /// Pictures of different sizes, each with a name of its own; more than one batch of them.
    private func pictures(_ count: Int) throws -> [Picture] {
        try (0..<count).map { number in
            let (width, height) = (20 + number % 7, 30 + number % 5)
            let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* (number &+ 3)) }
            return try Picture(width: width, height: height, pixels: pixels, name: "picture \(number)")
        }
    }

    private let labels = ["a dog", "a cat", "a red car"]

    // MARK: Loading

    @Test func aModelIsFoundByDirectoryNameOrWeights() async throws {
        let folder = try FixtureModel.root() + "/families/hf-clip"
        let texts = ["a dog", "狗"]
        let plain = try ModelCatalog.description(of: folder).loaded(answering: Answering()).vectors(texts: texts)
            .bytes()
        #expect(try await CLIPModel.load(folder).embed(texts: texts).vectors.bytes() == plain)
        let own = try await CLIPModel.load(folder, weights: folder + "/model.safetensors", download: .never)
        #expect(try await own.embed(texts: texts).vectors.bytes() == plain)
        let rough = try await CLIPModel.load(folder, precision: .bf16)
        #expect(rough.model.dtype == .bfloat16 && rough.precision == .bf16)
        #expect(try await CLIPModel.load().name == ModelCatalog.bundledName)
    }

    @Test func whatIsNotHereIsToldOf() async throws {
        await #expect(throws: CLIPError.weightsNeeded(model: "ViT-B-32")) {
            try await CLIPModel.load("ViT-B-32", download: .never)
        }
        await #expect(throws: CLIPError.self) { try await CLIPModel.load("no/such/folder", download: .never) }
        let device = Device.cuda.isAvailable ? Device.mps : .cuda
        let error = await #expect(throws: CLIPError.self) { try await CLIPModel.load(device: device) }
        #expect(error?.kind == .usage)
    }

    @Test func aCanceledLoadEnds() async throws {
        let canceled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await load()
        }
        await #expect(throws: CancellationError.self) { try await canceled.value }
    }

    // MARK: Answers

    @Test func classifyingIsTheClassifiersRanking() async throws {
        for name in ["hf-clip", "hf-siglip"] {
            // To the last bit, which depends on how many are shared out, over how many threads, and compared at a time.
            let clip = try await load(name, isDeterministic: true)
            let pictures = try pictures(70)
            let templates = try [PromptTemplate.plain, PromptTemplate("a photo of {}")]
            let classifier = try ZeroShotClassifier(clip, labels: labels, templates: templates)
            let plain = try pictures.batches(of: CLIPModel.batchSize)
                .flatMap { try classifier.rank(clip.vectors(pictures: $0)) }
            let answers = try await clip.classify(pictures, labels: labels, templates: templates)
            #expect(answers.map(\.picture) == pictures.map(\.name))
            #expect(answers.map(\.choices) == plain)
            let one = try await clip.classify(pictures[3], labels: labels, templates: templates)
            for (choice, expected) in zip(one, plain[3]) {
                #expect(choice.label == expected.label)
                #expect(
                    abs(choice.score - expected.score) < 1e-5 && abs(choice.similarity - expected.similarity) < 1e-5)
            }
            let ranked = try await clip.rank(pictures[3], captions: labels)
            #expect(Set(ranked.map(\.label)) == Set(labels))
            let best = try #require(ranked.first)
            #expect(abs(try await clip.similarity(pictures[3], best.label) - best.similarity) < 1e-5)
        }
    }

    @Test func nothingToAnswerIsRefused() async throws {
        let clip = try await load()
        let picture = try pictures(1)[0]
        await #expect(throws: CLIPError.emptyChoices(what: "labels")) { try await clip.classify(picture, labels: []) }
        await #expect(throws: CLIPError.emptyChoices(what: "labels")) {
            try await clip.classify(picture, labels: ["a", " "])
        }
        await #expect(throws: CLIPError.emptyChoices(what: "captions")) { try await clip.rank(picture, captions: []) }
        await #expect(throws: CLIPError.emptyChoices(what: "pictures")) { try await clip.embed([]) }
        await #expect(throws: CLIPError.emptyChoices(what: "texts")) { try await clip.embed(texts: []) }
        await #expect(throws: CLIPError.noCaptionDecoder) { try await clip.captions(for: [picture]) }
        #expect(throws: CLIPError.emptyChoices(what: "pictures")) { try clip.preprocessor([]) }
    }

    /// A picture that cannot be taken is named, and never left out.
    @Test func aPictureThatIsTooThinIsNamed() async throws {
        let clip = try await load()
        let thin = try Picture(
            width: 1000, height: 1, pixels: [UInt8](repeating: 7, count: 3000), name: "a thread")
        let error = await #expect(throws: CLIPError.self) { try await clip.embed(pictures(2) + [thin]) }
        guard case .picture("a thread", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// A small CoCa of CLIP's whole vocabulary, its weights random.
    private func writer() throws -> CLIPModel {
        var vision = VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, layers: 1, headWidth: 8)
        vision.pooling = .attentionalPooler(queries: 4, headCount: 2)
        var text = TextTransformerConfiguration(width: 8, headCount: 2, layers: 1)
        text.contextLength = 12
        text.hasClassEmbedding = true
        var configuration = ModelConfiguration(embeddingSize: 8, vision: vision, text: text)
        var decoder = CaptionDecoderConfiguration(width: 8, headCount: 2, layers: 1)
        decoder.contextLength = 12
        configuration.captionDecoder = decoder
        return CLIPModel(
            name: "writer", model: try withSeed(5) { try DualEncoder(configuration) },
            tokenizer: try CLIPTokenizer(contextLength: 12),
            preprocessor: PicturePreprocessor(PreprocessConfiguration(size: 32)))
    }

    /// A generator that goes on from batch to batch, as it does where the batches are written one after another.
    private struct Counter: RandomNumberGenerator, Sendable {
        var state: UInt64 = 1
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
    }

    @Test func captionsAreThoseOfOneBatchAfterAnother() async throws {
        let clip = try writer()
        #expect(clip.writesCaptions)
        let pictures = try pictures(11)
        var options = CaptionOptions()
        options.search = .sampling(topK: 50, temperature: 1)
        options.maximumLength = 8
        let found = try await clip.captions(
            for: pictures, options: options, beginningWith: "a", using: Counter())
        var generator = Counter()
        var expected: [PictureCaption] = []
        for batch in pictures.batches(of: CLIPModel.captionedPictures) {
            let bytes = try batch.map { try clip.preprocessor.bytes($0) }
            expected += try clip.captions(
                pictureBytes: bytes, options: options, beginningWith: "a", using: &generator)
        }
        #expect(found == expected && found.count == 11)
        #expect(found.allSatisfy { $0.text.hasPrefix("a") })
        let other = try await load()
        #expect(try !other.writesCaptions && other.tokenizer.captioning == nil)
    }

    // MARK: Many at once

    @Test func manyTasksGetTheNumbersThatOneGets() async throws {
        let clip = try await load()
        let pictures = try pictures(40)
        let texts = (0..<30).map { "text number \($0)" }
        let expected = try (clip.vectors(pictures: pictures).bytes(), clip.vectors(texts: texts).bytes())
        try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for number in 0..<12 {
                group.addTask {
                    number % 2 == 0
                        ? (number, try await clip.embed(pictures).vectors.bytes())
                        : (number, try await clip.embed(texts: texts).vectors.bytes())
                }
            }
            for try await (number, bytes) in group {
                #expect(bytes == (number % 2 == 0 ? expected.0 : expected.1), "\(number)")
            }
        }
    }

    /// It ends after the batch that is being computed: far from all of these.
    @Test func aCanceledQuestionEndsBetweenBatches() async throws {
        let clip = try await load()
        let many = Array(repeating: try pictures(1)[0], count: 200_000)
        let task = Task { try await clip.embed(many) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // Others are answered as before.
        #expect(try await clip.embed([many[0]]).rows.count == 1)
    }

    // MARK: Embeddings

    @Test func rowsAreNamedAfterWhatTheyAreOf() async throws {
        let clip = try await load()
        let pictures = try pictures(35)
        let found = try await clip.embed(pictures)
        #expect(found.rows == pictures.map { Embeddings.Row(.image, $0.name) })
        #expect(try found.vectors.bytes() == clip.vectors(pictures: pictures).bytes())
        #expect(try found.values().count == 35 && found.values()[0].count == 20)
        #expect(try found.space == clip.space(normalized: true))
        let texts = try await clip.embed(texts: ["a", "b"], normalized: false)
        #expect(texts.rows == [.init(.text, "a"), .init(.text, "b")])
        #expect(try texts.vectors.bytes() == clip.vectors(texts: ["a", "b"], normalized: false).bytes())
        #expect(throws: CLIPError.self) { try found.appending(texts) }
        let all = try found.appending(await clip.embed(texts: ["a"]))
        #expect(all.rows.count == 36 && all.vectors.shape == [36, 20])
    }

    /// Against every cosine by hand.
    @Test func theNearestAreThoseOfTheLargestCosines() async throws {
        let clip = try await load()
        let (shown, asked) = (try await clip.embed(pictures(300)), try await clip.embed(texts: labels))
        let found = try shown.nearest(to: asked, count: 4)
        #expect(found.map(\.query) == asked.rows)
        let (answers, queries) = (try shown.values(), try asked.values())
        func cosine(_ left: [Float], _ right: [Float]) -> Double {
            func product(_ a: [Float], _ b: [Float]) -> Double {
                zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
            return product(left, right) / (product(left, left) * product(right, right)).squareRoot()
        }
        for (query, neighbors) in zip(queries, found.map(\.neighbors)) {
            let cosines = answers.map { cosine($0, query) }
            #expect(neighbors.count == 4)
            for (place, neighbor) in neighbors.enumerated() {
                #expect(neighbor.row == shown.rows[neighbor.index])
                #expect(abs(neighbor.similarity - cosines[neighbor.index]) < 1e-5)
                #expect(abs(neighbor.similarity - cosines.sorted(by: >)[place]) < 1e-5)
            }
        }
        // More queries than are compared at a time, and more neighbors than there are.
        let back = try asked.nearest(to: shown, count: 10)
        #expect(back.count == 300 && back.allSatisfy { $0.neighbors.count == 3 })
        let similarities = try shown.similarities(to: asked).elements(Double.self)
        for (row, found) in back.enumerated() {
            for neighbor in found.neighbors {
                #expect(abs(neighbor.similarity - similarities[row * 3 + neighbor.index]) < 1e-6)
            }
        }
        #expect(try shown.nearest(to: asked, count: 0).allSatisfy(\.neighbors.isEmpty))
    }

    @Test func vectorsOfTwoSpacesDoNotMeet() async throws {
        let (left, right) = (try await load().embed(texts: ["a"]), try await load("hf-clip-eos").embed(texts: ["a"]))
        let error = #expect(throws: CLIPError.self) { try left.nearest(to: right, count: 1) }
        guard case .spacesDiffer = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: CLIPError.self) { try left.similarities(to: right) }
        // The same model, loaded again or read back, is the same space.
        let again = try await load().embed(texts: ["a"])
        #expect(abs(try left.nearest(to: again, count: 1)[0].neighbors[0].similarity - 1) < 1e-6)
        try withTemporaryDirectory { folder in
            try left.write(to: folder + "/a.npy")
            let stored = try Embeddings(contentsOf: folder + "/a.npy")
            #expect(stored.rows == left.rows && stored.name == folder + "/a.npy")
            #expect(try stored.vectors.bytes() == left.vectors.bytes())
            #expect(abs(try stored.similarities(to: again).item() - 1) < 1e-6)
            #expect(throws: CLIPError.self) { try stored.similarities(to: right) }
        }
    }
}

import Files
import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIP

/// What is kept of embeddings and class names equals what is made anew, or is made anew.
@Suite struct EmbeddingCacheTests {
    private static func model(
        _ name: String = "models/words", _ answering: Answering = Answering(.fp32), contextLength: Int? = nil
    ) throws -> CLIPModel {
        let description = try ModelCatalog.description(of: FixtureModel.root() + "/" + name)
        return try description.resized(contextLength: contextLength).loaded(answering: answering)
    }

    private static let labels = ["dog", "cat", "a much longer name of something"]
    private static func templates() throws -> [PromptTemplate] { try [.plain, PromptTemplate("a photo of a {}")] }

    private static func prompts(
        _ clip: CLIPModel, _ labels: [String] = labels, _ templates: [PromptTemplate]? = nil
    ) throws -> ZeroShotPrompts {
        try ZeroShotPrompts(labels, templates ?? self.templates(), for: clip.tokenizer)
    }

    private func withCache<R>(limit: Int = 1 << 30, _ body: (EmbeddingCache) throws -> R) throws -> R {
        try withTemporaryDirectory { try body(EmbeddingCache(folder: $0 + "/cache", limit: limit)) }
    }

    private func path(_ cache: EmbeddingCache, _ entry: EmbeddingCache.Entry) -> String {
        "\(cache.folder)/\(entry.key).safetensors"
    }

    @Test func classNamesAreKeptAsTheyWereMade() throws {
        try withCache { cache in
            let clip = try Self.model()
            func weights(_ clip: CLIPModel, _ cache: EmbeddingCache?) throws -> Tensor {
                try ZeroShotClassifier(clip, labels: Self.labels, templates: Self.templates(), cache: cache).weights
            }
            let plain = try weights(clip, nil).bytes()
            #expect(try weights(clip, cache).bytes() == plain)
            #expect(try weights(Self.model(), cache).bytes() == plain)
            let entries = cache.entries()
            #expect(
                entries.map(\.description) == ["3 class names × 2 prompts by \(clip.name) in fp32"])
            // A hit encodes nothing: it gives whatever is kept.
            let kept = try #require(try KeptClassVectors(cache, clip, Self.prompts(clip)))
            let others = try Tensor.zeros([3, clip.model.configuration.embeddingSize])
            kept.keep(others)
            #expect(try weights(Self.model(), cache).bytes() == others.bytes())
        }
    }

    @Test func awaitedClassifiersKeepTheSame() async throws {
        let folder = NSTemporaryDirectory() + "swift-clip-tests-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cache = try EmbeddingCache(folder: folder, limit: 1 << 30)
        let clip = try Self.model()
        let plain = try await clip.classifier(labels: Self.labels, templates: Self.templates())
        let made = try await clip.classifier(labels: Self.labels, templates: Self.templates(), cache: cache)
        let found = try await Self.model().classifier(
            labels: Self.labels, templates: Self.templates(), cache: cache)
        for classifier in [made, found] {
            #expect(try classifier.weights.bytes() == plain.weights.bytes())
            #expect(classifier.choices == plain.choices && classifier.truncation == plain.truncation)
        }
        #expect(cache.entries().count == 1)
    }

    @Test func whateverDecidesTheVectorsIsAskedFor() throws {
        try withCache { cache in
            let clip = try Self.model()
            _ = try clip.classVectors(Self.prompts(clip), cache: cache)
            func isKept(_ clip: CLIPModel, _ prompts: ZeroShotPrompts, in cache: EmbeddingCache) throws -> Bool {
                try #require(KeptClassVectors(cache, clip, prompts)).vectors() != nil
            }
            #expect(try isKept(clip, Self.prompts(clip), in: cache))
            let templates = try Self.templates()
            let others: [([String], [PromptTemplate])] = [
                (Self.labels.reversed(), templates), (Self.labels, templates.reversed()), (Self.labels, [.plain]),
                (Self.labels.dropLast(), templates), (Self.labels + ["hen"], templates),
                (Self.labels.map { $0 + "s" }, templates),
            ]
            for (labels, asked) in others {
                #expect(try !isKept(clip, Self.prompts(clip, labels, asked), in: cache), "\(labels)")
            }
            // The same sentences, cut up into other labels.
            let sentences = Self.labels.flatMap { label in templates.map { $0.filled(with: label) } }
            #expect(try !isKept(clip, Self.prompts(clip, sentences, [.plain]), in: cache))
            for other in try [
                Self.model("families/hf-clip"), Self.model("models/words", Answering(.bf16)),
                Self.model("models/words", Answering(.fp32, isDeterministic: true)), Self.model(contextLength: 16),
            ] { #expect(try !isKept(other, Self.prompts(other), in: cache), "\(other.name)") }
            var medium = cache
            medium.variant = "medium"
            #expect(try !isKept(clip, Self.prompts(clip), in: medium))
            #expect(try KeptClassVectors(cache, clip, Self.prompts(clip), fingerprint: "x")?.vectors() == nil)
        }
    }

    /// A file that was changed just now may change once more within one tick of its clock.
    @Test func whatMayStillChangeIsNotKept() throws {
        try withTemporaryDirectory { folder in
            let model = try FixtureModel(name: "words").directory()
            try FileManager.default.copyItem(atPath: model, toPath: folder + "/copy")
            let clip = try ModelCatalog.description(of: folder + "/copy").loaded()
            let cache = try EmbeddingCache(folder: folder + "/cache", limit: 1 << 30)
            #expect(try KeptClassVectors(cache, clip, Self.prompts(clip)) == nil)
            _ = try clip.classVectors(Self.prompts(clip), cache: cache)
            #expect(cache.entries().isEmpty)
            let made = try DualEncoder(clip.model.configuration)
            let untrained = CLIPModel(
                name: "untrained", model: made, tokenizer: try clip.tokenizer, preprocessor: try clip.preprocessor)
            #expect(try KeptClassVectors(cache, untrained, Self.prompts(clip)) == nil)
        }
    }

    @Test func damagedForeignAndOlderFilesAreMadeAnew() throws {
        try withCache { cache in
            let clip = try Self.model()
            func made() throws -> [UInt8] { try clip.classVectors(Self.prompts(clip), cache: cache).bytes() }
            let expected = try made()
            let file = path(cache, try #require(cache.entries().first))
            let whole = try Data(contentsOf: URL(fileURLWithPath: file))
            var flipped = whole
            flipped[whole.count - 2] ^= 1
            let foreign = try {
                _ = try clip.classVectors(Self.prompts(clip, ["another"]), cache: cache)
                let other = try #require(cache.entries().first { path(cache, $0) != file })
                return try Data(contentsOf: URL(fileURLWithPath: path(cache, other)))
            }()
            let older = try TensorFile.read(file)
            let key = try #require(TensorFile.metadata(of: file)["key"])
            let damages: [(String) throws -> Void] = [
                { try flipped.write(to: URL(fileURLWithPath: $0)) },
                { try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: $0)) },
                { try Data().write(to: URL(fileURLWithPath: $0)) },
                { try foreign.write(to: URL(fileURLWithPath: $0)) },
                { try TensorFile.write(older, metadata: ["key": key, "description": "older"], to: $0) },
            ]
            for (place, damage) in damages.enumerated() {
                // Mapped files are replaced, not written into.
                try FileManager.default.removeItem(atPath: file)
                try damage(file)
                #expect(try made() == expected, "\(place)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == whole, "\(place)")
            }
        }
    }

    @Test func whatCannotBeKeptIsMadeAllTheSame() throws {
        try withTemporaryDirectory { folder in
            // A file where the folder should be, which stops root too.
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            var cache = try EmbeddingCache(folder: folder + "/file/cache", limit: 1 << 30)
            let told = Told()
            cache.onProblem = { _ in told.add() }
            let clip = try Self.model()
            let plain = try clip.classVectors(Self.prompts(clip))
            #expect(try clip.classVectors(Self.prompts(clip), cache: cache).bytes() == plain.bytes())
            #expect(told.count == 1 && cache.entries().isEmpty)
        }
    }

    @Test func theCacheIsBoundedAndForgetsWhatWasUsedLongAgo() throws {
        try withCache(limit: 10_000) { cache in
            let tensor = try Tensor.zeros([1000])
            try Folder.make(cache.folder)
            let model = cache.folder + "/model.safetensors"
            try Data(count: 20_000).write(to: URL(fileURLWithPath: model))
            for name in ["a", "b", "c"] {
                _ = try cache.tensors([name], name) { ["t": tensor] }
                // Times of files are told apart.
                try age(cache, by: 10)
            }
            #expect(cache.entries().map(\.description) == ["c", "b"])
            _ = try cache.tensors(["large"], "large") { ["t": try Tensor.zeros([10_000])] }
            #expect(cache.entries().map(\.description) == ["c", "b"], "what alone is too much removes nothing")
            #expect(try cache.clear().count == 2 && Folder.exists(cache.folder))
            #expect(FileManager.default.fileExists(atPath: model), "what is not the cache's own is left alone")
            #expect(throws: CLIPError.self) { try EmbeddingCache(environment: ["CLIP_CACHE_GIB": "much"]) }
            let other = try EmbeddingCache(environment: ["XDG_CACHE_HOME": "/x", "CLIP_CACHE_GIB": "0.5"])
            #expect(other.folder == "/x/swift-clip/embeddings" && other.limit == 1 << 29)
        }
    }

    private func age(_ cache: EmbeddingCache, by seconds: Double) throws {
        for entry in cache.entries() {
            try FileManager.default.setAttributes(
                [.modificationDate: entry.used.addingTimeInterval(-seconds)], ofItemAtPath: path(cache, entry))
        }
    }

    private final class Told: @unchecked Sendable {
        private let lock = NSLock()
        private var times = 0
        var count: Int { lock.withLock { times } }
        func add() { lock.withLock { times += 1 } }
    }
}

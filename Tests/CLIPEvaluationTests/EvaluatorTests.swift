import CLIP
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIPEvaluation

/// The bundled model on a few drawn pictures: what is kept on disk equals what is encoded anew.
@Suite struct EvaluatorTests {
    /// Class folders of two colors, and a caption beside nothing.
    private func makeSet(_ folder: String, _ count: Int = 3) throws -> String {
        let root = folder + "/set"
        for (name, color) in [("blue", [30, 60, 220] as [UInt8]), ("red", [220, 40, 30])] {
            for place in 0..<count {
                let pixels = (0..<32 * 32).flatMap { $0 % (place + 2) == 0 ? [255, 255, 255] : color }
                let picture = try Picture(width: 32, height: 32, pixels: pixels)
                try SetFixtures.write(
                    picture.encoded(as: .png(compression: 6)), to: "\(root)/\(name)/\(place).png")
            }
        }
        return root
    }

    private static let model = Result { try ModelCatalog.description(of: ModelCatalog.bundledName).loaded() }

    @Test func whatIsKeptEqualsWhatIsEncoded() throws {
        try withTemporaryDirectory { folder in
            let clip = try Self.model.get()
            let set = try EvaluationSet(makeSet(folder))
            let cache = try EmbeddingCache(folder: folder + "/cache", limit: 1 << 30)
            let fresh = try Evaluator(clip, cache: nil).embedded(set)
            let first = try Evaluator(clip, cache: cache).embedded(set)
            let counted = Counted()
            let again = try Evaluator(clip, cache: cache, onProgress: { done, _ in counted.add(done) }).embedded(set)
            #expect(counted.total == 0, "a second look encodes nothing")
            for kept in [first, again] {
                #expect(try kept.vectors.bytes() == fresh.vectors.bytes())
                #expect(try kept.states.bytes() == fresh.states.bytes())
                #expect(kept.samples == fresh.samples && kept.hashes == fresh.hashes && kept.skipped == 0)
            }
            #expect(fresh.classNames == ["blue", "red"] && fresh.count == 6)
            #expect(try fresh.labels() == [0, 0, 0, 1, 1, 1])
            // Another change, another precision, another set are others.
            let evaluator = try Evaluator(clip, cache: cache)
            let changed = try evaluator.embedded(
                set,
                change: .init("black") { picture, _ in
                    try Picture(
                        width: picture.width, height: picture.height,
                        pixels: Array(repeating: 0, count: picture.pixels.count))
                })
            #expect(try changed.vectors.bytes() != fresh.vectors.bytes())
            #expect(cache.entries().count == 2 && cache.entries().allSatisfy { $0.description.contains("set") })
            // A damaged file is made anew.
            for entry in cache.entries() {
                try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(cache.folder)/\(entry.key).safetensors"))
            }
            #expect(try evaluator.embedded(set).vectors.bytes() == fresh.vectors.bytes())
            #expect(try cache.clear().count == 2 && cache.entries().isEmpty)
        }
    }

    /// A figure may ask for its set several times: without a cache on disk it is encoded once all the same.
    @Test func withoutACacheASetIsEncodedOnce() throws {
        try withTemporaryDirectory { folder in
            let set = try EvaluationSet(makeSet(folder))
            let counted = Counted()
            let evaluator = try Evaluator(Self.model.get(), cache: nil, onProgress: { done, _ in counted.add(done) })
            let (first, second) = (try evaluator.embedded(set), try evaluator.embedded(set))
            #expect(counted.total == 6 && first.samples == second.samples)
            _ = try evaluator.embedded(set.sampled(4))
            #expect(counted.total == 10, "a sample of it is another set")
        }
    }

    @Test func classNamesAreKeptOnceForAllWhoAsk() throws {
        try withTemporaryDirectory { folder in
            let clip = try Self.model.get()
            let cache = try EmbeddingCache(folder: folder + "/cache", limit: 1 << 30)
            let prompts = ClassPrompts(
                names: ["blue", "red"], templates: [try PromptTemplate("a {} picture"), .plain])
            let plain = try Evaluator(clip, cache: nil).classVectors(prompts).bytes()
            for _ in 0..<2 { #expect(try Evaluator(clip, cache: cache).classVectors(prompts).bytes() == plain) }
            #expect(cache.entries().map(\.description) == ["2 class names × 2 prompts by \(clip.name) in fp32"])
            // A model with other weights than its file's has a fingerprint of its own.
            _ = try Evaluator(clip, cache: cache, fingerprint: "epoch 1").classVectors(prompts)
            #expect(cache.entries().count == 2)
        }
    }

    @Test func colorsAreToldByTheirNames() throws {
        try withTemporaryDirectory { folder in
            let evaluator = try Evaluator(Self.model.get(), cache: nil)
            let set = try EvaluationSet(makeSet(folder))
            let embedded = try evaluator.embedded(set)
            let prompts = ClassPrompts(
                names: ["blue", "red"], templates: [try PromptTemplate("a {} picture"), .plain])
            let result = try evaluator.zeroShot(embedded, prompts)
            #expect(result.steps.map(\.prompts) == ["bare names", "one template", "ensemble"])
            #expect(result.classification?.top1.value ?? 0 > 0.6 && result.isRight.count == 6)
            // The ensemble is the mean of unit vectors, brought to unit length.
            let texts = try evaluator.clip.vectors(texts: ["a blue picture", "blue", "a red picture", "red"])
            let expected = try texts.reshaped([2, 2, -1]).mean(along: 1).normalized()
            #expect(
                try (evaluator.classVectors(prompts) - expected).absolute().maximum(along: 1).elements(Float.self)
                    .allSatisfy { $0 < 1e-5 })
            let data = try ResultCoding.encoder().encode(result)
            #expect(try ResultCoding.decoder().decode(ZeroShotResult.self, from: data) == result)
            #expect(throws: EvaluationError.self) { try evaluator.zeroShot(embedded, ClassPrompts(names: ["one"])) }
            #expect(throws: EvaluationError.self) { try evaluator.retrieval(embedded, convention: .anyPositive) }
        }
    }

    @Test func unreadablePicturesAreLeftOutAndCounted() throws {
        try withTemporaryDirectory { folder in
            let root = try makeSet(folder)
            try SetFixtures.write([1, 2, 3], to: root + "/red/9.png")
            let set = try EvaluationSet(root)
            let embedded = try Evaluator(Self.model.get(), cache: nil).embedded(set)
            #expect(embedded.count == 6 && embedded.skipped == 1)
        }
    }

    @Test func headsAreKeptAndRefusedByOtherModels() throws {
        try withTemporaryDirectory { folder in
            let evaluator = try Evaluator(Self.model.get(), cache: nil)
            let set = try EvaluationSet(makeSet(folder, 8))
            let outcome = try evaluator.probe(Probe(), train: set, test: set)
            #expect(outcome.probe.accuracy.value > 0.8)
            try outcome.head.write(to: folder + "/head.safetensors")
            let head = try ProbeHead(path: folder + "/head.safetensors")
            let ranked = try head.ranked(outcome.test.states, of: evaluator)
            #expect(
                zip(ranked, try outcome.test.labels()).count { $0[0].index == $1 } == outcome.probe.isRight.count { $0 }
            )
            #expect(abs(ranked[0].reduce(0) { $0 + $1.score } - 1) < 1e-5)
            let other = try Evaluator(Self.model.get(), cache: nil, fingerprint: "another")
            #expect(throws: EvaluationError.self) { try head.ranked(outcome.test.states, of: other) }
            try SetFixtures.write("{}", to: folder + "/no.safetensors")
            #expect(throws: (any Error).self) { try ProbeHead(path: folder + "/no.safetensors") }
        }
    }

    /// Told from any thread.
    private final class Counted: @unchecked Sendable {
        private let lock = NSLock()
        private var sum = 0
        var total: Int { lock.withLock { sum } }
        func add(_ count: Int) { lock.withLock { sum += count } }
    }
}

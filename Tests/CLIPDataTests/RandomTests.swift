import Foundation
import Testing

@testable import CLIPData

@Suite struct RandomTests {
    /// The reference values of the published generator for seed 1234567.
    @Test func equalsTheReference() {
        var generator = SplitMix64(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.indices.map { _ in generator.next() } == expected)
    }

    @Test func integersAreUniform() {
        var generator = SplitMix64(seed: 1)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[generator.integer(below: 7)] += 1 }
        // Six standard deviations of a binomial with n = 70,000 and p = 1/7 are 556.
        #expect(counts.allSatisfy { abs($0 - 10_000) < 556 }, "\(counts)")
        #expect([Int.min, -1, 0, 1].map { generator.integer(below: $0) } == [0, 0, 0, 0])
        #expect((0..<100).allSatisfy { _ in (0..<Int.max).contains(generator.integer(below: .max)) })
    }

    @Test func unitsLieInTheUnitInterval() {
        var generator = SplitMix64(seed: 2)
        let units = (0..<10_000).map { _ in generator.unit() }
        #expect(units.allSatisfy { (0..<1).contains($0) })
        // Six standard deviations of the mean: 6 / sqrt(12 * 10,000).
        #expect(abs(units.reduce(0, +) / 10_000 - 0.5) < 0.0174)
    }

    @Test func allPermutationsAreAsLikely() {
        var generator = SplitMix64(seed: 3)
        var counts: [[Int]: Int] = [:]
        for _ in 0..<6000 {
            var elements = [0, 1, 2]
            generator.shuffle(&elements)
            counts[elements, default: 0] += 1
        }
        #expect(counts.count == 6)
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 174 }, "\(counts)")
    }

    @Test func seedsDependOnEveryPart() {
        let seeds = [
            SplitMix64.seed(), SplitMix64.seed(0), SplitMix64.seed(0, 0), SplitMix64.seed(0, 1), SplitMix64.seed(1, 0),
            SplitMix64.seed(1, 1),
        ]
        #expect(Set(seeds).count == seeds.count)
    }

    @Test func captionsAreChosenBySeed() {
        let sample = PairSample(
            key: "k", image: .file(path: "p"), imageName: "p", caption: "main", alternatives: ["a", "b", "c"],
            location: "l")
        #expect((0..<50).allSatisfy { CaptionSampling.first.caption(of: sample, seed: $0) == "main" })
        let sampling = CaptionSampling.random(alternativeProbability: 0.75)
        let chosen = (0..<8000).map { sampling.caption(of: sample, seed: UInt64($0)) }
        #expect(chosen == (0..<8000).map { sampling.caption(of: sample, seed: UInt64($0)) })
        for caption in ["main", "a", "b", "c"] {
            let count = chosen.filter { $0 == caption }.count
            #expect(abs(count - 2000) < 233, "\(caption): \(count)")
        }
        let never = CaptionSampling.random(alternativeProbability: 0)
        let always = CaptionSampling.random(alternativeProbability: 1)
        #expect((0..<50).allSatisfy { never.caption(of: sample, seed: $0) == "main" })
        #expect((0..<50).allSatisfy { always.caption(of: sample, seed: $0) != "main" })
        let plain = PairSample(key: "k", image: .file(path: "p"), imageName: "p", caption: "main", location: "l")
        #expect(always.caption(of: plain, seed: 1) == "main")
    }

    @Test func keywordsMakeCaptionsOfSomeOfThem() {
        let sample = PairSample(
            key: "k", image: .bytes(.init()), imageName: "k.png", caption: "main", keywords: ["red", "round", "toy"],
            location: "k")
        let always = CaptionSampling.random(alternativeProbability: 1)
        let captions = Set((0..<400).map { always.caption(of: sample, seed: $0) })
        let allowed = Set(["main", "red", "round", "toy"])
        for caption in captions {
            let words = caption.components(separatedBy: ", ")
            #expect(Set(words).isSubset(of: allowed) && Set(words).count == words.count, "\(caption)")
            #expect(words != ["main"] && (words.firstIndex(of: "main") ?? 0) == 0, "\(caption)")
        }
        // 15 orders of 1 to 3 words, each with and without the main caption before it.
        #expect(captions.count == 30)
        #expect(always.caption(of: sample, seed: 1) == always.caption(of: sample, seed: 1))
    }
}

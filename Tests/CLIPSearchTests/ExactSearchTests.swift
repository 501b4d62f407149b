import CLIP
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// What a search gives, held against the vectors themselves in full precision.
@Suite struct ExactSearchTests {
    private struct Random {
        var state: UInt64

        mutating func next() -> Float {
            // The sum of some is nearly normal.
            (0..<6).reduce(Float(0)) { sum, _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return sum + Float(Int64(bitPattern: state) >> 33) / Float(1 << 30)
            }
        }

        mutating func vector(_ size: Int) -> [Float] { (0..<size).map { _ in next() } }
    }

    private func unit(_ values: [Float]) -> [Float] { UnitVector.scaled(values) }

    /// As models' vectors lie: around centers, with two large numbers that all have.
    private func clustered(_ count: Int, _ size: Int, _ random: inout Random) -> [[Float]] {
        let centers = (0..<max(1, count / 50)).map { _ in random.vector(size) }
        return (0..<count).map { number in
            var vector = zip(centers[number % centers.count], random.vector(size)).map { $0 + 0.4 * $1 }
            vector[3] += 20
            vector[size - 1] -= 12
            return unit(vector)
        }
    }

    private func index(_ rows: [[Float]], in folder: String) throws -> SearchIndex {
        var space = SearchIndexTests.space()
        space.embeddingSize = rows[0].count
        let index = try SearchIndex(path: folder + "/index", space: space)
        try index.add(
            rows.enumerated().map { PictureVector(picture: SearchIndexTests.picture($0), vector: $1) })
        return index
    }

    private func best(_ rows: [[Float]], _ query: [Float], _ count: Int) -> [String] {
        let scores = rows.map { zip($0, query).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
        return scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(count)
            .map { SearchIndexTests.picture($0).path }
    }

    @Test(arguments: [false, true]) func theFirstTenAreThoseOfTheOriginalVectors(_ isClustered: Bool) throws {
        try withTemporaryDirectory { folder in
            var random = Random(state: 11)
            let rows =
                isClustered
                ? clustered(2500, 64, &random) : (0..<2500).map { _ in unit(random.vector(64)) }
            let index = try index(rows, in: folder)
            var (same, asked) = (0, 0)
            for number in 0..<40 {
                // Half of them near a picture, half of them anywhere.
                let noise = random.vector(64)
                let query = number % 2 == 0 ? unit(zip(rows[number * 7], noise).map { $0 + 0.02 * $1 }) : unit(noise)
                let found = try index.search(query, count: 10).map(\.picture.path)
                same += Set(found).intersection(best(rows, query, 10)).count
                asked += 10
            }
            #expect(same == asked, "\(same) of \(asked)")
        }
    }

    @Test func scoresOfWholeNumbersAreWithinTheMargin() throws {
        var random = Random(state: 5)
        let rows = clustered(1500, 64, &random) + (0..<500).map { _ in unit(random.vector(64)) }
        var largest: Float = 0
        for row in stride(from: 0, to: rows.count, by: 40) {
            let query = unit(zip(rows[row], random.vector(64)).map { $0 + 0.05 * $1 })
            let asked = QuantizedVector(query)
            for row in rows {
                let kept = UnitVector(row)
                let quantized = QuantizedVector(kept.values)
                var dot: Int32 = 0
                for place in 0..<64 { dot += Int32(asked.integers[place]) * Int32(quantized.integers[place]) }
                let error = abs(Float(dot) * quantized.scale * asked.scale - kept.dot(query))
                largest = max(largest, error / QuantizedVector.margin(quantized.scale, asked.scale))
            }
        }
        // Near the margin, so that it is not far too large.
        #expect(largest < 1 && largest > 0.4, "\(largest)")
    }

    /// All lie within the margin of one another, so that the first scan never goes far enough.
    @Test func manyAnswersThatLieCloseTogetherAreRight() throws {
        try withTemporaryDirectory { folder in
            var random = Random(state: 3)
            let center = unit(random.vector(32))
            let rows = (0..<3000).map { _ in unit(zip(center, random.vector(32)).map { $0 + 0.004 * $1 }) }
            let index = try index(rows, in: folder)
            let query = unit(zip(center, random.vector(32)).map { $0 + 0.1 * $1 })
            for count in [1, 10, 300, 2999, 3000, 10_000] {
                let found = try index.search(query, count: count)
                let wanted = best(rows, query, count)
                #expect(found.count == wanted.count)
                // Neighbors in the order may be closer than what is kept of them.
                let common = Set(found.map(\.picture.path)).intersection(wanted).count
                #expect(common >= wanted.count - wanted.count / 100, "\(count): \(common)")
                #expect(zip(found, found.dropFirst()).allSatisfy { $0.similarity >= $1.similarity })
            }
        }
    }

    @Test func equalOnesComeByTheirNumbers() throws {
        try withTemporaryDirectory { folder in
            var random = Random(state: 3)
            let row = random.vector(32)
            let index = try index(Array(repeating: row, count: 700), in: folder)
            let found = try index.search(row, count: 40)
            #expect(found.map(\.picture.id) == Array(1...40))
        }
    }
}

import CLIP
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// Pictures that are nearly the same: told together, and listed as duplicates.
@Suite struct SearchGroupTests {
    /// The vector of a number, turned by an angle towards another: their cosine is the angle's.
    private func turned(_ number: Int, by cosine: Double, seed: Int = 900) -> [Float] {
        let vector = UnitVector.scaled(SearchIndexTests.vector(number))
        let other = UnitVector.scaled(SearchIndexTests.vector(seed + number))
        let along = zip(vector, other).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        let across = UnitVector.scaled(zip(vector, other).map { $1 - along * $0 })
        let sine = (1 - cosine * cosine).squareRoot()
        return zip(vector, across).map { Float(cosine) * $0 + Float(sine) * $1 }
    }

    private func picture(
        _ name: String, _ vector: [Float], hash: String? = nil, size: Int = 1000, side: Int = 10, modified: Int64 = 0
    ) -> PictureVector {
        PictureVector(
            picture: IndexedPicture(
                path: "/\(name)", size: size, modified: modified * 1_000_000_000, hash: hash ?? name, width: side,
                height: side),
            vector: vector)
    }

    private func hit(_ id: Int64, _ similarity: Float) -> SearchHit {
        SearchHit(
            picture: IndexedPicture(
                id: id, path: "/\(id)", size: 1, modified: 0, hash: "\(id)", width: 1, height: 1),
            similarity: similarity)
    }

    @Test func hitsGoToTheFirstBetterOneTheyAreLike() {
        let vectors: [Int64: [Float]] = [
            1: SearchIndexTests.vector(1), 2: SearchIndexTests.vector(2), 3: turned(1, by: 0.96),
            4: turned(2, by: 0.94),
            5: turned(1, by: 0.951, seed: 950),
        ]
        let hits = (1...6).map { hit(Int64($0), 1 - Float($0) / 10) }
        let groups = SearchGroup.grouped(hits, vectors: vectors, threshold: 0.95)
        #expect(groups.map(\.best.picture.id) == [1, 2, 4, 6])
        #expect(groups.map { $0.similar.map(\.picture.id) } == [[3, 5], [], [], []])
        // What follows the last group that there is room for is not told.
        let two = SearchGroup.grouped(hits, vectors: vectors, threshold: 0.95, count: 2)
        #expect(two.map(\.best.picture.id) == [1, 2] && two[0].similar.map(\.picture.id) == [3])
        #expect(SearchGroup.grouped([], vectors: [:], threshold: 0.9).isEmpty)
    }

    @Test func askingGoesOnUntilThereAreEnoughGroups() throws {
        try withTemporaryDirectory { folder in
            let index = try SearchIndex(path: folder + "/index", space: SearchIndexTests.space())
            // Two hundred copies are nearer to the query than all others.
            let query = SearchIndexTests.vector(1)
            try index.add((0..<200).map { picture("copy \($0)", query) })
            try index.add((2..<40).map { picture("other \($0)", SearchIndexTests.vector($0)) })
            let groups = try index.search(query, groups: 5)
            #expect(groups.count == 5 && groups[0].similar.count == 199)
            #expect(groups.dropFirst().allSatisfy { $0.best.picture.path.hasPrefix("/other") && $0.similar.isEmpty })
            #expect(try index.search(query, groups: 1000).count == 39)
            #expect(try index.search(query, groups: 0).isEmpty)
            var filter = SearchFilter()
            filter.ids = [7, 8, 201]
            let some = try index.search(query, groups: 5, filter: filter, leaving: [7])
            #expect(some.map(\.best.picture.id) == [8, 201])
        }
    }

    @Test func duplicatesAreLikeTheBestWhichIsKept() throws {
        try withTemporaryDirectory { folder in
            let index = try SearchIndex(path: folder + "/index", space: SearchIndexTests.space())
            try index.add([
                picture("small", SearchIndexTests.vector(1), size: 700, side: 5),
                picture("large", turned(1, by: 0.985), size: 900, side: 50),
                picture("copy", turned(1, by: 0.985), hash: "large", size: 900, side: 50, modified: 5),
                picture("alone", SearchIndexTests.vector(3), size: 1, side: 1),
                picture("heavy", SearchIndexTests.vector(4), size: 2000),
                picture("light", turned(4, by: 0.975), size: 1500),
                picture("no twin", turned(4, by: 0.965, seed: 950), size: 1400),
            ])
            let groups = try index.duplicates()
            #expect(groups.map(\.kept.path) == ["/large", "/heavy"])
            #expect(groups[0].others.map(\.picture.path) == ["/copy", "/small"])
            #expect(groups[0].others.map(\.isExact) == [true, false] && groups[0].freeableBytes == 1600)
            #expect(abs(groups[0].others[1].similarity - 0.985) < 1e-3 && groups[0].others[0].similarity > 0.9999)
            #expect(groups[1].others.map(\.picture.path) == ["/light"] && groups[1].freeableBytes == 1500)
            #expect(try index.duplicates(threshold: 0.96)[1].others.count == 2)
            #expect(try index.duplicates(threshold: 0.9999).map(\.others.count) == [1])
        }
    }

    /// A chain's members are like their neighbors; only those like the kept one go with it.
    @Test func chainsAreCutWhereTheKeptOneIsNotAlike() throws {
        try withTemporaryDirectory { folder in
            let index = try SearchIndex(path: folder + "/index", space: SearchIndexTests.space())
            let step = acos(0.98)
            try index.add((0..<5).map { picture("\($0)", turned(1, by: cos(step * Double($0))), size: 100 - $0) })
            let groups = try index.duplicates(threshold: 0.97)
            #expect(groups.map(\.kept.path).sorted() == ["/0", "/2"])
            #expect(groups.allSatisfy { $0.others.count == 1 })
        }
    }

    /// All pairs of more pictures than a block and a tile hold, against a plain loop.
    @Test func allPairsAreLookedAt() throws {
        try withTemporaryDirectory { folder in
            let index = try SearchIndex(path: folder + "/index", space: SearchIndexTests.space())
            let count = 1500
            let pictures = (0..<count).map { number -> PictureVector in
                let twin = number % 7 == 3 ? turned(number / 2, by: 0.99) : SearchIndexTests.vector(number)
                return picture("\(number)", twin, size: 5000 - number * 3 % 1000)
            }
            try index.add(pictures)
            var shares: [Double] = []
            let groups = try index.duplicates(threshold: 0.98) { shares.append($0) }
            let order = (0..<count).sorted { (-pictures[$0].picture.size, $0) < (-pictures[$1].picture.size, $1) }
            let vectors = pictures.map { UnitVector.scaled($0.vector) }
            var taken: Set<Int> = []
            var expected: [String: Set<String>] = [:]
            for (place, kept) in order.enumerated() where !taken.contains(kept) {
                for other in order[(place + 1)...] where !taken.contains(other) {
                    var dot: Float = 0
                    for index in 0..<SearchIndexTests.dimension { dot += vectors[kept][index] * vectors[other][index] }
                    guard dot >= 0.98 else { continue }
                    taken.insert(other)
                    expected[pictures[kept].picture.path, default: []].insert(pictures[other].picture.path)
                }
            }
            let found = Dictionary(
                uniqueKeysWithValues: groups.map { ($0.kept.path, Set($0.others.map(\.picture.path))) })
            #expect(found == expected && expected.count > 100)
            #expect(shares.last == 1 && shares == shares.sorted() && shares.count == 6)
        }
    }
}

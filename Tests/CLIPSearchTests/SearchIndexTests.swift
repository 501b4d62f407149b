import CLIP
import Files
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// An index on disk: what it finds, and what is left of it after anything.
@Suite struct SearchIndexTests {
    static let dimension = 24

    static func space(model: String = "test") -> EmbeddingSpace {
        EmbeddingSpace(
            model: model, embeddingSize: dimension, weights: String(repeating: "1", count: 32), architecture: [:],
            tokenizer: nil, preprocessing: [:], normalized: true)
    }

    static func vector(_ seed: Int) -> [Float] {
        var state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        return (0..<dimension).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 33) / Float(1 << 30)
        }
    }

    static func picture(_ number: Int, folder: String = "/pictures", hash: String? = nil) -> IndexedPicture {
        IndexedPicture(
            id: 0, path: "\(folder)/\(number).jpg", size: 1000 + number, modified: Int64(number) * 1_000_000_000,
            hash: hash ?? "hash \(number)", width: 4, height: 3, taken: number % 2 == 0 ? Int64(number) + 5000 : nil)
    }

    static func fill(_ index: SearchIndex, _ numbers: Range<Int>) throws {
        try index.add(numbers.map { PictureVector(picture: picture($0), vector: vector($0)) })
    }

    /// Cosines with the vectors as they are kept.
    private func expected(_ numbers: some Sequence<Int>, _ query: [Float]) -> [String] {
        let length = query.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let unit = query.map { Float(Double($0) / length) }
        func similarity(_ number: Int) -> Float { UnitVector(Self.vector(number)).dot(unit) }
        return numbers.map { (Self.picture($0).path, similarity($0)) }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    private func found(_ index: SearchIndex, _ query: [Float], _ count: Int, _ filter: SearchFilter = .init()) throws
        -> [String]
    {
        try index.search(query, count: count, filter: filter).map(\.picture.path)
    }

    @Test func theNearestAreFoundExactlyBestFirst() throws {
        try withTemporaryDirectory { folder in
            let index = try SearchIndex(path: folder + "/index", space: Self.space())
            #expect(try index.count == 0 && index.search(Self.vector(1), count: 3).isEmpty)
            try Self.fill(index, 0..<700)
            #expect(try index.count == 700)
            for seed in 1000..<1010 {
                let query = Self.vector(seed).map { $0 * 3 }
                #expect(try found(index, query, 10) == Array(expected(0..<700, query).prefix(10)))
            }
            #expect(try found(index, Self.vector(42), 1) == ["/pictures/42.jpg"])
            let best = try #require(try index.search(Self.vector(42), count: 1).first)
            #expect(abs(best.similarity - 1) < 0.01 && best.picture.width == 4)
            #expect(try index.search(Self.vector(1), count: 5000).count == 700)
            #expect(throws: SearchError.dimension(given: 3, needed: Self.dimension)) {
                try index.search([1, 2, 3], count: 1)
            }
        }
    }

    @Test func filtersAreAppliedInTheScan() throws {
        try withTemporaryDirectory { folder in
            let index = try SearchIndex(path: folder + "/index", space: Self.space())
            try Self.fill(index, 0..<300)
            try index.add(
                (300..<320).map {
                    PictureVector(picture: Self.picture($0, folder: "/pictures/a_b%"), vector: Self.vector($0))
                })
            try index.add([
                PictureVector(
                    picture: IndexedPicture(
                        path: "/pictures-too/x.PNG", size: 5, modified: 0, hash: "x", width: 1, height: 1),
                    vector: Self.vector(999))
            ])
            let query = Self.vector(5000)
            func numbers(_ change: (inout SearchFilter) -> Void) throws -> Set<String> {
                var filter = SearchFilter()
                change(&filter)
                return Set(try index.search(query, count: 1000, filter: filter).map(\.picture.path))
            }
            #expect(try numbers { $0.folder = "/pictures" }.count == 320)
            #expect(try numbers { $0.folder = "/pictures/a_b%/" }.count == 20)
            #expect(try numbers { $0.folder = "/pictures/a" }.isEmpty)
            #expect(try numbers { $0.fileTypes = ["png"] } == ["/pictures-too/x.PNG"])
            #expect(try numbers { $0.fileTypes = ["%"] }.isEmpty)
            #expect(
                try numbers { $0.size = 1010...1012 } == ["/pictures/10.jpg", "/pictures/11.jpg", "/pictures/12.jpg"])
            // One that does not say when it was taken: when its file was changed.
            #expect(try numbers { $0.taken = 5010...5012 } == ["/pictures/10.jpg", "/pictures/12.jpg"])
            #expect(try numbers { $0.taken = 9...11 } == ["/pictures/9.jpg", "/pictures/11.jpg"])
            #expect(try numbers { $0.ids = [3, 4, 77_777] } == ["/pictures/2.jpg", "/pictures/3.jpg"])
            // A filter that lets through only what is far from the query still finds as many as there are.
            var filter = SearchFilter()
            filter.size = 1200...1299
            #expect(
                try found(index, Self.vector(7), 10, filter) == Array(expected(200..<300, Self.vector(7)).prefix(10)))
            let leaving = try index.search(Self.vector(7), count: 2, filter: .init(), leaving: [8])
            #expect(leaving.allSatisfy { $0.picture.id != 8 } && leaving.count == 2)
        }
    }

    @Test func whatIsRemovedOrReplacedIsNotFound() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/index"
            let index = try SearchIndex(path: path, space: Self.space())
            try Self.fill(index, 0..<50)
            #expect(try index.remove([1, 2, 2, 99]) == 2)
            #expect(try index.count == 48)
            // The same path with other contents has a number of its own.
            var changed = Self.picture(10)
            changed.hash = "other"
            try index.add([PictureVector(picture: changed, vector: Self.vector(510))])
            let query = Self.vector(510)
            #expect(try index.search(query, count: 1)[0].picture.id == 51 && index.count == 48)
            for index in [index, try SearchIndex(path: path)] {
                let rest = Set(try found(index, Self.vector(0), 100))
                #expect(rest.count == 48 && !rest.contains("/pictures/0.jpg") && !rest.contains("/pictures/1.jpg"))
            }
            try index.compact()
            #expect(try index.count == 48 && index.search(query, count: 1)[0].picture.id == 51)
            let again = try SearchIndex(path: path)
            #expect(try again.count == 48 && found(again, Self.vector(5), 1) == ["/pictures/5.jpg"])
            // Numbers are not given twice.
            try index.remove([51])
            try index.compact()
            try Self.fill(index, 60..<61)
            #expect(try index.search(Self.vector(60), count: 1)[0].picture.id == 52)
        }
    }

    /// Whatever becomes of the scan file, the catalogue makes it anew.
    @Test func theScanFileIsMadeFromTheCatalogue() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/index"
            let file = path + "/vectors.scan"
            let index = try SearchIndex(path: path, space: Self.space())
            try Self.fill(index, 0..<40)
            let query = Self.vector(77)
            let answers = try found(index, query, 40)
            let whole = try Data(contentsOf: URL(fileURLWithPath: file))
            let damages: [(Data) -> Data?] = [
                { _ in nil }, { _ in Data() }, { $0.prefix(10) }, { $0.prefix(64) }, { $0.dropLast(1) },
                { $0.prefix(64 + 80 * 7) },
                { $0 + Data(count: 80 * 3) }, { $0 + Data([1, 2, 3]) }, { Data(repeating: 0, count: $0.count) },
                { Data($0.prefix(8)) + Data([9]) + Data($0.dropFirst(9)) },
            ]
            for (number, damage) in damages.enumerated() {
                try? FileManager.default.removeItem(atPath: file)
                if let bytes = damage(whole) { try bytes.write(to: URL(fileURLWithPath: file)) }
                let opened = try SearchIndex(path: path)
                #expect(try opened.count == 40 && found(opened, query, 40) == answers, "damage \(number)")
                try Self.fill(opened, 1000..<1001)
                #expect(try found(opened, Self.vector(1000), 1) == ["/pictures/1000.jpg"], "damage \(number)")
                try opened.remove(opened.search(Self.vector(1000), count: 1).map(\.picture.id))
                try opened.compact()
                try whole.write(to: URL(fileURLWithPath: file))
                #expect(try found(SearchIndex(path: path), query, 40) == answers)
            }
        }
    }

    @Test func otherSpacesAndOtherFoldersAreRefused() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/index"
            #expect(throws: SearchError.noIndex(path: path)) { try SearchIndex(path: path) }
            // Killed before it had its tables.
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            _ = try WholeFile.write("", to: path + "/catalogue.sqlite")
            #expect(throws: SearchError.noIndex(path: path)) { try SearchIndex(path: path) }
            try Self.fill(SearchIndex(path: path, space: Self.space()), 0..<3)
            // The name is no part of the space.
            #expect(try SearchIndex(path: path, space: Self.space(model: "other")).count == 3)
            var other = Self.space()
            other.weights = String(repeating: "2", count: 32)
            let error = #expect(throws: SearchError.self) { try SearchIndex(path: path, space: other) }
            guard case .spacesDiffer(path, let differences) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(differences.count == 1 && differences[0].contains("weights"))
            _ = try WholeFile.write(
                "no database at all, but long enough to be looked at", to: path + "/catalogue.sqlite")
            for name in ["-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: path + "/catalogue.sqlite" + name)
            }
            #expect(throws: SearchError.self) { try SearchIndex(path: path) }
        }
    }

    @Test func othersSeeWhatIsCommittedWhenTheyAsk() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/index"
            let writer = try SearchIndex(path: path, space: Self.space())
            try Self.fill(writer, 0..<10)
            let reader = try SearchIndex(path: path)
            try Self.fill(writer, 10..<20)
            #expect(try reader.count == 20 && writer.count == 20)
            #expect(try found(reader, Self.vector(15), 1) == [Self.picture(15).path])
            try writer.remove([16])
            try writer.compact()
            #expect(try reader.count == 19)
            #expect(try found(reader, Self.vector(15), 100).count == 19)
        }
    }
}

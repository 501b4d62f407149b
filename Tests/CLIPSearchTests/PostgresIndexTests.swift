import CLIP
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// An index in PostgreSQL answers as one in a folder does.
@Suite struct PostgresIndexTests {
    /// Both forms of an index over the same rows.
    private func withBoth(
        indexedFrom: Int = 1_000_000, _ body: (_ server: PostgresIndex, _ folder: SearchIndex) throws -> Void
    ) throws {
        try withTemporaryDirectory { folder in
            // The server is to ask an index of vectors even where so few rows are read as fast.
            let address = try PostgresFixture.address("options=-c%20enable_seqscan%3Doff")
            try body(
                PostgresFixture.open(address, indexedFrom: indexedFrom),
                SearchIndex(path: folder + "/index", space: SearchIndexTests.space()))
        }
    }

    /// Expects the same pictures with the same similarities; of equally near ones, in the same order.
    private func expectSame(
        _ server: PostgresIndex, _ folder: SearchIndex, _ query: [Float], _ count: Int,
        _ filter: SearchFilter = .init(),
        leaving: Set<Int64> = [], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let found = try server.search(query, count: count, filter: filter, leaving: leaving)
        let wanted = try folder.search(query, count: count, filter: filter, leaving: leaving)
        #expect(found.map(\.picture) == wanted.map(\.picture), sourceLocation: sourceLocation)
        for (one, other) in zip(found, wanted) {
            #expect(abs(one.similarity - other.similarity) < 1e-5, sourceLocation: sourceLocation)
        }
    }

    @Test func everyMethodAnswersAsTheFolderDoes() throws {
        try withBoth { server, folder in
            func expectAlike() throws {
                #expect(try server.count == folder.count)
                #expect(try server.paths().map { "\($0)" } == folder.paths().map { "\($0)" })
                var (own, others): ([PictureVector], [PictureVector]) = ([], [])
                try server.read { own.append($0) }
                try folder.read { others.append($0) }
                #expect(own == others)
                for seed in 5000..<5010 {
                    try expectSame(server, folder, SearchIndexTests.vector(seed), 10)
                }
                try expectSame(server, folder, PostgresFixture.vector(3), 5000)
                #expect(try server.status().pictures == folder.status().pictures)
                #expect(try server.pictures([1, 3, 9999]) == folder.pictures([1, 3, 9999]))
                for path in ["/pictures/7.jpg", "/pictures/none.jpg", "/elsewhere/8.jpg"] {
                    #expect(try server.picture(at: path) == folder.picture(at: path))
                }
                let places = ["/pictures/4.jpg", "/elsewhere"]
                #expect(try server.pictures(under: places).map(\.id) == folder.pictures(under: places).map(\.id))
            }
            func both(_ change: (any PictureIndex) throws -> Void) throws {
                try change(server)
                try change(folder)
                try expectAlike()
            }
            try expectAlike()
            try both { try $0.add(PostgresFixture.entries(0..<2500)) }
            // Again, with other contents; twice in one call; and the same contents elsewhere.
            try both { try $0.add(PostgresFixture.entries(10..<20) + PostgresFixture.entries(15..<17)) }
            try both { try $0.add(PostgresFixture.entries(5..<9, folder: "/elsewhere")) }
            for (hash, size) in [("hash 7", 1007), ("hash 7", 1), ("none", 1007)] {
                #expect(try server.pictures(hash: hash, size: size) == folder.pictures(hash: hash, size: size))
            }
            #expect(try server.pictures(hash: "hash 7", size: 1007).count == 2)
            try both { try $0.move(1, to: "/pictures/moved.jpg", modified: 77) }
            try both { try $0.move(2, to: "/pictures/moved.jpg", modified: 78) }
            try both { try $0.move(3, to: "/pictures/2.jpg", modified: 79) }
            try both { try #expect($0.remove([3, 4, 4, 99_999]) == 2) }
            try both { try #expect($0.remove(under: ["/elsewhere", "/pictures/7.jpg"]) == 5) }
            try both { try $0.compact() }
            #expect(throws: SearchError.dimension(given: 3, needed: PostgresFixture.dimension)) {
                try server.search([1, 2, 3], count: 1)
            }
            #expect(throws: SearchError.dimension(given: 3, needed: PostgresFixture.dimension)) {
                try server.add([PictureVector(picture: SearchIndexTests.picture(1), vector: [1, 2, 3])])
            }
            #expect(try server.search(PostgresFixture.vector(1), count: 0).isEmpty)
        }
    }

    @Test func filtersAreTheServersConditions() throws {
        try withBoth { server, folder in
            let odd = [
                "/pictures-too/x.PNG", "/pictures/a_b%/1.jpeg", "/pictures/a_b%/2.j_g", "/pictures/axbc/3.jpg",
                "/x.jpg",
                "/pictures/é/4.jpg", "/pictures/\u{65}\u{301}/4.jpg", "/pictures", "/pictures0/5.jpg",
            ].enumerated().map { number, path in
                PictureVector(
                    picture: IndexedPicture(
                        path: path, size: number, modified: -1_500_000_000, hash: "x", width: 1, height: 1),
                    vector: PostgresFixture.vector(9000 + number))
            }
            for index in [server, folder] as [any PictureIndex] {
                try index.add(PostgresFixture.entries(0..<300))
                try index.add(odd)
            }
            #expect(try server.count == 309)
            let changes: [(inout SearchFilter) -> Void] = [
                { $0.folder = "/pictures" }, { $0.folder = "/pictures/" }, { $0.folder = "/" },
                { $0.folder = "/pictures/a_b%" }, { $0.folder = "/pictures/é" }, { $0.folder = "/pictures/a" },
                { $0.fileTypes = ["png"] }, { $0.fileTypes = ["jpeg", "PNG"] }, { $0.fileTypes = ["%"] },
                { $0.fileTypes = ["j_g"] }, { $0.fileTypes = [] }, { $0.fileTypes = ["\\"] },
                { $0.size = 1010...1012 }, { $0.taken = 5010...5012 }, { $0.taken = 9...11 }, { $0.taken = -1...0 },
                { $0.ids = [3, 4, 77_777] }, { $0.ids = [] },
                {
                    $0.folder = "/pictures"
                    $0.fileTypes = ["jpg"]
                    $0.size = 1200...1299
                },
            ]
            for change in changes {
                var filter = SearchFilter()
                change(&filter)
                try expectSame(server, folder, SearchIndexTests.vector(5000), 1000, filter)
                try expectSame(server, folder, SearchIndexTests.vector(5001), 3, filter, leaving: [3, 8])
            }
        }
    }

    @Test func aFilterThatLetsFewThroughFindsThemAllInAnIndexOfVectors() throws {
        try withBoth(indexedFrom: 1000) { server, folder in
            for index in [server, folder] as [any PictureIndex] { try index.add(PostgresFixture.entries(0..<5000)) }
            try #expect(hasVectorIndex(server))
            // The five are wherever the query is not: what is nearest to it is left out by the filter.
            var filter = SearchFilter()
            filter.size = 5995...5999
            for seed in 0..<10 {
                try expectSame(server, folder, PostgresFixture.vector(seed), 10, filter)
                try expectSame(server, folder, PostgresFixture.vector(seed), 5, filter)
            }
            #expect(try isAsked(server, least: 20))
            filter.ids = [4996]
            try expectSame(server, folder, PostgresFixture.vector(0), 1, filter)
            // Of those that are near by, some are left out.
            let nearest = try folder.search(PostgresFixture.vector(77), count: 50).map(\.picture.id)
            let found = try server.search(
                PostgresFixture.vector(77), count: 50, filter: .init(), leaving: Set(nearest.prefix(40)))
            #expect(found.count == 50 && found.allSatisfy { !nearest.prefix(40).contains($0.picture.id) })
        }
    }

    @Test func moreAnswersThanAnIndexOfVectorsLooksAtAreFoundToo() throws {
        try withBoth(indexedFrom: 1000) { server, folder in
            for index in [server, folder] as [any PictureIndex] { try index.add(PostgresFixture.entries(0..<5000)) }
            try #expect(hasVectorIndex(server))
            var (found, all) = (0, 0)
            for seed in 6000..<6010 {
                let query = SearchIndexTests.vector(seed)
                let hits = try server.search(query, count: 300)
                let wanted = Set(try folder.search(query, count: 300).map(\.picture.id))
                #expect(hits.count == 300)
                #expect(hits == hits.sorted { ($1.similarity, $0.picture.id) < ($0.similarity, $1.picture.id) })
                found += hits.count { wanted.contains($0.picture.id) }
                all += 300
            }
            #expect(Double(found) / Double(all) > 0.97)
            #expect(try isAsked(server, least: 10))
            // Above pgvector's limit, all rows are read.
            try expectSame(server, folder, SearchIndexTests.vector(1), 1500)
            try expectSame(server, folder, SearchIndexTests.vector(1), 1_000_000)
            // Pictures that come later, or go, are found or not as before.
            let later = PictureVector(picture: SearchIndexTests.picture(9999), vector: SearchIndexTests.vector(77))
            try server.add([later])
            let hit = try #require(server.search(SearchIndexTests.vector(77), count: 1).first)
            #expect(hit.picture.path == later.picture.path && abs(hit.similarity - 1) < 0.001)
            try server.remove([hit.picture.id])
            #expect(try server.search(SearchIndexTests.vector(77), count: 1).first?.picture.id != hit.picture.id)
            // Many that are dead: it is built anew.
            try server.remove(Array(1...2000))
            let wereCounted = try PostgresFixture.eventually {
                try server.pool.run { _ = try $0.run("SELECT pg_stat_force_next_flush()") }
                return try server.status().deleted >= 2000
            }
            let before = try numberOfVectorIndex(server)
            // As long as another test's transaction might still see them, they stay.
            let areGone = try PostgresFixture.eventually {
                try server.compact()
                return try server.status().deleted == 0
            }
            #expect(try wereCounted && areGone && numberOfVectorIndex(server) != before)
            #expect(try hasVectorIndex(server))
            #expect(try server.search(SearchIndexTests.vector(77), count: 4000).count == 3000)
        }
    }

    /// Whether the server counts so many questions to the index of vectors; it does so in its own time.
    private func isAsked(_ index: PostgresIndex, least: Int64) throws -> Bool {
        try PostgresFixture.eventually {
            try index.pool.run { connection in
                try connection.run("SELECT pg_stat_force_next_flush()")
                return try connection.run(
                    "SELECT idx_scan FROM pg_stat_all_indexes WHERE indexrelid = to_regclass($1)",
                    [.text(index.pool.address.table(PostgresVectorIndex.name))]
                ).int(0, 0) >= least
            }
        }
    }

    private func numberOfVectorIndex(_ index: PostgresIndex) throws -> Int64 {
        try index.pool.run { connection in
            try connection.run(
                "SELECT to_regclass($1)::oid", [.text(index.pool.address.table(PostgresVectorIndex.name))]
            ).int(0, 0)
        }
    }

    private func hasVectorIndex(_ index: PostgresIndex) throws -> Bool {
        try index.pool.run {
            try PostgresVectorIndex(address: index.pool.address, onNotice: { _ in }).exists($0)
        }
    }

    @Test func memoryForTheBuildIsToldWhereTheServerGivesLess() throws {
        let told = Notices()
        let address = try PostgresFixture.address("options=-c%20maintenance_work_mem%3D1MB")
        let index = try PostgresFixture.open(address, indexedFrom: 1000, onNotice: told.add)
        try index.add(PostgresFixture.entries(0..<3000))
        let needed = PostgresVectorIndex.memory(rows: 3000, dimension: PostgresFixture.dimension)
        #expect(needed > 2_000_000 && needed < 3_000_000)
        #expect(told.texts.contains { $0.contains("3 MB of maintenance_work_mem; the server gives 1 ") })
        // pgvector agrees that it was too little.
        #expect(told.texts.contains { $0.contains("no longer fits") })
        let quiet = Notices()
        let larger = try PostgresFixture.address("options=-c%20maintenance_work_mem%3D3MB")
        try PostgresFixture.open(larger, indexedFrom: 1000, onNotice: quiet.add).add(PostgresFixture.entries(0..<3000))
        #expect(quiet.texts.isEmpty)
    }

    final class Notices: @unchecked Sendable {
        private let lock = NSLock()
        private var told: [String] = []
        var texts: [String] { lock.withLock { told } }
        func add(_ text: String) { lock.withLock { told.append(text) } }
    }
}

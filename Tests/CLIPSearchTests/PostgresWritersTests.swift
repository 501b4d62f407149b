import CLIP
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// Several writers at once, connections that are lost, and names meant to hurt.
@Suite struct PostgresWritersTests {
    @Test func nobodysPictureIsLostBetweenEightWriters() throws {
        let address = try PostgresFixture.address()
        let readers = try PostgresFixture.open(address)
        try PostgresFixture.atOnce(8) { writer in
            // Each with connections of its own, as another process has.
            let index = try PostgresFixture.open(address, indexedFrom: 400)
            for round in 0..<6 {
                // Their own, and the same hundred as all others in another order.
                try index.add(PostgresFixture.entries(round * 20..<round * 20 + 20, folder: "/own/\(writer)"))
                try index.add(PostgresFixture.entries(0..<100, folder: "/common").shuffled())
                let first = try #require(try index.picture(at: "/own/\(writer)/\(round * 20).jpg"))
                try index.move(first.id, to: "/own/\(writer)/moved \(round).jpg", modified: 1)
                let second = try #require(try index.picture(at: "/own/\(writer)/\(round * 20 + 1).jpg"))
                #expect(try index.remove([second.id]) == 1)
                // What another writer may be moving or replacing just then.
                if let one = try index.picture(at: "/common/\(writer).jpg") {
                    try index.move(one.id, to: "/common/moved.jpg", modified: Int64(writer))
                }
                _ = try index.remove(under: ["/common/\(90 + writer).jpg"])
                #expect(try index.search(PostgresFixture.vector(3), count: 5).count == 5)
            }
        }
        let paths = try readers.paths().map(\.path)
        #expect(Set(paths).count == paths.count)
        for writer in 0..<8 {
            let own = Set(paths.filter { $0.hasPrefix("/own/\(writer)/") })
            var wanted = Set((0..<6).map { "/own/\(writer)/moved \($0).jpg" })
            for number in 0..<120 where number % 20 > 1 { wanted.insert("/own/\(writer)/\(number).jpg") }
            #expect(own == wanted)
        }
        #expect(Set((8..<90).map { "/common/\($0).jpg" }).isSubset(of: paths))
        // Each has the vector that was added with it.
        var count = 0
        try readers.read { entry in
            count += 1
            guard let number = Int(entry.picture.path.split(separator: "/").last?.dropLast(4) ?? "") else { return }
            #expect(entry.vector == PostgresFixture.vector(number))
        }
        #expect(try count == readers.count)
    }

    /// Ends a connection from the server's side, as an administrator does.
    private func end(_ process: Int64, _ address: PostgresAddress) throws {
        let other = try PostgresConnection(address, onNotice: { _ in })
        try other.run("SELECT pg_terminate_backend($1::int8::int4, 5000)", [.int(process)])
    }

    @Test func aTransactionWhoseConnectionIsEndedIsDoneAgainAsAWhole() throws {
        let address = try PostgresFixture.address()
        let index = try PostgresFixture.open(address)
        try index.add(PostgresFixture.entries(0..<5))
        var attempts = 0
        try index.pool.run { connection in
            attempts += 1
            try connection.transaction {
                try connection.run("DELETE FROM \(index.table) WHERE path = '/pictures/3.jpg'")
                if attempts == 1 { try end(connection.process, address) }
                try connection.run("UPDATE \(index.table) SET modified = modified + 1")
            }
        }
        #expect(attempts == 2)
        #expect(try index.count == 4 && index.picture(at: "/pictures/1.jpg")?.modified == 1_000_000_001)
        // Between two operations.
        try end(index.pool.run { $0.process }, address)
        try index.add(PostgresFixture.entries(5..<6))
        #expect(try index.count == 5)
        // Twice in a row it is an error, and nothing was done.
        let error = #expect(throws: SearchError.self) {
            try index.pool.run { connection in
                try connection.transaction {
                    try connection.run("DELETE FROM \(index.table)")
                    try end(connection.process, address)
                    try connection.run("DELETE FROM \(index.table)")
                }
            }
        }
        guard case .server(_, let state, _) = error, ["57P01", "08006"].contains(state) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try index.count == 5)
    }

    @Test func readingWhoseConnectionIsEndedIsAnErrorAndTheIndexGoesOn() throws {
        let address = try PostgresFixture.address()
        let index = try PostgresFixture.open(address)
        try index.add(PostgresFixture.entries(0..<2500))
        var seen = 0
        let error = #expect(throws: SearchError.self) {
            try index.read { _ in
                seen += 1
                if seen == 10 {
                    try end(#require(try readingProcess(index)), address)
                }
            }
        }
        guard case .server(_, let state, _) = error, ["57P01", "08006"].contains(state) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.kind == .missingInput && seen >= 10)
        seen = 0
        // While one reads, it may ask and write.
        try index.read { entry in
            seen += 1
            if seen == 1 {
                try index.remove([entry.picture.id])
                #expect(try index.count == 2499)
            }
        }
        #expect(seen == 2500)
        struct Enough: Error {}
        #expect(throws: Enough.self) { try index.read { _ in throw Enough() } }
        #expect(try index.count == 2499)
    }

    /// The process that reads this index's rows.
    private func readingProcess(_ index: PostgresIndex) throws -> Int64? {
        try index.pool.run { connection in
            let rows = try connection.run(
                """
                SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE l.relation = to_regclass($1) AND a.state = 'idle in transaction'
                """, [.text(index.table)])
            return rows.count > 0 ? rows.int(0, 0) : nil
        }
    }

    @Test func writersWhoseConnectionsAreEndedAtRandomLoseNothing() throws {
        let address = try PostgresFixture.address("application_name=ended%20at%20random")
        let index = try PostgresFixture.open(address)
        let (stop, ended) = (Flag(), Flag())
        let killer = Thread {
            while !stop.isSet {
                let found = try? index.pool.open().run(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'ended at random' AND pid <> pg_backend_pid()
                    """)
                if let found, found.count > 0 { ended.set() }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        killer.start()
        var failures = 0
        for round in 0..<40 {
            let entries = PostgresFixture.entries(round * 100..<round * 100 + 100)
            // One that was ended twice, or while it committed, says so; it may be given again.
            while true {
                do {
                    try index.add(entries)
                    break
                } catch SearchError.server {
                    failures += 1
                    try #require(failures < 1000)
                }
            }
        }
        stop.set()
        #expect(ended.isSet)
        #expect(
            try PostgresFixture.eventually {
                (try? index.paths().map(\.path).sorted())
                    == PostgresFixture.entries(0..<4000).map(\.picture.path).sorted()
            })
    }

    private final class Flag: @unchecked Sendable {
        private let lock = NSLock()
        private var value = false
        var isSet: Bool { lock.withLock { value } }
        func set() { lock.withLock { value = true } }
    }

    @Test func namesAreNeverPartOfAStatement() throws {
        let index = try PostgresFixture.open(PostgresFixture.address())
        let paths = [
            "/'; DROP TABLE pictures; --.jpg", "/\"quoted\".jpg", "/$1 $2.jpg", "/\\' OR 1=1.jpg", "/a\nb\tc\r.jpg",
            "/%s%n.jpg",
            "/{a,\"b\"}.jpg", "/NULL", "", "/E'\\x41'.jpg", "/猫 🐈.jpg", "/é.jpg", "/\u{65}\u{301}.jpg",
            "/\u{1}\u{7F}.jpg",
            "/" + String(repeating: "long name/", count: 390) + ".jpg",
        ]
        try index.add(
            paths.enumerated().map { number, path in
                var picture = SearchIndexTests.picture(number, hash: path)
                picture.path = path
                return PictureVector(picture: picture, vector: PostgresFixture.vector(number))
            })
        #expect(try index.paths().map(\.path).map { Array($0.utf8) } == paths.map { Array($0.utf8) })
        for (number, path) in paths.enumerated() {
            let found = try #require(try index.picture(at: path))
            #expect(found.size == 1000 + number)
            #expect(try index.pictures(hash: path, size: 1000 + number).map(\.picture.id) == [found.id])
            var filter = SearchFilter()
            filter.folder = path
            filter.fileTypes = [path, "jpg"]
            #expect(try index.search(PostgresFixture.vector(1), count: 100, filter: filter).count <= paths.count)
            try index.move(found.id, to: path + "'moved", modified: 5)
            #expect(try index.picture(at: path + "'moved")?.id == found.id)
        }
        #expect(try index.remove(index.paths().map(\.id)) == paths.count)
    }
}

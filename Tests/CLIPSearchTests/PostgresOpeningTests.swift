import CLIP
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// Addresses, migrations, and servers that are not as they should be.
@Suite struct PostgresOpeningTests {
    @Test func addressesAreReadAndShownWithoutPasswords() throws {
        func location(_ text: String) throws -> String { try PostgresAddress(text).location }
        #expect(try location("postgresql://ann:secret@host:5433/db") == "postgresql://ann@host:5433/db")
        #expect(try location("postgres://ann@host/db?sslmode=require&password=secret") == "postgresql://ann@host/db")
        #expect(
            try location("PostgreSQL://a:s%40?%2F@h1:1,[::1]:2/d?schema=x%20y&connect_timeout=3")
                == "postgresql://a@h1:1,[::1]:2/d?schema=x%20y")
        #expect(try location("postgresql:///db?host=/run&user=a") == "postgresql:///db?host=/run&user=a")
        #expect(try PostgresAddress("postgresql:///db").schema == "swift_clip")
        let address = try PostgresAddress("postgresql:///db?schema=a%22b&sslmode=disable")
        #expect(address.schema == "a\"b" && address.table("pictures") == "\"a\"\"b\".pictures")
        #expect(address.connection == "postgresql:///db?sslmode=disable")
        for text in [
            "postgresql://ann:sec/ret@host/db", "postgresql://ann:secret@x@host/db", "postgresql://ann:12/secret@h/db",
            "postgresql://h:secret/db", "postgresql://h/db?secret=1", "postgresql://h/db?schema=",
            "postgresql://h/db?schema",
            "postgresql://h/db?schema=pg_secret", "postgresql://h:secret", "postgresql://[secret/db",
            "postgresql://%zzsecret/",
            "postgresql://h/db?schema=\(String(repeating: "s", count: 64))",
        ] {
            let error = #expect(throws: SearchError.self, "\(text)") { try PostgresAddress(text) }
            #expect(error?.kind == .usage && error.map { !"\($0)".contains("secret") } == true, "\(text)")
            #expect(IndexLocation(text).description == "postgresql://…")
        }
        #expect(IndexLocation("postgres://a:secret@h/db").description == "postgresql://a@h/db")
        #expect(IndexLocation("postgres/folder").description == "postgres/folder")
    }

    private func state(of error: SearchError?) -> String? {
        if case .server(_, let state, _) = error { state } else { nil }
    }

    @Test func serversThatRefuseAreNamedWithTheirState() throws {
        let server = try PostgresServer.running()
        let locked = PostgresServer.lockedUser
        func failure(_ text: String) -> SearchError? {
            #expect(throws: SearchError.self) { try IndexLocation(text).open() }
        }
        let wrong = failure(server.address(user: locked, "password=not%20it"))
        #expect(state(of: wrong) == "28P01" && wrong?.kind == .missingInput)
        #expect(wrong.map { !"\($0)".contains("not it") && "\($0)".contains("28P01") } == true)
        #expect(wrong.map { "\($0)".contains("password authentication failed for user \"locked\"") } == true)
        #expect(state(of: failure(server.address(database: "nowhere"))) == "3D000")
        #expect(state(of: failure("postgresql://a:secret@/db?host=/nonexistent")) == "08001")
        let closed = failure("postgresql://a:secret@127.0.0.1:1/db")
        #expect(state(of: closed) == "08001" && closed.map { !"\($0)".contains("secret") } == true)
        // With the right one.
        let allowed = CharacterSet.alphanumerics
        let password = try #require(PostgresServer.password.addingPercentEncoding(withAllowedCharacters: allowed))
        let text = server.address(schema: "opened", user: locked, "password=\(password)")
        #expect(failure(text) == .noIndex(path: server.address(schema: "opened", user: locked)))
        let index = try IndexLocation(text).open(for: SearchIndexTests.space())
        #expect(try index.count == 0 && index.location == server.address(schema: "opened", user: locked))
    }

    @Test func aServerThatDoesNotAnswerIsNotWaitedForWithoutEnd() throws {
        // Takes connections and says nothing.
        #if canImport(Darwin)
        let listener = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        defer { close(listener) }
        try withTemporaryDirectory { folder in
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            let path = folder + "/.s.PGSQL.5432"
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0 && listen(listener, 5) == 0)
            let error = #expect(throws: SearchError.self) {
                try IndexLocation("postgresql:///db?host=\(folder)&connect_timeout=1").open()
            }
            #expect(state(of: error) == "08001")
        }
    }

    @Test func aDatabaseWithoutPgvectorSaysWhatToDo() throws {
        let server = try PostgresServer.running()
        func failure(_ user: String) -> SearchError? {
            #expect(throws: SearchError.self) {
                try IndexLocation(server.address(schema: user, database: PostgresServer.emptyDatabase, user: user))
                    .open(
                        for: SearchIndexTests.space())
            }
        }
        let plain = failure(PostgresServer.plainUser)
        guard case .extensionNeeded(_, let problem) = plain else {
            Issue.record("\(String(describing: plain))")
            return
        }
        #expect(problem.contains("CREATE EXTENSION vector") && problem.contains("superuser"))
        let bare = failure(PostgresServer.bareUser)
        guard case .extensionNeeded(_, let missing) = bare else {
            Issue.record("\(String(describing: bare))")
            return
        }
        #expect(missing.contains("CREATE EXTENSION vector") && missing.contains("postgresql-NN-pgvector"))
        // A superuser adds it, and then others may.
        let database = "made"
        let main = try PostgresAddress(server.address(database: "postgres"))
        try PostgresConnection(main, onNotice: { _ in }).run("CREATE DATABASE \(database)")
        try PostgresFixture.atOnce(4) { number in
            let index = try IndexLocation(server.address(schema: "s\(number % 2)", database: database)).open(
                for: SearchIndexTests.space())
            try index.add(PostgresFixture.entries(number * 10..<number * 10 + 10))
        }
        for schema in ["s0", "s1"] {
            #expect(try IndexLocation(server.address(schema: schema, database: database)).open().count == 20)
        }
        // It may lie in a schema of its own.
        let moved = try PostgresAddress(server.address(database: database))
        let other = try PostgresConnection(moved, onNotice: { _ in })
        try other.run("CREATE SCHEMA \"its own\"")
        try other.run("ALTER EXTENSION vector SET SCHEMA \"its own\"")
        let index = try IndexLocation(server.address(schema: "s0", database: database)).open()
        try index.add(PostgresFixture.entries(90..<91))
        #expect(try index.search(PostgresFixture.vector(90), count: 1).first?.picture.path == "/pictures/90.jpg")
    }

    @Test func otherSpacesLaterFormsAndTooLongVectorsAreRefused() throws {
        let address = try PostgresFixture.address()
        #expect(throws: SearchError.noIndex(path: address.location)) { try PostgresIndex(address, makingFor: nil) }
        let index = try PostgresFixture.open(address)
        #expect(try PostgresIndex(address, makingFor: nil).space == SearchIndexTests.space())
        var other = SearchIndexTests.space()
        other.weights = String(repeating: "2", count: 32)
        let error = #expect(throws: SearchError.self) { try PostgresIndex(address, makingFor: other) }
        guard case .spacesDiffer(address.location, let differences) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(differences.count == 1 && differences[0].contains("weights"))
        var long = SearchIndexTests.space()
        long.embeddingSize = 4001
        #expect(throws: SearchError.tooLong(given: 4001, limit: 4000)) {
            try PostgresIndex(PostgresFixture.address(), makingFor: long)
        }
        long.embeddingSize = 4000
        let longest = try PostgresIndex(PostgresFixture.address(), makingFor: long, indexedFrom: 2)
        try longest.add(
            (0..<3).map { number in
                PictureVector(
                    picture: SearchIndexTests.picture(number),
                    vector: (0..<4000).map { Float(($0 * 7 + number * 13) % 11) - 5 })
            })
        #expect(try longest.search([1] + [Float](repeating: 0, count: 3999), count: 3).count == 3)
        try index.pool.run { connection in
            _ = try connection.run("UPDATE \(address.table("settings")) SET value = '99' WHERE key = 'form'")
        }
        #expect(throws: SearchError.laterForm(path: address.location)) { try PostgresFixture.open(address) }
        try index.pool.run { connection in
            _ = try connection.run("DELETE FROM \(address.table("settings")) WHERE key = 'form'")
        }
        #expect(throws: SearchError.damaged(path: address.location, problem: "it does not say its form")) {
            try PostgresFixture.open(address)
        }
    }

    /// Two steps after the published ones; neither can be done twice.
    private static let later =
        PostgresSchema.migrations + [
            PostgresMigration(form: 2) { address, _ in
                ["ALTER TABLE \(address.table("pictures")) ADD COLUMN note text NOT NULL DEFAULT 'old'"]
            },
            PostgresMigration(form: 3) { address, _ in
                [
                    "CREATE TABLE \(address.table("notes")) AS SELECT id, note FROM \(address.table("pictures"))",
                    "ALTER TABLE \(address.table("pictures")) DROP COLUMN note",
                ]
            },
        ]

    private func form(_ index: PostgresIndex) throws -> String {
        try index.pool.run { connection in
            try connection.run("SELECT value FROM \(index.pool.address.table("settings")) WHERE key = 'form'").text(
                0, 0)
        }
    }

    @Test func severalThatStartAtOnceMakeAndMigrateTheTablesOnce() throws {
        let address = try PostgresFixture.address()
        try PostgresFixture.atOnce(6) { number in
            let index = try PostgresFixture.open(address)
            try index.add(PostgresFixture.entries(number * 10..<number * 10 + 10))
        }
        let old = try PostgresFixture.open(address)
        #expect(try form(old) == "1" && old.count == 60)
        try PostgresFixture.atOnce(6) { number in
            let index = try PostgresIndex(
                address, makingFor: number % 2 == 0 ? SearchIndexTests.space() : nil, migrations: Self.later)
            #expect(try index.count == 60)
        }
        #expect(try form(old) == "3")
        let notes = try old.pool.run { try $0.run("SELECT count(*) FROM \(address.table("notes")) WHERE note = 'old'") }
        #expect(notes.int(0, 0) == 60)
        // The earlier version sees that it is one.
        #expect(throws: SearchError.laterForm(path: address.location)) { try PostgresFixture.open(address) }
        // A new one has all steps at once.
        let new = try PostgresIndex(
            PostgresFixture.address(), makingFor: SearchIndexTests.space(), migrations: Self.later)
        #expect(try form(new) == "3")
    }

    @Test func aMigrationThatFailsLeavesTheFormBefore() throws {
        let address = try PostgresFixture.address()
        let index = try PostgresFixture.open(address)
        try index.add(PostgresFixture.entries(0..<10))
        let broken =
            Array(Self.later.prefix(2)) + [
                PostgresMigration(form: 3) { address, _ in
                    ["CREATE TABLE \(address.table("half")) (a int)", "SELECT 1 / 0"]
                }
            ]
        let error = #expect(throws: SearchError.self) {
            try PostgresIndex(address, makingFor: nil, migrations: broken)
        }
        #expect(state(of: error) == "22012")
        #expect(try form(index) == "2")
        let half = try index.pool.run {
            try $0.run("SELECT to_regclass($1) IS NULL", [.text(address.table("half"))]).bool(0, 0)
        }
        #expect(half)
        _ = try PostgresIndex(address, makingFor: nil, migrations: Self.later)
        #expect(try form(index) == "3" && index.count == 10)
    }

    @Test func vectorChordIsAskedForListsByTheNumberOfRows() {
        #expect(PostgresVectorIndex.chord(rows: 20_000) == "vchordrq (embedding halfvec_ip_ops)")
        #expect(PostgresVectorIndex.chord(rows: 400_000).contains("lists = [1000]"))
        #expect(PostgresVectorIndex.chord(rows: 4_000_000).contains("lists = [12000]"))
    }
}

import CLIP
import Files
import Foundation
import GRDB

/// The SQLite file that is the truth of an index: what pictures there are, and their vectors.
///
/// It is written in transactions with a write-ahead log, so that whatever a kill or a full disk interrupts is as if it had
/// not begun.
struct Catalogue {
    /// The form of its tables. The first kept vectors in bfloat16, and was in no release.
    static let form = 2
    static let name = "catalogue.sqlite"

    let pool: DatabasePool
    let path: String

    /// What a catalogue says of itself.
    struct Settings: Equatable {
        var space: EmbeddingSpace
        /// Changed by each compaction; the scan file has the same.
        var generation: Int
    }

    init(path: String) throws {
        self.path = path
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { database in
            // A commit is on the disk when it returns: what is in the scan file is in the catalogue too.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        pool = try DatabasePool(path: path, configuration: configuration)
    }

    /// Whether it has its tables: they are made together.
    var isMade: Bool {
        get throws { try pool.read { try $0.tableExists("settings") } }
    }

    /// Makes the tables of a new catalogue.
    func create(_ settings: Settings) throws {
        let space = String(decoding: try JSONEncoder().encode(settings.space), as: UTF8.self)
        try pool.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                    CREATE TABLE pictures (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, size INTEGER NOT NULL,
                        modified INTEGER NOT NULL, hash TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
                        taken INTEGER, vector BLOB NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
                    CREATE UNIQUE INDEX pictures_path ON pictures (path) WHERE deleted = 0;
                    CREATE INDEX pictures_hash ON pictures (hash);
                    CREATE INDEX pictures_deleted ON pictures (deleted) WHERE deleted = 1;
                    """)
            for (key, value) in [
                ("form", "\(Self.form)"), ("space", space), ("generation", "\(settings.generation)"), ("scanned", "0"),
                ("rows", "0"),
            ] {
                try database.execute(sql: "INSERT INTO settings (key, value) VALUES (?, ?)", arguments: [key, value])
            }
        }
    }

    /// - Throws: ``SearchError/laterForm(path:)``, ``SearchError/damaged(path:problem:)``.
    func settings() throws -> Settings {
        let values = try pool.read { database in
            try Row.fetchAll(database, sql: "SELECT key, value FROM settings").reduce(into: [String: String]()) {
                $0[$1["key"]] = $1["value"]
            }
        }
        guard let form = values["form"].flatMap(Int.init) else {
            throw SearchError.damaged(path: path, problem: "it does not say its form")
        }
        guard form <= Self.form else { throw SearchError.laterForm(path: path) }
        guard form == Self.form else {
            throw SearchError.damaged(path: path, problem: "it is of an older form; remove it and make it anew")
        }
        guard let space = values["space"], let generation = values["generation"].flatMap(Int.init),
            let decoded = try? JSONDecoder().decode(EmbeddingSpace.self, from: Data(space.utf8))
        else { throw SearchError.damaged(path: path, problem: "it does not say whose vectors it holds") }
        return Settings(space: decoded, generation: generation)
    }

    /// Goes up with each transaction that changes which pictures there are, or the scan file.
    var version: Int64 {
        get throws {
            try pool.read { database in
                try Int64.fetchOne(
                    database, sql: "SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'version'") ?? 0
            }
        }
    }

    /// A transaction after which readers look anew.
    private func changing<R>(_ body: (Database) throws -> R) throws -> R {
        try pool.write { database in
            let result = try body(database)
            try database.execute(
                sql: """
                    INSERT INTO settings (key, value) VALUES ('version', '1')
                    ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
                    """)
            return result
        }
    }

    // MARK: Reading

    static let columns = "id, path, size, modified, hash, width, height, taken"

    static func picture(_ row: Row) -> IndexedPicture {
        IndexedPicture(
            id: row["id"], path: row["path"], size: row["size"], modified: row["modified"], hash: row["hash"],
            width: row["width"], height: row["height"], taken: row["taken"])
    }

    var deletedIDs: [Int64] {
        get throws { try pool.read { try Int64.fetchAll($0, sql: "SELECT id FROM pictures WHERE deleted = 1") } }
    }

    /// How far the scan file is known to be on the disk.
    struct ScanState: Equatable {
        /// The highest number there is; 0 without pictures.
        var last: Int64
        /// The number of the last row that is known to be on the disk.
        var scanned: Int64
        /// How many rows those are.
        var rows: Int
    }

    var scanState: ScanState {
        get throws {
            try pool.read { database in
                func number(_ key: String) throws -> Int64 {
                    try Int64.fetchOne(
                        database, sql: "SELECT CAST(value AS INTEGER) FROM settings WHERE key = ?", arguments: [key])
                        ?? 0
                }
                return ScanState(
                    last: try Int64.fetchOne(database, sql: "SELECT max(id) FROM pictures") ?? 0,
                    scanned: try number("scanned"), rows: Int(try number("rows")))
            }
        }
    }

    func setScanned(_ id: Int64, rows: Int) throws {
        try changing { database in
            for (key, value) in [("scanned", "\(id)"), ("rows", "\(rows)")] {
                try database.execute(sql: "UPDATE settings SET value = ? WHERE key = ?", arguments: [value, key])
            }
        }
    }

    func picture(at path: String) throws -> IndexedPicture? {
        try pool.read { database in
            try Row.fetchOne(
                database, sql: "SELECT \(Self.columns) FROM pictures WHERE path = ? AND deleted = 0", arguments: [path]
            ).map(Self.picture)
        }
    }

    /// A row of the columns and the vector; nil where the vector has another length than `dimension` says.
    private static func entry(_ row: Row, _ dimension: Int) -> PictureVector? {
        let bytes: Data = row["vector"]
        return UnitVector(bytes: bytes, dimension: dimension).map {
            PictureVector(picture: picture(row), vector: $0.values)
        }
    }

    /// What is said of a vector that has another length.
    func damaged(vectorOf id: Int64) -> SearchError {
        .damaged(path: path, problem: "picture \(id) has a vector of another length")
    }

    /// Pictures with their vectors, whose numbers are given; others are left out.
    func pictures(_ ids: [Int64], dimension: Int) throws -> [Int64: PictureVector] {
        var found: [Int64: PictureVector] = [:]
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT \(Self.columns), vector FROM pictures WHERE id = ? AND deleted = 0")
            for id in ids {
                guard let row = try Row.fetchOne(statement, arguments: [id]) else { continue }
                guard let entry = Self.entry(row, dimension) else { throw damaged(vectorOf: id) }
                found[id] = entry
            }
        }
        return found
    }

    /// Pictures with these contents, which are not deleted.
    func pictures(hash: String, size: Int, dimension: Int) throws -> [PictureVector] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql:
                    "SELECT \(Self.columns), vector FROM pictures WHERE hash = ? AND size = ? AND deleted = 0 ORDER BY id",
                arguments: [hash, size]
            ).compactMap { Self.entry($0, dimension) }
        }
    }

    /// Every picture that is not deleted, in ascending order of numbers.
    func read(dimension: Int, _ body: (PictureVector) throws -> Void) throws {
        try pool.read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT \(Self.columns), vector FROM pictures WHERE deleted = 0 ORDER BY id")
            while let row = try rows.next() {
                guard let entry = Self.entry(row, dimension) else { throw damaged(vectorOf: row["id"]) }
                try body(entry)
            }
        }
    }

    /// Where every picture lies that is not deleted.
    func paths() throws -> [(id: Int64, path: String)] {
        try pool.read { database in
            try Row.fetchAll(database, sql: "SELECT id, path FROM pictures WHERE deleted = 0 ORDER BY id")
                .map { ($0["id"], $0["path"]) }
        }
    }

    /// Numbers of pictures that a filter lets through, ascending.
    func ids(_ filter: SearchFilter) throws -> [Int64] {
        let (condition, arguments) = filter.sql
        return try pool.read { database in
            try Int64.fetchAll(
                database, sql: "SELECT id FROM pictures WHERE deleted = 0 AND \(condition) ORDER BY id",
                arguments: StatementArguments(arguments))
        }
    }

    // MARK: Writing

    /// Adds pictures, each in place of what had its path.
    /// - Returns: their numbers.
    func add(_ pictures: [(picture: IndexedPicture, vector: UnitVector)]) throws -> [Int64] {
        try changing { database in
            try pictures.map { picture, vector in
                try database.cachedStatement(sql: "UPDATE pictures SET deleted = 1 WHERE path = ? AND deleted = 0")
                    .execute(arguments: [picture.path])
                try database.cachedStatement(
                    sql: """
                        INSERT INTO pictures (path, size, modified, hash, width, height, taken, vector)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """
                ).execute(arguments: [
                    picture.path, picture.size, picture.modified, picture.hash, picture.width, picture.height,
                    picture.taken, vector.bytes,
                ])
                return database.lastInsertedRowID
            }
        }
    }

    /// Gives a picture another path, or another time of change: its contents are the same.
    func update(_ id: Int64, path: String, modified: Int64) throws {
        try changing { database in
            try database.execute(
                sql: "UPDATE pictures SET deleted = 1 WHERE path = ? AND deleted = 0 AND id != ?",
                arguments: [path, id])
            try database.execute(
                sql: "UPDATE pictures SET path = ?, modified = ? WHERE id = ?", arguments: [path, modified, id])
        }
    }

    /// - Returns: how many there were.
    func remove(_ ids: [Int64]) throws -> Int {
        try changing { database in
            try ids.reduce(0) { count, id in
                try database.execute(
                    sql: "UPDATE pictures SET deleted = 1 WHERE id = ? AND deleted = 0", arguments: [id])
                return count + database.changesCount
            }
        }
    }

    /// Forgets deleted pictures for good and begins a new generation.
    func compact() throws {
        try changing { database in
            try database.execute(sql: "DELETE FROM pictures WHERE deleted = 1")
            try database.execute(
                sql: """
                    UPDATE settings SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'generation';
                    UPDATE settings SET value = '0' WHERE key IN ('scanned', 'rows');
                    """)
        }
        try pool.vacuum()
    }
}

extension Catalogue {
    /// What SQLite says of a file.
    static func fault(_ path: String, _ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let file = "\(path)/\(Self.name)"
        switch error.resultCode {
        case .SQLITE_FULL: return SearchError.file(.system(file, .writing, ENOSPC))
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return SearchError.file(.system(file, .opening, EACCES))
        case .SQLITE_IOERR: return SearchError.file(.system(file, .writing, EIO))
        default: return SearchError.damaged(path: path, problem: error.message ?? "SQLite says \(error.resultCode)")
        }
    }
}

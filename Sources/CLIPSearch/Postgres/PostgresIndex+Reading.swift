import Foundation

extension PostgresIndex {
    static let columns = "id, path, size, modified, hash, width, height, taken"

    /// A row that begins with the columns.
    static func picture(_ result: PostgresResult, _ row: Int) -> IndexedPicture {
        IndexedPicture(
            id: result.int(row, 0), path: result.text(row, 1), size: Int(result.int(row, 2)),
            modified: result.int(row, 3), hash: result.text(row, 4), width: Int(result.int(row, 5)),
            height: Int(result.int(row, 6)), taken: result.isNull(row, 7) ? nil : result.int(row, 7))
    }

    /// A row of the columns and the vector.
    private func entry(_ result: PostgresResult, _ row: Int) -> PictureVector {
        PictureVector(picture: Self.picture(result, row), vector: result.halves(row, 8))
    }

    /// Pictures that can be found.
    public var count: Int {
        get throws { Int(try pool.run { try $0.run("SELECT count(*) FROM \(table)").int(0, 0) }) }
    }

    /// The picture at a path.
    public func picture(at path: String) throws -> IndexedPicture? {
        try pool.run { connection in
            let found = try connection.run("SELECT \(Self.columns) FROM \(table) WHERE path = $1", [.text(path)])
            return found.count > 0 ? Self.picture(found, 0) : nil
        }
    }

    /// Pictures with the same contents, in ascending order of numbers.
    public func pictures(hash: String, size: Int) throws -> [PictureVector] {
        try pool.run { connection in
            let found = try connection.run(
                "SELECT \(Self.columns), embedding FROM \(table) WHERE hash = $1 AND size = $2 ORDER BY id",
                [.text(hash), .int(Int64(size))])
            return (0..<found.count).map { entry(found, $0) }
        }
    }

    /// Pictures with their vectors; numbers that there are not are left out.
    public func pictures(_ ids: [Int64]) throws -> [Int64: PictureVector] {
        var found: [Int64: PictureVector] = [:]
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            let part = Array(ids[start..<min(start + Self.batch, ids.count)])
            try pool.run { connection in
                let rows = try connection.run(
                    "SELECT \(Self.columns), embedding FROM \(table) WHERE id = ANY ($1)", [.ints(part)])
                for row in 0..<rows.count { found[rows.int(row, 0)] = entry(rows, row) }
            }
        }
        return found
    }

    /// Where every picture lies, in ascending order of numbers.
    public func paths() throws -> [(id: Int64, path: String)] {
        var paths: [(id: Int64, path: String)] = []
        try stream("id, path", by: 10 * Self.batch) { paths.append(($0.int($1, 0), $0.text($1, 1))) }
        return paths
    }

    /// Hands over every picture with its vector, in ascending order of numbers, as of one moment. Some thousand are in
    /// memory at a time; a connection that is lost on the way is an error.
    public func read(_ body: (PictureVector) throws -> Void) throws {
        try stream("\(Self.columns), embedding", by: Self.batch) { try body(entry($0, $1)) }
    }

    private func stream(
        _ columns: String, by count: Int, _ body: (PostgresResult, _ row: Int) throws -> Void
    ) throws {
        try pool.once { connection in
            try connection.transaction("BEGIN READ ONLY") {
                try connection.run("DECLARE everything CURSOR FOR SELECT \(columns) FROM \(table) ORDER BY id")
                while true {
                    let rows = try connection.run("FETCH \(count) FROM everything")
                    for row in 0..<rows.count { try body(rows, row) }
                    if rows.count < count { break }
                }
            }
        }
    }

    /// What it holds, and takes on the server's disk; what was forgotten is the server's estimate.
    public func status() throws -> IndexStatus {
        try pool.run { connection in
            let state = try connection.run(
                """
                SELECT (SELECT count(*) FROM \(table)),
                    (SELECT coalesce(sum(n_dead_tup), 0)::int8 FROM pg_stat_all_tables WHERE relid = to_regclass($1)),
                    pg_total_relation_size(to_regclass($1)) + pg_total_relation_size(to_regclass($2))
                """, [.text(table), .text(pool.address.table("settings"))])
            return IndexStatus(
                pictures: Int(state.int(0, 0)), deleted: Int(state.int(0, 1)), bytes: Int(state.int(0, 2)))
        }
    }
}

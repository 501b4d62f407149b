import CLIP
import Foundation

/// Pictures and their vectors, in PostgreSQL with pgvector.
///
/// Any number of processes write and read at once. A vector is kept as float16 of length 1: exact to three digits, with
/// three bits more than the folder form's bfloat16. Searches of some thousand pictures read all rows; of more, they ask
/// pgvector's index, and answers are scored anew by the vectors themselves.
public final class PostgresIndex: PictureIndex, @unchecked Sendable {
    /// The longest vectors that pgvector's index takes.
    public static let largestDimension = 4000
    /// Rows from which an index of vectors is made.
    static let indexedFrom = 10_000
    /// The most candidates that pgvector's index looks at.
    static let mostCandidates = 1000
    /// How many candidates it looks at for few answers: with the 40 of pgvector's default, a third of the nearest are missed
    /// where many pictures are alike (Documentation/PostgreSQL.md).
    static let leastBreadth = 200
    /// Pictures that are given to, or taken from, the server at once.
    static let batch = 1000

    /// The address, without a password.
    public var location: String { pool.address.location }
    /// Whose vectors it holds.
    public let space: EmbeddingSpace
    let pool: PostgresPool
    private let indexedFrom: Int
    private let onNotice: @Sendable (String) -> Void
    private let lock = NSLock()
    /// Whether there is an index of vectors, or one was tried to be made: once for each process.
    private var isSettled = false  // guarded by `lock`

    /// Opens the index at an address.
    /// - Parameters:
    ///   - address: `postgresql://user@host:port/database`, with what libpq takes after a `?`, and `schema=NAME`.
    ///   - onNotice: told what helps the server, such as memory for building the vectors' index; from any thread.
    /// - Throws: ``SearchError``.
    public convenience init(address: String, onNotice: @escaping @Sendable (String) -> Void = { _ in }) throws {
        try self.init(PostgresAddress(address), makingFor: nil, onNotice: onNotice)
    }

    /// Opens the index at an address, or makes it for a space's vectors.
    /// - Throws: ``SearchError``; ``SearchError/spacesDiffer(path:differences:)`` where there is one of another space.
    public convenience init(
        address: String, space: EmbeddingSpace, onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try self.init(PostgresAddress(address), makingFor: space, onNotice: onNotice)
    }

    init(
        _ address: PostgresAddress, makingFor space: EmbeddingSpace?,
        migrations: [PostgresMigration] = PostgresSchema.migrations, indexedFrom: Int = PostgresIndex.indexedFrom,
        onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        pool = PostgresPool(address, onNotice: onNotice)
        self.indexedFrom = indexedFrom
        self.onNotice = onNotice
        let schema = PostgresSchema(address: address, migrations: migrations)
        self.space = try pool.run { try schema.prepare($0, for: space) }
        if let space { try require(space) }
    }

    var table: String { pool.address.table("pictures") }
    private var vectors: PostgresVectorIndex { PostgresVectorIndex(address: pool.address, onNotice: onNotice) }

    // MARK: Searching

    /// From pgvector's index where there is one, and from all rows where there is none, where it gives too few, or where more
    /// are asked for than it looks at.
    public func search(
        _ query: [Float], count: Int, filter: SearchFilter, leaving: Set<Int64>
    ) throws -> [SearchHit] {
        guard query.count == dimension else { throw SearchError.dimension(given: query.count, needed: dimension) }
        guard count > 0 else { return [] }
        let unit = UnitVector.scaled(query)
        return try pool.run { connection in
            // More than asked for: the server orders by a query rounded to halves.
            let wanted = min(Self.mostCandidates, count + max(16, count / 4))
            if count <= Self.mostCandidates, unit.contains(where: { $0 != 0 }),
                try vectors.prepare(connection, breadth: max(Self.leastBreadth, wanted))
            {
                let hits = try nearest(connection, unit, count, filter, leaving, candidates: wanted)
                if hits.count == count { return hits }
            }
            return try nearest(connection, unit, count, filter, leaving, candidates: nil)
        }
    }

    /// - Parameter candidates: how many the vectors' index is asked for; nil where all rows are read.
    private func nearest(
        _ connection: PostgresConnection, _ unit: [Float], _ count: Int, _ filter: SearchFilter,
        _ leaving: Set<Int64>, candidates: Int?
    ) throws -> [SearchHit] {
        var query = PostgresQuery()
        let condition = query.condition(filter, leaving: leaving)
        var rows = "SELECT \(Self.columns), embedding FROM \(table) WHERE \(condition)"
        if let candidates {
            let halves = query.place(.halves(unit.map { Float16($0) }))
            rows += " ORDER BY embedding <#> \(halves)::halfvec LIMIT \(query.place(.int(Int64(candidates))))"
        }
        let exact = "embedding::vector <#> \(query.place(.floats(unit)))::vector"
        let result = try connection.run(
            """
            WITH candidates AS \(candidates == nil ? "NOT " : "")MATERIALIZED (\(rows))
            SELECT \(Self.columns), \(exact) FROM candidates
            ORDER BY \(exact), id LIMIT \(query.place(.int(Int64(count))))
            """, query.values)
        return (0..<result.count).map { row in
            SearchHit(picture: Self.picture(result, row), similarity: Float(-result.double(row, 8)))
        }
    }

    // MARK: Writing

    /// Adds pictures, each in place of what had its path. Together: whoever reads sees all of them or none.
    public func add(_ pictures: [PictureVector]) throws {
        guard !pictures.isEmpty else { return }
        for entry in pictures where entry.vector.count != dimension {
            throw SearchError.dimension(given: entry.vector.count, needed: dimension)
        }
        try pool.run { connection in
            try connection.transaction { try insert(pictures, connection) }
        }
        try makeVectorIndexWhereWorthwhile()
    }

    private func insert(_ pictures: [PictureVector], _ connection: PostgresConnection) throws {
        let numbers = try connection.run(
            "SELECT nextval($1::text::regclass) FROM generate_series(1, $2)",
            [.text(pool.address.table("pictures_id_seq")), .int(Int64(pictures.count))])
        let ids = (0..<numbers.count).map { numbers.int($0, 0) }.sorted()
        // The last of each path. By bytes: strings that look the same are paths of different files.
        var last: [[UInt8]: (id: Int64, entry: PictureVector)] = [:]
        for (id, entry) in zip(ids, pictures) { last[Array(entry.picture.path.utf8)] = (id, entry) }
        // All writers take rows in the same order, so that two do not wait for each other.
        let ordered = last.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        for start in stride(from: 0, to: ordered.count, by: Self.batch) {
            let part = ordered[start..<min(start + Self.batch, ordered.count)]
            let entries = part.map(\.entry.picture)
            try connection.run(
                """
                INSERT INTO \(table) (\(Self.columns), embedding)
                SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::text[], $6::int8[], $7::int8[],
                    $8::int8[], $9::halfvec[])
                ON CONFLICT (path) DO UPDATE SET (\(Self.columns), embedding) = (excluded.id, excluded.path,
                    excluded.size, excluded.modified, excluded.hash, excluded.width, excluded.height, excluded.taken,
                    excluded.embedding)
                """,
                [
                    .ints(part.map(\.id)), .texts(entries.map(\.path)), .ints(entries.map { Int64($0.size) }),
                    .ints(entries.map(\.modified)), .texts(entries.map(\.hash)),
                    .ints(entries.map { Int64($0.width) }), .ints(entries.map { Int64($0.height) }),
                    .ints(entries.map(\.taken)),
                    .halves(
                        part.map { UnitVector.scaled($0.entry.vector).map { Float16($0) } },
                        type: connection.halfvec ?? 0),
                ])
        }
    }

    /// Says that a picture's file has another path, or another time of change.
    public func move(_ id: Int64, to path: String, modified: Int64) throws {
        try pool.run { connection in
            try connection.transaction {
                try connection.run(
                    "DELETE FROM \(table) WHERE path = $1 AND id <> $2", [.text(path), .int(id)])
                try connection.run(
                    "UPDATE \(table) SET path = $1, modified = $2 WHERE id = $3",
                    [.text(path), .int(modified), .int(id)])
            }
        }
    }

    /// Forgets pictures.
    @discardableResult
    public func remove(_ ids: [Int64]) throws -> Int {
        try pool.run { connection in
            try connection.transaction {
                try connection.run(
                    """
                    WITH gone AS MATERIALIZED (SELECT id FROM \(table) WHERE id = ANY ($1) ORDER BY path FOR UPDATE)
                    DELETE FROM \(table) WHERE id IN (SELECT id FROM gone)
                    """, [.ints(ids)]
                ).changed
            }
        }
    }

    /// Gives back the room of what was forgotten: to the table, not to the disk. Where it is much, the vectors' index is
    /// built anew. Others read and write meanwhile.
    public func compact() throws {
        let connection = try pool.open()
        let state = try connection.run(Self.dead, [.text(table)])
        let (live, dead) = (state.int(0, 0), state.int(0, 1))
        if dead > (live + dead) / 5, try vectors.exists(connection) {
            try vectors.renew(connection, dimension: dimension)
        }
        try connection.run("VACUUM (ANALYZE) \(table)")
        try makeVectorIndexWhereWorthwhile()
    }

    private static let dead = """
        SELECT coalesce(sum(n_live_tup), 0)::int8, coalesce(sum(n_dead_tup), 0)::int8 FROM pg_stat_all_tables
        WHERE relid = to_regclass($1)
        """

    private func makeVectorIndexWhereWorthwhile() throws {
        if lock.withLock({ isSettled }) { return }
        let isWorthwhile = try pool.run { connection in
            if try vectors.exists(connection) {
                lock.withLock { isSettled = true }
                return false
            }
            let enough = try connection.run(
                "SELECT count(*) FROM (SELECT 1 FROM \(table) LIMIT $1) AS first_rows", [.int(Int64(indexedFrom))])
            return enough.int(0, 0) >= Int64(indexedFrom)
        }
        guard isWorthwhile else { return }
        lock.withLock { isSettled = true }
        try vectors.make(pool.open(), from: indexedFrom, dimension: dimension)
    }
}

import Foundation

/// What lets a search look at a part of the rows: pgvector's HNSW, or VectorChord's lists where that is installed.
struct PostgresVectorIndex {
    /// The index's name; it is in the tables' schema.
    static let name = "pictures_embedding"
    /// Neighbors of a row in the graph, and rows looked at for each new one: twice pgvector's, for recall.
    private static let (neighbors, breadth) = (16, 128)
    /// Seconds that a build waits for other transactions to end; the next process tries again.
    private static let patience = 60
    /// Rows from which VectorChord wants lists.
    private static let listed = 128_000
    /// Of the builds of vectors' indexes, with the table's number.
    private static let lock: Int64 = 0x636C_6970_0002

    let address: PostgresAddress
    let onNotice: (String) -> Void

    private var table: String { address.table("pictures") }
    private var index: String { address.table(Self.name) }

    /// Bytes of `maintenance_work_mem` that keep a graph in memory while it is built: for each row the halves, twice the
    /// neighbors with their distances, and what goes with them. Measured with pgvector 0.8.5, where 4 and 8 MB took 1,738 and
    /// 1,741 bytes a row of 512, and 843 of 64.
    static func memory(rows: Int, dimension: Int) -> Int { rows * (2 * dimension + 32 * neighbors + 210) }

    /// Whether there is one that can be used.
    func exists(_ connection: PostgresConnection) throws -> Bool {
        try connection.run("SELECT \(Self.isValid)", [.text(index)]).bool(0, 0)
    }

    private static let isValid =
        "EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid AND indisready)"

    /// Tells the session how far a search is to look.
    /// - Returns: whether there is an index to look in.
    func prepare(_ connection: PostgresConnection, breadth: Int) throws -> Bool {
        let found = try connection.run(
            """
            SELECT \(Self.isValid),
                (SELECT substring(array_to_string(reloptions, ' ') FROM 'lists = \\[([0-9]+)')
                 FROM pg_class WHERE oid = to_regclass($1))
            """, [.text(index)])
        guard found.bool(0, 0) else { return false }
        if connection.breadth != breadth {
            // VectorChord's number of lists looked at; a twentieth, as its documentation advises.
            let probes = found.isNull(0, 1) ? "" : "\(max(10, (Int(found.text(0, 1)) ?? 0) / 20))"
            try connection.run(
                "SELECT set_config('hnsw.ef_search', $1, false), set_config('vchordrq.probes', $2, false)",
                [.text("\(breadth)"), .text(probes)])
            connection.breadth = breadth
        }
        return true
    }

    /// Builds it where there are rows enough and nobody else does. Others read and write meanwhile.
    ///
    /// A build that does not come about is told of and leaves searches exact.
    /// - Parameter connection: one that is closed afterwards.
    func make(_ connection: PostgresConnection, from least: Int, dimension: Int) throws {
        let lock = "pg_try_advisory_lock($1 # to_regclass($2)::oid::bigint)"
        guard try connection.run("SELECT \(lock)", [.int(Self.lock << 32), .text(table)]).bool(0, 0) else { return }
        if try exists(connection) { return }
        let rows = Int(try connection.run("SELECT count(*) FROM \(table)").int(0, 0))
        guard rows >= least else { return }
        try tellMemory(connection, rows: rows, dimension: dimension)
        do {
            // What a build that was killed has left.
            try connection.run("DROP INDEX IF EXISTS \(index)")
            try build(connection, rows: rows)
        } catch SearchError.server(_, let state, let problem) where !connection.isLost {
            _ = try? connection.run("DROP INDEX IF EXISTS \(index)")
            onNotice("the vectors' index was not built, and searches read all rows: \(problem) (SQLSTATE \(state))")
        }
    }

    private func build(_ connection: PostgresConnection, rows: Int) throws {
        try setBuilding(connection)
        let start = "CREATE INDEX CONCURRENTLY \(Self.name) ON \(table) USING"
        let hnsw = "hnsw (embedding halfvec_ip_ops) WITH (m = \(Self.neighbors), ef_construction = \(Self.breadth))"
        let chord = try connection.run("SELECT 1 FROM pg_extension WHERE extname = 'vchord'").count > 0
        guard chord else {
            try connection.run("\(start) \(hnsw)")
            return
        }
        do {
            try connection.run("\(start) \(Self.chord(rows: rows))")
        } catch SearchError.server(_, let state, let problem) where !connection.isLost {
            onNotice("VectorChord's index was not built, pgvector's is: \(problem) (SQLSTATE \(state))")
            try connection.run("DROP INDEX IF EXISTS \(index)")
            try connection.run("\(start) \(hnsw)")
        }
    }

    /// VectorChord's index for a number of rows, with lists as its documentation advises.
    static func chord(rows: Int) -> String {
        let kind = "vchordrq (embedding halfvec_ip_ops)"
        guard rows >= listed else { return kind }
        let lists = rows < 2_000_000 ? rows / 400 : Int(6 * Double(rows).squareRoot())
        return kind + " WITH (options = $$\n[build.internal]\nlists = [\(lists)]\nspherical_centroids = true\n$$)"
    }

    /// Rebuilds it, as after many deletions.
    func renew(_ connection: PostgresConnection, dimension: Int) throws {
        let rows = Int(try connection.run("SELECT count(*) FROM \(table)").int(0, 0))
        try tellMemory(connection, rows: rows, dimension: dimension)
        try setBuilding(connection)
        do {
            try connection.run("REINDEX INDEX CONCURRENTLY \(index)")
        } catch SearchError.server(_, let state, let problem) where !connection.isLost {
            // The old one stays; what was begun of the new one has this name.
            _ = try? connection.run("DROP INDEX IF EXISTS \(address.table(Self.name + "_ccnew"))")
            onNotice("the vectors' index was not built anew: \(problem) (SQLSTATE \(state))")
        }
    }

    /// How many processes build at once is the server's to say (`max_parallel_maintenance_workers`).
    private func setBuilding(_ connection: PostgresConnection) throws {
        try connection.run("SELECT set_config('lock_timeout', $1, false)", [.text("\(Self.patience)s")])
    }

    private func tellMemory(_ connection: PostgresConnection, rows: Int, dimension: Int) throws {
        let needed = Self.memory(rows: rows, dimension: dimension)
        let given = Int(
            try connection.run("SELECT pg_size_bytes(current_setting('maintenance_work_mem'))").int(0, 0))
        if needed > given { onNotice(Self.advice(rows: rows, needed: needed, given: given)) }
    }

    static func advice(rows: Int, needed: Int, given: Int) -> String {
        func megabytes(_ bytes: Int) -> Int { (bytes + 1 << 20 - 1) >> 20 }
        return "an index of \(rows) vectors is built several times faster with \(megabytes(needed)) MB of "
            + "maintenance_work_mem; the server gives \(megabytes(given)) (ALTER ROLE … SET maintenance_work_mem = "
            + "'\(megabytes(needed))MB')"
    }
}

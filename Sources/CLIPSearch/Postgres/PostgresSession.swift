import Foundation

extension PostgresConnection {
    /// The oldest pgvector whose index goes on searching where a filter leaves too few.
    private static let oldest = "0.8"

    /// Finds pgvector, and lets its names and the index's settings hold for this session.
    func prepare(_ address: PostgresAddress) throws {
        let found = try run(
            """
            SELECT e.extname, n.nspname, e.extversion, t.oid FROM pg_extension e
            JOIN pg_namespace n ON n.oid = e.extnamespace
            LEFT JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = 'halfvec' AND e.extname = 'vector'
            WHERE e.extname IN ('vector', 'vchord')
            """)
        halfvec = nil
        var schemas = [address.schema]
        for row in 0..<found.count {
            schemas.append(found.text(row, 1))
            guard found.text(row, 0) == "vector" else { continue }
            let version = found.text(row, 2)
            guard version.compare(Self.oldest, options: .numeric) != .orderedAscending, !found.isNull(row, 3) else {
                throw SearchError.extensionNeeded(
                    path: address.location,
                    problem:
                        "its pgvector is \(version), and \(Self.oldest) or later is needed; install that, then run "
                        + "ALTER EXTENSION vector UPDATE in the database")
            }
            halfvec = UInt32(truncatingIfNeeded: found.int(row, 3))
        }
        let path = schemas.map(PostgresAddress.quoted).joined(separator: ", ")
        try run(
            """
            SELECT set_config('search_path', $1, false), set_config('jit', 'off', false),
                set_config('hnsw.iterative_scan', 'relaxed_order', false),
                set_config('hnsw.max_scan_tuples', '200000', false), set_config('hnsw.scan_mem_multiplier', '8', false)
            """, [.text(path)])
        breadth = nil
    }

    /// Makes the extension in a database that lacks it; only a superuser may.
    func makeExtension(_ address: PostgresAddress) throws {
        if halfvec != nil { return }
        let available = try run("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        guard available.count > 0 else {
            throw SearchError.extensionNeeded(
                path: address.location,
                problem: "the server has no pgvector; install it there (Debian's package postgresql-NN-pgvector, NN "
                    + "being the server's version; Homebrew's pgvector), then run CREATE EXTENSION vector in the database"
            )
        }
        do {
            // Where the database keeps such things: not in the index's schema, which may be dropped.
            try run("SET LOCAL search_path TO DEFAULT")
            try run("CREATE EXTENSION IF NOT EXISTS vector")
        } catch SearchError.server(_, "42501", _) {
            throw SearchError.extensionNeeded(
                path: address.location,
                problem:
                    "the database lacks pgvector, and this user may not add it; run CREATE EXTENSION vector in it as "
                    + "a superuser")
        }
        try prepare(address)
    }
}

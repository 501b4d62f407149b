import CPQ
import Foundation

/// One connection to a server; one caller uses it at a time.
///
/// Values never become part of a statement's text: they are given beside it. What fails is a ``SearchError`` with the
/// server's SQLSTATE.
final class PostgresConnection {
    /// Seconds until a server that does not answer counts as not there, where the address does not say.
    private static let timeout = 10.0
    /// The SQLSTATE of a connection that is gone, where the server did not say one.
    static let lost = "08006"

    private let handle: OpaquePointer
    private let location: String
    private let notices: NoticeBox
    /// Whether the commit of a transaction was asked for and not answered, so that nobody knows what became of it.
    private(set) var isCommitting = false
    /// The number of the type `halfvec` in this database; nil without pgvector.
    var halfvec: UInt32?
    /// How many candidates an index search looks at, as this session was told.
    var breadth: Int?

    /// The receiver of what the server says beside its answers.
    private final class NoticeBox {
        let body: (String) -> Void
        init(_ body: @escaping (String) -> Void) { self.body = body }
    }

    /// Connects.
    /// - Parameter onNotice: told what the server says of an index that is being built.
    /// - Throws: ``SearchError/server(path:state:problem:)``.
    init(_ address: PostgresAddress, onNotice: @escaping (String) -> Void) throws {
        location = address.location
        notices = NoticeBox(onNotice)
        // What stands before the address gives way to it, what stands after does not.
        let options = [
            ("fallback_application_name", "swift-clip"), ("tcp_user_timeout", "60000"), ("keepalives_idle", "60"),
            ("dbname", address.connection), ("client_encoding", "UTF8"),
        ]
        let keys = CStrings(options.map(\.0))
        let values = CStrings(options.map(\.1))
        guard let handle = PQconnectStartParams(keys.pointers, values.pointers, 1) else {
            throw SearchError.server(path: location, state: "53200", problem: "no memory for a connection")
        }
        self.handle = handle
        PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context, let result, let text = PQresultErrorField(result, PostgresConnection.field("M"))
                else { return }
                let message = String(cString: text)
                guard message.hasPrefix("hnsw") || message.hasPrefix("vchordrq") else { return }
                Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue().body(message)
            }, Unmanaged.passUnretained(notices).toOpaque())
        // libpq tells the SQLSTATE of a refused connection in no other way.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        try wait(seconds: Self.seconds(handle))
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    }

    deinit { PQfinish(handle) }

    /// Whether nothing more can be asked.
    var isLost: Bool { PQstatus(handle) == CONNECTION_BAD }

    /// The server's process that answers here.
    var process: Int64 { Int64(PQbackendPID(handle)) }

    // MARK: Connecting

    /// Strings as C has them, for the length of a call.
    private final class CStrings {
        let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
        private let count: Int

        init(_ strings: [String]) {
            count = strings.count
            pointers = .allocate(capacity: strings.count + 1)
            for (place, string) in strings.enumerated() { pointers[place] = UnsafePointer(strdup(string)) }
            pointers[strings.count] = nil
        }

        deinit {
            for place in 0..<count { free(UnsafeMutablePointer(mutating: pointers[place])) }
            pointers.deallocate()
        }
    }

    /// What the address or PGCONNECT_TIMEOUT says; nil where it is to be waited for without end.
    private static func seconds(_ handle: OpaquePointer) -> Double? {
        guard let options = PQconninfo(handle) else { return timeout }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "connect_timeout", let value = option.pointee.val,
                let seconds = Int32(String(cString: value))
            {
                return seconds > 0 ? Double(seconds) : nil
            }
            option += 1
        }
        return timeout
    }

    private func wait(seconds: Double?) throws {
        let deadline = seconds.map { ProcessInfo.processInfo.systemUptime + $0 }
        var state = PGRES_POLLING_WRITING
        while PQstatus(handle) != CONNECTION_BAD {
            var descriptor = pollfd(
                fd: PQsocket(handle), events: Int16(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0)
            let left = deadline.map { ($0 - ProcessInfo.processInfo.systemUptime) * 1000 }
            if let left, left <= 0 {
                throw SearchError.server(
                    path: location, state: "08001", problem: "no answer within \(Int(seconds ?? 0)) seconds")
            }
            let ready = poll(&descriptor, 1, left.map { Int32(min($0, 60_000).rounded(.up)) } ?? -1)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            state = PQconnectPoll(handle)
            if state == PGRES_POLLING_OK { return }
            if state == PGRES_POLLING_FAILED { break }
        }
        throw refused()
    }

    /// What libpq says of a connection that did not come about: `… failed: FATAL:  28P01: …`, then where in the server.
    private func refused() -> SearchError {
        var text = message
        var state = "08001"
        if let found = text.firstMatch(of: #/[A-Z]+: +([0-9A-Z]{5}): /#) {
            state = String(found.1)
            text.replaceSubrange(found.range, with: "")
        }
        return .server(path: location, state: state, problem: text)
    }

    /// libpq's last word, in one line.
    private var message: String {
        String(cString: PQerrorMessage(handle)).split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "; ")
    }

    // MARK: Asking

    private static func field(_ letter: Unicode.Scalar) -> Int32 { Int32(letter.value) }

    /// Runs one statement.
    @discardableResult
    func run(_ statement: String, _ values: [PostgresValue] = []) throws -> PostgresResult {
        let bytes = values.map { value in
            // An empty value is not NULL.
            value.bytes.map { bytes in
                let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, bytes.count))
                _ = copy.update(fromContentsOf: bytes.lazy.map { CChar(bitPattern: $0) })
                return copy
            }
        }
        defer { for pointer in bytes { pointer?.deallocate() } }
        let answer = PQexecParams(
            handle, statement, Int32(values.count), values.map { Oid($0.type) },
            bytes.map { UnsafePointer($0?.baseAddress) },
            values.map { Int32($0.bytes?.count ?? 0) }, values.map { _ in 1 }, 1)
        guard let answer else { throw failure(nil) }
        let result = PostgresResult(answer)
        switch PQresultStatus(answer) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: return result
        default:
            defer { withExtendedLifetime(result) {} }
            throw failure(answer)
        }
    }

    private func failure(_ answer: OpaquePointer?) -> SearchError {
        func field(_ letter: Unicode.Scalar) -> String? {
            guard let answer, let text = PQresultErrorField(answer, Self.field(letter)) else { return nil }
            return String(cString: text)
        }
        let state = field("C") ?? Self.lost
        let said = isLost ? message : field("M") ?? message
        let hint = field("H").map { " (\($0))" } ?? ""
        return .server(path: location, state: state, problem: said + hint)
    }

    /// Runs statements that are done together or not at all.
    func transaction<R>(_ beginning: String = "BEGIN", _ body: () throws -> R) throws -> R {
        isCommitting = false
        try run(beginning)
        let result: R
        do {
            result = try body()
        } catch {
            if !isLost { _ = try? run("ROLLBACK") }
            throw error
        }
        isCommitting = true
        defer { if !isLost { isCommitting = false } }
        try run("COMMIT")
        return result
    }
}

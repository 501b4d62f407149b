import Foundation

/// Connections to one server: each caller has one to itself, and a few are kept for the next.
final class PostgresPool: @unchecked Sendable {
    /// Connections that are kept while nobody uses them.
    private static let kept = 4
    /// How often what another writer was in the way of is tried anew.
    private static let attempts = 8

    let address: PostgresAddress
    private let onNotice: @Sendable (String) -> Void
    private let lock = NSLock()
    private var idle: [PostgresConnection] = []  // guarded by `lock`

    init(_ address: PostgresAddress, onNotice: @escaping @Sendable (String) -> Void) {
        self.address = address
        self.onNotice = onNotice
    }

    /// A connection of the caller's own, which is closed afterwards.
    func open() throws -> PostgresConnection {
        let connection = try PostgresConnection(address, onNotice: onNotice)
        try connection.prepare(address)
        return connection
    }

    /// Runs what may be run again from its beginning: one statement that reads, or a transaction.
    ///
    /// It is, where the connection was lost before a commit was asked for, and where the server says that two writers
    /// were in each other's way.
    func run<R>(_ body: (PostgresConnection) throws -> R) throws -> R {
        var attempt = 1
        while true {
            switch try outcome(body) {
            case .done(let result): return result
            // Once more at most: a server that is gone is said by the attempt to connect anew.
            case .lost where attempt < Self.attempts: attempt = Self.attempts
            case .inTheWay where attempt < Self.attempts:
                attempt += 1
                // A little longer each time, and not in step with the other.
                Thread.sleep(forTimeInterval: Double.random(in: 0...0.02) * Double(attempt))
            case .lost(let error), .inTheWay(let error): throw error
            }
        }
    }

    /// Runs what may not be run again.
    func once<R>(_ body: (PostgresConnection) throws -> R) throws -> R {
        switch try outcome(body) {
        case .done(let result): return result
        case .lost(let error), .inTheWay(let error): throw error
        }
    }

    /// What became of an attempt, where another may do better.
    private enum Outcome<R> {
        case done(R)
        case lost(any Error)
        case inTheWay(any Error)
    }

    private func outcome<R>(_ body: (PostgresConnection) throws -> R) throws -> Outcome<R> {
        let connection = try lock.withLock { idle.popLast() } ?? open()
        do {
            let result = try body(connection)
            giveBack(connection)
            return .done(result)
        } catch {
            if connection.isLost {
                // The others are of the same server: it was stopped, or the way to it is broken.
                lock.withLock { idle.removeAll() }
                guard connection.isCommitting, case SearchError.server(let path, let state, let problem) = error else {
                    return .lost(error)
                }
                throw SearchError.server(
                    path: path, state: state, problem: problem + "; whether the last change was kept is not known")
            }
            giveBack(connection)
            // Serialization, deadlock, and a row that another writer put there in the meantime.
            guard case SearchError.server(_, let state, _) = error, ["40001", "40P01", "23505"].contains(state) else {
                throw error
            }
            return .inTheWay(error)
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        lock.withLock { if idle.count < Self.kept { idle.append(connection) } }
    }
}

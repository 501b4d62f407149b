import CPQ
import Foundation

/// Where an index is kept in PostgreSQL: an address as libpq reads it, and the schema that holds the tables.
struct PostgresAddress: Sendable, Equatable {
    /// The schema where the address names none.
    static let defaultSchema = "swift_clip"
    /// Bytes of a name that PostgreSQL keeps whole.
    private static let longestName = 63

    /// What libpq is given: the address without what is ours. It may hold a password, and is shown nowhere.
    let connection: String
    /// The schema's name.
    let schema: String
    /// The address as it may be shown.
    let location: String

    /// Whether a text is such an address.
    static func matches(_ text: String) -> Bool {
        let lower = text.lowercased()
        return lower.hasPrefix("postgresql://") || lower.hasPrefix("postgres://")
    }

    /// - Throws: ``SearchError/badAddress(problem:)``, which shows nothing of the text: half of a password may be where
    ///   a host is expected.
    init(_ text: String) throws {
        guard Self.matches(text), let start = text.range(of: "://") else {
            throw SearchError.badAddress(problem: "it does not begin with postgresql://")
        }
        var (user, rest) = Self.splitUser(text[start.upperBound...])
        var items: [Substring] = []
        if let mark = rest.firstIndex(of: "?") {
            items = rest[rest.index(after: mark)...].split(separator: "&")
            rest = rest[..<mark]
        }
        guard !rest.contains("@") else {
            throw SearchError.badAddress(
                problem: "it has a second @ (in a name or a password, write %40, and / as %2F)")
        }
        var (others, schemas): ([Substring], [String]) = ([], [])
        for item in items {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0].removingPercentEncoding == "schema" {
                schemas.append(parts.count == 2 ? parts[1].removingPercentEncoding ?? "" : "")
            } else {
                others.append(item)
            }
        }
        schema = try Self.checked(schemas)
        let credentials = user.map { $0 + "@" } ?? ""
        connection =
            "postgresql://\(credentials)\(rest)" + (others.isEmpty ? "" : "?" + others.joined(separator: "&"))
        try Self.check(connection)
        user = user.map { $0.prefix { $0 != ":" } }
        let shown = items.filter { item in
            ["host", "hostaddr", "port", "dbname", "user", "service", "schema"].contains(item.prefix { $0 != "=" })
        }
        location =
            "postgresql://\(user.map { $0 + "@" } ?? "")\(rest)"
            + (shown.isEmpty ? "" : "?" + shown.joined(separator: "&"))
    }

    /// As libpq does it: what stands before the first @, where no / comes first.
    private static func splitUser(_ text: Substring) -> (user: Substring?, rest: Substring) {
        guard let end = text.firstIndex(where: { $0 == "@" || $0 == "/" }), text[end] == "@" else { return (nil, text) }
        return (text[..<end], text[text.index(after: end)...])
    }

    private static func checked(_ schemas: [String]) throws -> String {
        guard let schema = schemas.last else { return defaultSchema }
        guard !schema.isEmpty, schema.utf8.count <= longestName, !schema.utf8.contains(0), !schema.hasPrefix("pg_")
        else {
            throw SearchError.badAddress(
                problem: "schema= takes a name of 1 to \(longestName) bytes that does not begin with pg_")
        }
        return schema
    }

    /// Refuses what libpq would not take, or would take for something else than was meant.
    private static func check(_ connection: String) throws {
        var message: UnsafeMutablePointer<CChar>?
        defer { PQfreemem(message) }
        guard let options = PQconninfoParse(connection, &message) else {
            throw SearchError.badAddress(problem: "it has a part that libpq does not know")
        }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "port", let value = option.pointee.val {
                let ports = String(cString: value).split(separator: ",", omittingEmptySubsequences: true)
                guard ports.allSatisfy({ UInt16($0) != nil }) else {
                    throw SearchError.badAddress(
                        problem: "what stands where the port belongs is no number (in a password, write / as %2F)")
                }
            }
            option += 1
        }
    }

    /// A table of the schema, as SQL has it.
    func table(_ name: String) -> String { "\(Self.quoted(schema)).\(name)" }

    /// A name as SQL has it.
    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }
}

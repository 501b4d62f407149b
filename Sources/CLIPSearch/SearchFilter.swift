import GRDB

/// Which pictures a search may find. What is nil is not asked for.
public struct SearchFilter: Sendable, Equatable {
    /// A folder that they lie in, or below.
    public var folder: String?
    /// Lower-case extensions without the dot, one of which they have.
    public var fileTypes: [String]?
    /// Seconds since 1970 between which they were taken; a picture that does not say was when its file was changed.
    public var taken: ClosedRange<Int64>?
    /// Bytes of the file.
    public var size: ClosedRange<Int>?
    /// Numbers, one of which they have.
    public var ids: [Int64]?

    /// Lets everything through.
    public init() {}

    /// Whether it lets everything through.
    public var isEmpty: Bool { self == SearchFilter() }

    /// A condition on the catalogue's pictures.
    var sql: (condition: String, arguments: [any DatabaseValueConvertible]) {
        var conditions = ["1"]
        var arguments: [any DatabaseValueConvertible] = []
        if let folder {
            let prefix = folder.hasSuffix("/") ? folder : folder + "/"
            // The names that begin with it: "0" comes after "/".
            conditions.append("path >= ? AND path < ?")
            arguments += [prefix, String(prefix.dropLast()) + "0"]
        }
        if let fileTypes {
            let ends = fileTypes.map { _ in "lower(path) LIKE '%.' || ? ESCAPE '\\'" }
            conditions.append("(" + (ends.isEmpty ? "0" : ends.joined(separator: " OR ")) + ")")
            arguments += fileTypes.map { type in
                type.lowercased().replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
            }
        }
        if let taken {
            conditions.append("coalesce(taken, modified / 1000000000) BETWEEN ? AND ?")
            arguments += [taken.lowerBound, taken.upperBound]
        }
        if let size {
            conditions.append("size BETWEEN ? AND ?")
            arguments += [size.lowerBound, size.upperBound]
        }
        if let ids {
            conditions.append("id IN (SELECT value FROM json_each(?))")
            arguments.append("[" + ids.map { "\($0)" }.joined(separator: ",") + "]")
        }
        return (conditions.joined(separator: " AND "), arguments)
    }
}

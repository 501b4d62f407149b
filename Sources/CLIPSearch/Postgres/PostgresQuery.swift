import Foundation

/// A statement that grows, with the values that are given beside it.
struct PostgresQuery {
    private(set) var values: [PostgresValue] = []

    /// A place in the statement that stands for a value.
    mutating func place(_ value: PostgresValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }

    /// A condition on pictures: what a filter lets through and is not left out.
    mutating func condition(_ filter: SearchFilter, leaving: Set<Int64> = []) -> String {
        var conditions: [String] = []
        if let folder = filter.folder {
            let prefix = folder.hasSuffix("/") ? folder : folder + "/"
            // The names that begin with it: "0" comes after "/". The column's order is that of bytes.
            conditions.append("path >= \(place(.text(prefix)))")
            conditions.append("path < \(place(.text(String(prefix.dropLast()) + "0")))")
        }
        if let types = filter.fileTypes {
            let ends = types.map { type in
                "%."
                    + type.lowercased().replacing("\\", with: "\\\\").replacing("%", with: "\\%")
                    .replacing("_", with: "\\_")
            }
            conditions.append("lower(path) LIKE ANY (\(place(.texts(ends))))")
        }
        if let taken = filter.taken {
            conditions.append(
                "coalesce(taken, modified / 1000000000) BETWEEN \(place(.int(taken.lowerBound))) "
                    + "AND \(place(.int(taken.upperBound)))")
        }
        if let size = filter.size {
            conditions.append(
                "size BETWEEN \(place(.int(Int64(size.lowerBound)))) AND \(place(.int(Int64(size.upperBound))))")
        }
        if let ids = filter.ids { conditions.append("id = ANY (\(place(.ints(ids))))") }
        if !leaving.isEmpty { conditions.append("id <> ALL (\(place(.ints(leaving.sorted()))))") }
        return conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
    }
}

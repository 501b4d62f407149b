import CLIPText
import Files
import Foundation

/// The file of published numbers: tables as their sources print them, and other names of the sets.
struct PublishedTables {
    let results: [PublishedResult]
    /// From the ``key(_:)`` of every spelling to the set's name here.
    private let names: [String: String]

    private struct Contents: Decodable {
        /// Other names, by the set's name.
        let names: [String: [String]]
        let tables: [Table]
    }

    private struct Table: Decodable {
        let source: String
        let address: String
        let task: String
        /// Of each column, the set and the metric.
        let columns: [[String]]
        let rows: [Row]
    }

    private struct Row: Decodable {
        let model: String
        /// A value for each column; null where the source has none.
        let percent: [Double?]
    }

    /// The package's own.
    static func own() throws -> PublishedTables {
        let (data, path) = try read(folders: ResourceFolder(target: "CLIPEvaluation").candidates())
        return try PublishedTables(data, path: path)
    }

    /// The file of the first folder that has it.
    /// - Throws: ``EvaluationError/file(_:)``; where no folder has it, the first is named.
    static func read(folders: [URL]) throws(EvaluationError) -> (data: Data, path: String) {
        var missing: FileFault?
        for folder in folders {
            let path = folder.appendingPathComponent("published.json").path
            do throws(FileFault) {
                return (try WholeFile.data(path, limit: 1 << 24), path)
            } catch {
                guard error.isMissing else { throw .file(error) }
                missing = missing ?? error
            }
        }
        guard let missing else { throw .damaged(path: "published.json", reason: "there is no folder to find it in") }
        throw .file(missing)
    }

    /// - Throws: ``EvaluationError/damaged(path:reason:)``.
    init(_ data: Data, path: String) throws(EvaluationError) {
        let contents: Contents
        do {
            contents = try JSONDecoder().decode(Contents.self, from: data)
        } catch {
            throw .damaged(path: path, reason: "it is not a list of tables: \(error)")
        }
        var results: [PublishedResult] = []
        for table in contents.tables {
            results += try Self.results(of: table, path: path)
        }
        self.results = results
        var names = Dictionary(results.map { (Self.key($0.dataset), $0.dataset) }) { first, _ in first }
        for (name, others) in contents.names {
            for other in others {
                guard names.updateValue(name, forKey: Self.key(other)).map({ $0 == name }) ?? true else {
                    throw .damaged(path: path, reason: "\"\(other)\" is the name of two sets")
                }
            }
        }
        self.names = names
    }

    private static func results(of table: Table, path: String) throws(EvaluationError) -> [PublishedResult] {
        var results: [PublishedResult] = []
        for row in table.rows {
            guard row.percent.count == table.columns.count else {
                throw .damaged(
                    path: path,
                    reason: "\(table.source), \(row.model): \(row.percent.count) values of \(table.columns.count)")
            }
            for (column, percent) in zip(table.columns, row.percent) {
                guard column.count == 2, (0...100).contains(percent ?? 0) else {
                    throw .damaged(
                        path: path,
                        reason: "\(table.source), \(row.model): \(column) has to be a set and a metric in percent")
                }
                guard let percent else { continue }
                results.append(
                    PublishedResult(
                        source: table.source, address: table.address, model: row.model, dataset: column[0],
                        task: table.task, metric: column[1], value: percent / 100))
            }
        }
        return results
    }

    /// This file's name of a set; nil where nothing is known of it.
    func name(of dataset: String) -> String? { names[Self.key(dataset)] }

    /// What is left of a spelling: small letters and digits, without what benchmarks set before a set's name.
    static func key(_ spelling: String) -> String {
        var rest = Substring(spelling.lowercased())
        while let prefix = ["wds", "vtab", "retrieval"].first(where: { rest.hasPrefix($0) }),
            let mark = rest.dropFirst(prefix.count).first, "_-/".contains(mark)
        {
            rest = rest.dropFirst(prefix.count + 1)
        }
        return rest.filter { $0.isLetter || $0.isNumber }
    }
}

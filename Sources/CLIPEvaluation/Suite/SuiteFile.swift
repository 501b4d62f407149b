import Foundation
import Yams

/// Evaluations to be run together, from a YAML file:
///
///     title: What the bundled model knows
///     evaluations:
///       - task: zero-shot
///         data: fashion-mnist
///         templates: ["a photo of a {}", "a picture of a {}"]
///       - task: retrieval
///         data: corpus/test-*.tar
public struct SuiteFile: Sendable, Equatable {
    /// What the report is called.
    public let title: String
    /// In the file's order.
    public let entries: [SuiteEntry]

    /// A suite of a thousand lines is a long one.
    private static let mostBytes = 1 << 20

    /// - Throws: ``EvaluationError/damaged(path:reason:)`` with the line of what cannot be heeded.
    public init(path: String) throws {
        let data = Data(try PackedFile.bytes(path, limit: Self.mostBytes))
        try self.init(
            yaml: String(decoding: data, as: UTF8.self), path: path,
            folder: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }

    init(yaml: String, path: String, folder: String) throws {
        func fault(_ node: Node?, _ reason: String) -> EvaluationError {
            .damaged(path: path, reason: (node?.mark.map { "line \($0.line): " } ?? "") + reason)
        }
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch {
            throw fault(nil, "it is no YAML: \("\(error)".split(separator: "\n").first ?? "")")
        }
        guard let mapping = root?.mapping else {
            throw fault(root, "it holds no keys; title and evaluations are needed")
        }
        for (key, _) in mapping where !["title", "evaluations"].contains(key.string) {
            throw fault(key, "\"\(key.string ?? "")\" is no key of a suite; there are title and evaluations")
        }
        title = mapping["title"]?.string ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        guard let list = mapping["evaluations"]?.sequence, !list.isEmpty else {
            throw fault(root, "evaluations is to be a list of at least one")
        }
        var entries: [SuiteEntry] = []
        var names: Set<String> = []
        for node in list {
            var entry = try Self.entry(node, path: path, folder: folder, fault)
            // Two of one name could not be told apart in the results.
            if names.contains(entry.name) {
                guard entry.options["name"] == nil else {
                    throw fault(node, "another evaluation is called \"\(entry.name)\"")
                }
                let number = (2...).first { !names.contains("\(entry.name) (\($0))") } ?? 2
                entry = SuiteEntry(
                    task: entry.task, name: "\(entry.name) (\(number))", options: entry.options, place: entry.place)
            }
            names.insert(entry.name)
            entries.append(entry)
        }
        self.entries = entries
    }

    private static func entry(
        _ node: Node, path: String, folder: String, _ fault: (Node?, String) -> EvaluationError
    ) throws -> SuiteEntry {
        let tasks = SuiteEntry.Task.allCases.map(\.rawValue).joined(separator: ", ")
        guard let mapping = node.mapping else { throw fault(node, "an evaluation is keys and values") }
        guard let name = mapping["task"]?.string, let task = SuiteEntry.Task(rawValue: name) else {
            throw fault(mapping["task"] ?? node, "task is to be one of \(tasks)")
        }
        var options: [String: SuiteEntry.Value] = [:]
        for (key, value) in mapping {
            let known = SuiteEntry.common.union(task.options)
            guard let name = key.string, known.contains(name) else {
                let own = known.sorted().joined(separator: ", ")
                throw fault(key, "\(task.rawValue) takes no \"\(key.string ?? "")\"; it takes \(own)")
            }
            func whole(_ text: String) -> String {
                let isPath = SuiteEntry.paths.contains(name) || name == "baseline" && task == .robustness
                return isPath ? self.whole(text, in: folder) : text
            }
            if let text = value.string {
                options[name] = .text(whole(text))
            } else if let list = value.sequence, list.allSatisfy({ $0.string != nil }) {
                options[name] = .list(list.compactMap { $0.string.map(whole) })
            } else {
                throw fault(value, "\(name) takes a value or a list of values")
            }
        }
        guard options["data"] != nil || task == .weakness else { throw fault(node, "data is needed") }
        guard options["train_data"] != nil || task != .overlap else {
            throw fault(node, "train_data is needed: what the model learned from")
        }
        let data = mapping["data"]?.string.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "drawn"
        let language = mapping["caption_language"]?.string.map { ", \($0)" } ?? ""
        return SuiteEntry(
            task: task, name: mapping["name"]?.string ?? "\(task.rawValue): \(data)\(language)", options: options,
            place: path + (node.mark.map { ", line \($0.line)" } ?? ""))
    }

    /// Known names, addresses and absolute paths as they are; several shards by their parts.
    private static func whole(_ text: String, in folder: String) -> String {
        if EvaluationSet.knownNames.contains(text) || text.contains("://") { return text }
        return text.components(separatedBy: "::").map { part in
            part.hasPrefix("/") || part.hasPrefix("~") ? part : "\(folder)/\(part)"
        }.joined(separator: "::")
    }
}

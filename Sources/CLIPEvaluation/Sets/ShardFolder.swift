import CLIPData
import Foundation

/// A folder of tar shards and the lists beside them, as CLIP_benchmark has it: `classnames.txt`,
/// `zeroshot_classification_templates.txt` and a folder of shards for each split. Shards may also lie beside the lists,
/// numbered (`0.tar`) or named after their split (`test-0000.tar`).
struct ShardFolder {
    /// The split's shards, in order.
    let shards: [String]
    /// Nil where no list names them.
    let classNames: [String]?
    let templates: [String]
    /// What its first picture has beside it, by extension.
    let extensions: Set<String>
    /// Whether there are lists, as for measuring, and not shards alone.
    let hasLists: Bool

    static let classFile = "classnames.txt"
    private static let templateFile = "zeroshot_classification_templates.txt"
    private static let typeFile = "dataset_type.txt"
    private static let countFile = "nshards.txt"

    /// - Returns: nil for a folder without shards.
    /// - Throws: ``EvaluationError`` for lists that cannot be read and for shards of other splits alone, `CLIPDataError`.
    init?(_ folder: String, split: String) throws {
        func exists(_ name: String) -> Bool { PackedFile.exists("\(folder)/\(name)") }
        let hasLists = [Self.classFile, Self.templateFile, Self.typeFile].contains(where: exists)
        self.hasLists = hasLists
        let splits = Self.splits(folder) { hasLists || $0 == split || SplitFolders.known.contains($0.lowercased()) }
        // Pictures may lie beside an archive that is no split.
        guard hasLists || splits.keys.contains(where: { $0 == split || $0.isEmpty || SplitFolders.known.contains($0) })
        else { return nil }
        guard let first = splits.first else { return nil }
        // Numbered shards alone are of whatever split they are.
        guard let shards = splits[split] ?? (splits.count == 1 && first.key.isEmpty ? first.value : nil) else {
            throw EvaluationError.emptySplit(path: folder, split: split, others: splits.keys.sorted())
        }
        try Self.check(shards)
        self.shards = shards
        classNames = exists(Self.classFile) ? try PackedFile.names("\(folder)/\(Self.classFile)") : nil
        templates = exists(Self.templateFile) ? try Self.templates("\(folder)/\(Self.templateFile)") : []
        extensions = try ShardReader(path: shards[0]) { _ in false }.next()?.extensions ?? []
    }

    /// A set that was fetched in part would be measured as if it were whole.
    private static func check(_ shards: [String]) throws {
        let list = URL(fileURLWithPath: shards[0]).deletingLastPathComponent().appendingPathComponent(countFile).path
        guard PackedFile.exists(list), let line = try PackedFile.lines(list).first else { return }
        guard Int(line) == shards.count else {
            throw EvaluationError.damaged(
                path: list, reason: "it tells of \(line) shards, and \(shards.count) are there; fetch the others")
        }
    }

    /// Shards by the split that their folder or their name tells; numbered ones beside the lists have none.
    private static func splits(_ folder: String, mayBe: (String) -> Bool) -> [String: [String]] {
        var splits: [String: [String]] = [:]
        for path in tars(folder) {
            let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let name = stem.reversed().drop(while: \.isNumber).drop { "-_.".contains($0) }
            splits[String(name.reversed()), default: []].append(path)
        }
        for name in SplitFolders.subfolders(folder) where mayBe(name) {
            let inner = tars("\(folder)/\(name)")
            if !inner.isEmpty { splits[name] = inner }
        }
        return splits
    }

    private static func tars(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        // 0.tar, 1.tar, … 10.tar in their order, whatever their width.
        return names.filter { $0.hasSuffix(".tar") && !$0.hasPrefix(".") }
            .sorted { ($0.count, $0) < ($1.count, $1) }.map { "\(folder)/\($0)" }
    }

    private static func templates(_ path: String) throws -> [String] {
        let lines = try PackedFile.lines(path)
        if let row = lines.firstIndex(where: { !$0.isEmpty && !$0.contains("{c}") && !$0.contains("{}") }) {
            throw EvaluationError.damaged(
                path: path, reason: "line \(row + 1) has no {c} where a class's name belongs: \(lines[row].prefix(60))")
        }
        return lines.filter { !$0.isEmpty }
    }

    /// Whether these are a training run's pairs, with more in their JSON than a caption.
    var isForTraining: Bool {
        !hasLists && extensions.contains("json") && extensions.isDisjoint(with: ShardSet.labelExtensions)
    }
}

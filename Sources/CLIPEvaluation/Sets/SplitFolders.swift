import Foundation

/// A folder as data sets come: `train/` and `test/` (or `val/`), each with a folder a class.
enum SplitFolders {
    /// Names under which people keep what a model is measured on, and what it learns from.
    static let names = [
        "test": ["test", "val", "valid", "validation"], "val": ["val", "valid", "validation"],
        "train": ["train", "training"],
    ]

    /// All of them.
    static let known = Set(names.values.joined())

    /// The split's folder, and the classes of all splits, so that a class's place is the same in each; the folder itself,
    /// and no classes, where it holds no splits.
    /// - Throws: ``EvaluationError/emptySplit(path:split:others:)`` where there are other splits, but not this.
    static func find(_ folder: String, split: String) throws -> (folder: String, classNames: [String]?) {
        let there = subfolders(folder)
        let splits = there.filter { known.contains($0.lowercased()) || $0 == split }
        let classes = splits.map { subfolders("\(folder)/\($0)") }
        let hasClasses = classes.contains { !$0.isEmpty }
        // A class may be called "train": that is no split, as long as other folders stand beside it and it holds none.
        guard !splits.isEmpty, hasClasses || splits.count == there.count else { return (folder, nil) }
        // Pictures of a test without their classes are no help.
        let usable = zip(splits, classes).filter { !hasClasses || !$0.1.isEmpty }.map(\.0)
        for name in names[split] ?? [split] {
            if let match = usable.first(where: { $0 == name || $0.lowercased() == name }) {
                return ("\(folder)/\(match)", hasClasses ? Set(classes.joined()).sorted() : nil)
            }
        }
        throw EvaluationError.emptySplit(path: folder, split: split, others: usable)
    }

    static func subfolders(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            return !name.hasPrefix(".")
                && FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
                && isFolder.boolValue
        }.sorted()
    }
}

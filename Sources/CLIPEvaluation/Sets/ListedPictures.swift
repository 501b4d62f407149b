import Foundation

/// Pictures that lists name: VOC's `ImageSets/Main/CLASS_SPLIT.txt` of a devkit, with several classes a picture, or lists of
/// paths with a class's place (`train.txt`: `images/0001.jpg 17`), as ELEVATER's and others' are.
struct ListedPictures: EvaluationSource {
    let classNames: [String]
    let files: [String]
    private let pictures: [Listed]

    private struct Listed {
        let path: String
        var classes: [Int] = []
        var undecided: [Int] = []
    }

    /// A folder of VOC's year, with `ImageSets/Main` and `JPEGImages`; nil where it is none.
    /// - Throws: ``EvaluationError``.
    init?(voc folder: String, split: String) throws {
        let lists = "\(folder)/ImageSets/Main"
        guard PackedFile.exists(lists) else { return nil }
        let images = "\(folder)/JPEGImages"
        guard PackedFile.exists(images) else {
            throw EvaluationError.damaged(path: folder, reason: "its pictures' folder JPEGImages is not there")
        }
        let all = ((try? FileManager.default.contentsOfDirectory(atPath: lists)) ?? []).filter { $0.hasSuffix(".txt") }
        let ending = "_\(split).txt"
        let names = all.filter { $0.hasSuffix(ending) }.sorted()
        guard !names.isEmpty else {
            let others = Set(all.compactMap { $0.dropLast(4).split(separator: "_").dropFirst().last.map(String.init) })
            throw EvaluationError.emptySplit(path: lists, split: split, others: others.sorted())
        }
        classNames = names.map { String($0.dropLast(ending.count)) }
        var order: [String] = []
        var listed: [String: Listed] = [:]
        for (place, name) in names.enumerated() {
            let file = "\(lists)/\(name)"
            for (row, line) in try PackedFile.lines(file).enumerated() where !line.isEmpty {
                let parts = line.split(whereSeparator: \.isWhitespace)
                guard parts.count == 2, let mark = Int(parts[1]), (-1...1).contains(mark) else {
                    throw EvaluationError.damaged(path: file, reason: "line \(row + 1) is not a name and -1, 0 or 1")
                }
                let name = String(parts[0])
                if listed[name] == nil {
                    order.append(name)
                    listed[name] = Listed(path: "\(images)/\(name).jpg")
                }
                // 0: hard to recognize (VOC's development kit, "difficult").
                if mark == 1 { listed[name]?.classes.append(place) }
                if mark == 0 { listed[name]?.undecided.append(place) }
            }
        }
        pictures = order.compactMap { listed[$0] }
        guard !pictures.isEmpty else { throw EvaluationError.emptySplit(path: lists, split: split, others: []) }
        files = names.map { "\(lists)/\($0)" } + pictures.map(\.path)
    }

    /// A list of paths, each with a class's place; nil where it is none.
    /// - Parameters:
    ///   - images: the pictures' folder; nil for the list's, or the one above it.
    ///   - classNames: nil to number the classes.
    /// - Throws: ``EvaluationError``.
    init?(list: String, images: String?, classNames: [String]?) throws {
        var paths: [String] = []
        var labels: [Int] = []
        for (row, line) in try PackedFile.lines(list).enumerated() where !line.isEmpty {
            // Paths may hold blanks: the class comes last.
            guard let blank = line.lastIndex(where: \.isWhitespace), let label = Int(line[line.index(after: blank)...])
            else {
                if paths.isEmpty { return nil }
                throw EvaluationError.damaged(path: list, reason: "line \(row + 1) is not a path and a number")
            }
            if let classNames, !classNames.indices.contains(label) {
                throw EvaluationError.labelOutOfRange(name: list, row: row, label: label, classCount: classNames.count)
            }
            paths.append(line[..<blank].trimmingCharacters(in: .whitespaces))
            labels.append(label)
        }
        guard let first = paths.first else { return nil }
        self.classNames = try classNames ?? KnownSets.numbers(for: labels, in: list)
        let beside = URL(fileURLWithPath: list).deletingLastPathComponent()
        let places = images.map { [$0] } ?? [beside.path, beside.deletingLastPathComponent().path]
        func path(_ name: String, in place: String) -> String { name.hasPrefix("/") ? name : "\(place)/\(name)" }
        guard let place = places.first(where: { PackedFile.exists(path(first, in: $0)) }) else {
            throw EvaluationError.damaged(
                path: list,
                reason: "its picture \(first) is not in \(places.joined(separator: " or ")); name the folder")
        }
        pictures = zip(paths, labels).map { Listed(path: path($0, in: place), classes: [$1]) }
        files = [list] + pictures.map(\.path)
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        for listed in pictures {
            try body(
                EvaluationSample(
                    key: listed.path, content: .file(listed.path), classes: listed.classes,
                    undecided: listed.undecided))
        }
    }
}

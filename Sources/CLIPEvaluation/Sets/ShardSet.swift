import CLIPData
import Files
import Foundation

/// CLIP_benchmark's WebDataset layout: in the shards a picture and its `.cls`, the class's place, or `.npy`, a number above 0
/// for each class it has, or `.txt`, a caption a line.
struct ShardSet: EvaluationSource {
    let classNames: [String]
    let templates: [String]
    let files: [String]

    static let labelExtensions: Set = ["cls", "npy"]

    /// - Throws: ``EvaluationError``, `CLIPDataError`.
    init(_ folder: ShardFolder) throws {
        (files, templates) = (folder.shards, folder.templates)
        if let names = folder.classNames {
            classNames = names
        } else if folder.extensions.isDisjoint(with: Self.labelExtensions) {
            classNames = []
        } else {
            classNames = try Self.numbers(folder.shards)
        }
    }

    /// Names of classes that have none: all labels are read once, without their pictures.
    private static func numbers(_ shards: [String]) throws -> [String] {
        var labels: [Int] = []
        for path in shards {
            let reader = try ShardReader(path: path) { labelExtensions.contains($0) }
            while let sample = try reader.next() {
                let location = "\(path): \(sample.key)"
                if let label = try label(sample, location) { labels.append(label) }
                if let vector = try vector(sample, location) { labels.append(vector.count - 1) }
            }
        }
        return try KnownSets.numbers(for: labels, in: shards[0])
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        var row = 0
        for path in files {
            let reader = try ShardReader(path: path)
            while let sample = try reader.next() {
                try body(item(sample, "\(path): \(sample.key)", row))
                row += 1
            }
            if let warning = reader.warnings.first {
                throw EvaluationError.damaged(path: path, reason: "\(warning)")
            }
        }
    }

    private func item(_ sample: ShardSample, _ location: String, _ row: Int) throws -> EvaluationSample {
        guard let picture = sample.files.first(where: { PairSample.imageExtensions.contains($0.fileExtension) }) else {
            throw EvaluationError.damaged(path: location, reason: "no picture")
        }
        var item = EvaluationSample(key: location, content: .bytes(picture.data))
        if let label = try Self.label(sample, location) {
            guard classNames.indices.contains(label) else {
                throw EvaluationError.labelOutOfRange(
                    name: location, row: row, label: label, classCount: classNames.count)
            }
            item.classes = [label]
        } else if let vector = try Self.vector(sample, location) {
            guard vector.count == classNames.count else {
                throw EvaluationError.damaged(
                    path: location, reason: "its .npy has \(vector.count) numbers for \(classNames.count) classes")
            }
            item.classes = vector.indices.filter { vector[$0] }
        } else if sample["txt"] == nil {
            throw EvaluationError.damaged(path: location, reason: "neither .cls, .npy nor .txt")
        }
        if let data = sample["txt"] {
            do throws(PlainText.Fault) {
                item.captions = PlainText.lines(try PlainText.string(data))
                    .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            } catch { throw EvaluationError.damaged(path: location, reason: "its .txt: \(error)") }
            guard !item.captions.isEmpty else {
                throw EvaluationError.damaged(path: location, reason: "its .txt is empty")
            }
        }
        return item
    }

    private static func label(_ sample: ShardSample, _ location: String) throws -> Int? {
        guard let data = sample["cls"] else { return nil }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let label = Int(text) else {
            throw EvaluationError.damaged(path: location, reason: "its .cls is \"\(text.prefix(20))\" and no number")
        }
        return label
    }

    private static func vector(_ sample: ShardSample, _ location: String) throws -> [Bool]? {
        guard let data = sample["npy"] else { return nil }
        guard let vector = LabelVector.read(data) else {
            throw EvaluationError.damaged(path: location, reason: "its .npy is no list of numbers")
        }
        return vector
    }
}

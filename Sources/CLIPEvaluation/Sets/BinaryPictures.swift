import Foundation
import Imaging

/// CIFAR-10's, CIFAR-100's and STL-10's binaries: pictures of one size, each color's plane after another.
struct BinaryPictures: EvaluationSource {
    let classNames: [String]
    let files: [String]
    private let layout: Layout

    private enum Layout {
        /// Before each picture's 3 × 32 × 32 values so many labels, of which the last counts.
        case cifar(labels: Int)
        /// 3 × 96 × 96 values a picture, column by column; labels in a file of their own, from 1.
        case stl
    }

    /// One of the three sets.
    private struct Form {
        let layout: Layout
        /// A split's files; the pictures come first.
        let files: [String: [String]]
        let namesFile: String
        /// Where that file is not there.
        let names: [String]
    }

    private static let forms = [
        Form(
            layout: .cifar(labels: 1),
            files: ["train": (1...5).map { "data_batch_\($0).bin" }, "test": ["test_batch.bin"]],
            namesFile: "batches.meta.txt", names: KnownSets.cifar10),
        Form(
            layout: .stl,
            files: ["train": ["train_X.bin", "train_y.bin"], "test": ["test_X.bin", "test_y.bin"]],
            namesFile: "class_names.txt", names: KnownSets.stl10),
        Form(
            layout: .cifar(labels: 2), files: ["train": ["train.bin"], "test": ["test.bin"]],
            namesFile: "fine_label_names.txt", names: KnownSets.cifar100),
    ]

    private static let plane = 32 * 32
    /// More than any of them has.
    private static let mostBytes = 1 << 32

    /// The split's files in a folder; nil where none of the three is there.
    /// - Parameter split: `train` or `test`.
    /// - Throws: ``EvaluationError`` for names that cannot be read, another split's files, or Python's.
    init?(folder: String, split: String) throws {
        for form in Self.forms {
            let there = form.files.filter { _, files in
                files.first.map { Self.isPart("\(folder)/\($0)", of: form, folder) } ?? false
            }
            if there.isEmpty { continue }
            guard let names = there[split] else {
                throw EvaluationError.emptySplit(path: folder, split: split, others: there.keys.sorted())
            }
            let list = "\(folder)/\(form.namesFile)"
            files = names.map { "\(folder)/\($0)" }
            layout = form.layout
            classNames =
                PackedFile.exists(list)
                ? try PackedFile.names(list).map { $0.replacing("_", with: " ") } : form.names
            return
        }
        if ["data_batch_1", "test_batch"].contains(where: { PackedFile.exists("\(folder)/\($0)") }) {
            throw EvaluationError.damaged(
                path: folder, reason: "these are the set's files for Python; fetch its binary version")
        }
        return nil
    }

    /// CIFAR-100's `test.bin` might be anything: lists beside it or its length tell.
    private static func isPart(_ path: String, of form: Form, _ folder: String) -> Bool {
        guard PackedFile.exists(path) else { return false }
        guard case .cifar(2) = form.layout else { return true }
        let lists = [form.namesFile, "coarse_label_names.txt"]
        if lists.contains(where: { PackedFile.exists("\(folder)/\($0)") }) { return true }
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
        return size > 0 && size % (2 + 3 * plane) == 0
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        switch layout {
        case .cifar(let labels): for file in files { try readCIFAR(file, labels: labels, body) }
        case .stl: try readSTL(files[0], labels: files[1], body)
        }
    }

    private func readCIFAR(_ path: String, labels: Int, _ body: (EvaluationSample) throws -> Void) throws {
        let plane = Self.plane
        let record = labels + 3 * plane
        let bytes = try PackedFile.bytes(path, limit: Self.mostBytes)
        guard !bytes.isEmpty, bytes.count % record == 0 else {
            throw EvaluationError.damaged(path: path, reason: "\(bytes.count) bytes are no whole number of \(record)")
        }
        for index in 0..<bytes.count / record {
            let start = index * record
            let label = try checked(Int(bytes[start + labels - 1]), path, index)
            var pixels = [UInt8](repeating: 0, count: 3 * plane)
            for place in 0..<plane {
                for color in 0..<3 { pixels[3 * place + color] = bytes[start + labels + color * plane + place] }
            }
            try body(sample(path, index, pixels, side: 32, label))
        }
    }

    private func readSTL(_ path: String, labels: String, _ body: (EvaluationSample) throws -> Void) throws {
        let (side, plane) = (96, 96 * 96)
        let bytes = try PackedFile.bytes(path, limit: Self.mostBytes)
        let answers = try PackedFile.bytes(labels, limit: 1 << 24)
        guard !bytes.isEmpty, bytes.count == answers.count * 3 * plane else {
            throw EvaluationError.damaged(
                path: path,
                reason: "\(bytes.count) bytes where \(answers.count) labels need \(answers.count * 3 * plane)")
        }
        for index in answers.indices {
            let label = try checked(Int(answers[index]) - 1, labels, index)
            var pixels = [UInt8](repeating: 0, count: 3 * plane)
            for column in 0..<side {
                for row in 0..<side {
                    for color in 0..<3 {
                        pixels[3 * (row * side + column) + color] =
                            bytes[(index * 3 + color) * plane + column * side + row]
                    }
                }
            }
            try body(sample(path, index, pixels, side: side, label))
        }
    }

    private func checked(_ label: Int, _ path: String, _ row: Int) throws -> Int {
        guard classNames.indices.contains(label) else {
            throw EvaluationError.labelOutOfRange(name: path, row: row, label: label, classCount: classNames.count)
        }
        return label
    }

    private func sample(
        _ path: String, _ index: Int, _ pixels: [UInt8], side: Int, _ label: Int
    ) throws -> EvaluationSample {
        let key = "\(URL(fileURLWithPath: path).lastPathComponent): \(index)"
        let picture = try Picture(width: side, height: side, pixels: pixels, name: key)
        return EvaluationSample(key: key, content: .picture(picture), classes: [label])
    }
}

import Foundation
import Imaging

/// MNIST's files and those like it: `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, also compressed with gzip.
///
/// IDX: two zero bytes, the type (8: bytes), the number of dimensions, each dimension as a big-endian 32-bit number, then the
/// values. Pictures have one gray value a pixel.
struct IDXPictures: EvaluationSource {
    let classNames: [String]
    let files: [String]
    private let pictures: String
    private let labels: String

    /// What the files' names begin with.
    private static let stems = ["train": "train", "test": "t10k"]
    /// More than ImageNet's training set in this layout.
    private static let mostBytes = 1 << 31

    /// The files of a split in a folder, or in its folder `raw`, as torchvision lays them; nil where there are none.
    /// - Parameter split: `train` or `test`.
    /// - Throws: ``EvaluationError`` where there are files of another split, or no labels.
    init?(folder: String, split: String) throws {
        func file(_ stem: String, _ part: String, _ type: String) -> String? {
            [folder, "\(folder)/raw"].flatMap { place in
                ["", ".gz"].flatMap { end in ["-", "."].map { "\(place)/\(stem)-\(part)\($0)\(type)-ubyte\(end)" } }
            }
            .first(where: PackedFile.exists)
        }
        let there = Self.stems.compactMapValues { file($0, "images", "idx3") }
        guard !there.isEmpty else { return nil }
        guard let pictures = there[split], let stem = Self.stems[split] else {
            throw EvaluationError.emptySplit(path: folder, split: split, others: there.keys.sorted())
        }
        guard let labels = file(stem, "labels", "idx1") else {
            throw EvaluationError.damaged(path: pictures, reason: "\(stem)-labels-idx1-ubyte is not beside it")
        }
        (self.pictures, self.labels) = (pictures, labels)
        (files, classNames) = ([pictures, labels], try Self.names(folder))
    }

    /// The files hold no names: a list beside them does, or the folder's own name tells.
    private static func names(_ folder: String) throws -> [String] {
        let list = "\(folder)/\(ShardFolder.classFile)"
        if PackedFile.exists(list) { return try PackedFile.names(list) }
        let name = URL(fileURLWithPath: folder).pathComponents.last { $0 != "raw" } ?? ""
        return name.lowercased().contains("fashion") ? KnownSets.fashion : KnownSets.digits
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        let values = try Self.read(pictures, dimensions: 3)
        let labels = try Self.read(labels, dimensions: 1)
        let (count, height, width) = (values.shape[0], values.shape[1], values.shape[2])
        guard labels.shape[0] == count else {
            throw EvaluationError.damaged(path: self.labels, reason: "\(labels.shape[0]) labels for \(count) pictures")
        }
        let size = height * width
        for index in 0..<count {
            let label = Int(labels.bytes[labels.start + index])
            guard classNames.indices.contains(label) else {
                throw EvaluationError.labelOutOfRange(
                    name: self.labels, row: index, label: label, classCount: classNames.count)
            }
            var pixels = [UInt8](repeating: 0, count: 3 * size)
            for place in 0..<size {
                let value = values.bytes[values.start + index * size + place]
                for color in 0..<3 { pixels[3 * place + color] = value }
            }
            let picture = try Picture(width: width, height: height, pixels: pixels, name: "\(pictures): \(index)")
            try body(EvaluationSample(key: "\(index)", content: .picture(picture), classes: [label]))
        }
    }

    private static func read(
        _ path: String, dimensions: Int
    ) throws -> (bytes: [UInt8], start: Int, shape: [Int]) {
        let bytes = try PackedFile.bytes(path, limit: mostBytes)
        let start = 4 + 4 * dimensions
        guard bytes.count >= start, bytes[0] == 0, bytes[1] == 0, bytes[2] == 8, Int(bytes[3]) == dimensions else {
            throw EvaluationError.damaged(
                path: path, reason: "it does not begin as an IDX file of bytes in \(dimensions) dimensions")
        }
        let shape = (0..<dimensions).map { index in
            bytes[4 + 4 * index..<8 + 4 * index].reduce(0) { $0 << 8 | Int($1) }
        }
        var count = 1
        for side in shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: side)
            guard side > 0, !overflows, product <= mostBytes else {
                throw EvaluationError.damaged(path: path, reason: "its dimensions are \(shape)")
            }
            count = product
        }
        guard bytes.count - start == count else {
            throw EvaluationError.damaged(
                path: path, reason: "\(bytes.count - start) bytes of values where \(shape) make \(count)")
        }
        return (bytes, start, shape)
    }
}

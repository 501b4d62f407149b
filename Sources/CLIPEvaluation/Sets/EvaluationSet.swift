import CLIPData
import Checksums
import Files
import Foundation

/// Pictures with classes or captions to measure a model on, found in whatever layout they lie.
public struct EvaluationSet: Sendable {
    /// How a set is looked for.
    public struct Options: Sendable {
        /// `test`, `train` or `val`, of sets that have several.
        public var split = "test"
        /// Where the pictures of a list lie; nil to look beside it.
        public var images: String?
        /// The language of captions, of sets that have several; nil for the main one.
        public var captionLanguage: String?
        /// A table's columns.
        public var table = TableOptions()
        /// The table's column of classes, where it has one.
        public var labelColumn = "label"
        /// Frames of a video clip whose vectors are averaged.
        public var framesPerClip = 8

        public init() {}
    }

    /// What messages and reports call it.
    public let name: String
    /// What its classes are called; none where it has captions alone.
    public let classNames: [String]
    /// Sentences that its pictures are asked about with, with `{}`; none where it has none of its own.
    public let templates: [String]
    /// Tells what is measured: another file, another size or time of change, another order gives another.
    public let fingerprint: String
    package let source: any EvaluationSource

    /// Names that stand for a set.
    public static let knownNames = ["fashion-mnist"]

    /// - Parameters:
    ///   - specification: a path, shards as `PairSource` names them, or one of ``knownNames``.
    ///   - onSkip: told of pairs that are left out.
    /// - Throws: ``EvaluationError``, `CLIPDataError`.
    public init(
        _ specification: String, _ options: Options = Options(),
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }
    ) throws {
        let isKnown = Self.knownNames.contains(specification)
        let path = isKnown ? KnownSets.fashionMNIST : specification
        if isKnown, !PackedFile.exists(path) { throw EvaluationError.missingPackage("dataset-fashion-mnist") }
        let source = try Self.find(path, options, onSkip)
        self.source = source
        name = isKnown ? specification : URL(fileURLWithPath: specification).lastPathComponent
        classNames = source.classNames
        templates = source.templates.map { $0.replacing("{c}", with: "{}") }
        fingerprint = try Self.fingerprint(source, options)
    }

    init(
        name: String, classNames: [String], templates: [String], fingerprint: String, source: any EvaluationSource
    ) {
        (self.name, self.classNames, self.templates) = (name, classNames, templates)
        (self.fingerprint, self.source) = (fingerprint, source)
    }

    private static func find(
        _ path: String, _ options: Options, _ onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws -> any EvaluationSource {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return try PairsSet(
                PairSource(path, table: options.table), language: options.captionLanguage, onSkip: onSkip)
        }
        return isFolder.boolValue ? try folder(path, options, onSkip) : try file(path, options, onSkip)
    }

    private static func folder(
        _ path: String, _ options: Options, _ onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws -> any EvaluationSource {
        if let set = try IDXPictures(folder: path, split: options.split) { return set }
        if let set = try BinaryPictures(folder: path, split: options.split) { return set }
        if let found = try ShardFolder(path, split: options.split) {
            guard found.isForTraining else { return try ShardSet(found) }
            return try PairsSet(
                PairSource(found.shards.joined(separator: "::")), language: options.captionLanguage, onSkip: onSkip)
        }
        if let set = try ListedPictures(voc: path, split: options.split) { return set }
        let (folder, names) = try SplitFolders.find(path, split: options.split)
        if let set = try VideoClips(folder: folder, classNames: names, frames: options.framesPerClip) { return set }
        return try PairsSet(
            PairSource(folder), classNames: names, language: options.captionLanguage, onSkip: onSkip)
    }

    private static func file(
        _ path: String, _ options: Options, _ onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws -> any EvaluationSource {
        if let set = try CaptionFile(path: path, images: options.images, split: options.split) { return set }
        if path.hasSuffix(".txt") {
            let list = URL(fileURLWithPath: path).deletingLastPathComponent()
                .appendingPathComponent(ShardFolder.classFile).path
            let names = PackedFile.exists(list) ? try PackedFile.names(list) : nil
            if let set = try ListedPictures(list: path, images: options.images, classNames: names) { return set }
        }
        var table = options.table
        table.captionColumn = options.labelColumn
        if let labelled = try? PairSource(path, table: table), labelled.kind == .table {
            return try PairsSet(labelled, captionsAreLabels: true, onSkip: onSkip)
        }
        return try PairsSet(
            PairSource(path, table: options.table), language: options.captionLanguage, onSkip: onSkip)
    }

    private static func fingerprint(_ source: any EvaluationSource, _ options: Options) throws -> String {
        var hash = ContentHash()
        for fact in source.classNames + source.templates { hash.update(fact) }
        hash.update(source.digest)
        hash.update("\(type(of: source)) \(options.split) \(options.captionLanguage ?? "") \(options.framesPerClip)")
        for path in source.files {
            hash.update(path)
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { continue }
            let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            hash.update("\(attributes[.size] as? Int ?? 0) \(changed)")
        }
        return hash.hexadecimal()
    }
}

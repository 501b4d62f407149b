import CLIPData
import Checksums
import Foundation

/// Whatever training reads, to measure on: shards, a table, pictures with captions beside them, or class folders. Classes are
/// the categories that the pairs name, or a table's labels.
struct PairsSet: EvaluationSource {
    let classNames: [String]
    let files: [String]
    let digest: String
    private let source: PairSource
    private let language: String?
    private let captionsAreLabels: Bool
    private let onSkip: @Sendable (SkippedSample) -> Void

    /// - Parameters:
    ///   - classNames: of class folders, the classes of all splits; nil for those that are there.
    ///   - language: the tag of the captions' language; nil for the main one. In another language these are the pairs that
    ///     people called something in it.
    ///   - captionsAreLabels: of a table whose column of captions holds classes.
    ///   - onSkip: told of what is left out.
    /// - Throws: `CLIPDataError`.
    init(
        _ source: PairSource, classNames: [String]? = nil, language: String? = nil, captionsAreLabels: Bool = false,
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }
    ) throws {
        (self.source, self.language, self.onSkip) = (source, language, onSkip)
        self.captionsAreLabels = captionsAreLabels
        if let names = source.classNames {
            self.classNames = classNames ?? names
            (files, digest) = (source.filePaths, "")
            return
        }
        var names: Set<String> = []
        var pictures: [String] = []
        // Captions may lie in files of their own, and a table's pictures are files of their own.
        var hash = ContentHash()
        // Reading tells of what is left out.
        let untold: @Sendable (SkippedSample) -> Void = { _ in }
        try Self.pairs(source, onSkip: untold) { pair in
            if let name = captionsAreLabels ? pair.caption : pair.category { names.insert(name) }
            if source.kind == .table, case .file(let path) = pair.image { pictures.append(path) }
            let captions = [pair.caption] + pair.alternatives + [pair.category ?? ""]
            for text in captions + (language.flatMap { pair.otherLanguages[$0]?.captions } ?? []) { hash.update(text) }
        }
        self.classNames = names.sorted()
        (files, digest) = (source.filePaths + pictures, hash.hexadecimal())
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        let places = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
        try Self.pairs(source, onSkip: onSkip) { pair in
            let captions: [String]
            let category = captionsAreLabels ? pair.caption : pair.category
            if captionsAreLabels {
                captions = []
            } else if let language {
                guard let said = pair.otherLanguages[language]?.captions, !said.isEmpty else { return }
                captions = said
            } else {
                captions = source.classNames == nil ? [pair.caption] + pair.alternatives : []
            }
            let content: EvaluationSample.Content =
                switch pair.image {
                case .file(let path): .file(path)
                case .bytes(let data): .bytes(data)
                }
            try body(
                EvaluationSample(
                    key: pair.location, content: content,
                    classes: category.flatMap { places[$0] }.map { [$0] } ?? [], captions: captions))
        }
    }

    private static func pairs(
        _ source: PairSource, onSkip: @escaping @Sendable (SkippedSample) -> Void, body: (PairSample) throws -> Void
    ) throws {
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 64, threads: 1), onSkip: onSkip
        ) { sample, _ in sample }
        defer { loader.cancel() }
        while let batch = try loader.next() { for pair in batch.content { try body(pair) } }
    }
}

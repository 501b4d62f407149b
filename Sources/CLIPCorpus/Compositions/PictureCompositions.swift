import CLIPData
import Files
import Foundation
import Imaging

/// Pictures put together from those of a corpus, with captions in English and Chinese to match: how many of a thing, which
/// of two is where, on what color. They teach a model what captions of single things do not say.
public struct PictureCompositions: Sendable {
    /// What is read and written.
    public struct Options: Sendable {
        /// Shards to train on, as `PairSource` names them: pictures whose caption is one noun are taken from them.
        public var pairs = ""
        /// Shards whose captions no picture is to have; nil for none.
        public var heldOut: String?
        /// A Chinese-English dictionary in CC-CEDICT's format, also compressed with gzip.
        public var dictionary = ""
        /// Where packages install their data (WordNet's).
        public var root = "/usr/share"
        /// Pictures to make.
        public var count = 2000
        /// Pixels of their sides.
        public var pictureSize = 224
        /// Pairs in one shard.
        public var pairsPerShard = 1000
        /// How pictures are stored.
        public var encoding = PictureEncoding.jpeg(quality: 92)
        /// Chooses things, places and colors.
        public var seed: UInt64 = 0

        public init() {}
    }

    /// What was written.
    public struct Summary: Sendable, Codable, Equatable {
        /// Pictures of one noun that were found.
        public let things: Int
        /// Different nouns among them.
        public let nouns: Int
        /// Pictures made, by kind.
        public let kinds: [String: Int]
        /// The shards' names.
        public let shards: [String]
    }

    private static let largestPicture = 1 << 24
    /// More than these would be kept in memory for nothing.
    private static let mostThings = 50_000
    private static let partName = "compositions"
    /// Draws of one picture, after which what is held out leaves nothing to say.
    private static let mostAttempts = 1000

    private let options: Options

    /// - Throws: ``CorpusError/invalidOption(name:reason:)``.
    public init(_ options: Options) throws {
        let bounds = [
            ("count", options.count, 1...1_000_000), ("pictureSize", options.pictureSize, 32...4096),
            ("pairsPerShard", options.pairsPerShard, 1...1_000_000),
        ]
        for (name, value, range) in bounds where !range.contains(value) {
            throw CorpusError.invalidOption(name: name, reason: "\(value) is not in \(range)")
        }
        self.options = options
    }

    /// A picture as it is stored, and the noun that it is called.
    private struct Found {
        let noun: PhraseNoun
        let data: Data
        let record: CorpusRecord
    }

    /// Writes `compositions-0000.tar`, ... into `directory`, which is made if need be, and removes those of an earlier
    /// build. The same shards and options give the same bytes.
    /// - Throws: ``CorpusError``, `CLIPDataError`, `ImagingError`.
    public func build(to directory: String, progress: (_ done: Int) -> Void = { _ in }) throws -> Summary {
        let found = try things()
        let heldOut = try options.heldOut.map(Self.captions) ?? []
        guard Set(found.map(\.noun.text)).count > 1 else { throw CorpusError.nothingKept }
        do throws(FileFault) { try Folder.make(directory) } catch { throw CLIPDataError.file(error) }
        var generator = SplitMix64(seed: SplitMix64.seed(options.seed, 0x636F_6D70_6F73))
        var kinds: [String: Int] = [:]
        var shards: [String] = []
        for start in stride(from: 0, to: options.count, by: options.pairsPerShard) {
            let name = CorpusWriter.shardName(Self.partName, shards.count)
            let writer = try ShardWriter(path: "\(directory)/\(name)")
            for number in start..<min(options.count, start + options.pairsPerShard) {
                let kind = Composition.allCases[number % Composition.allCases.count]
                try append(kind, of: found, besides: heldOut, number: number, to: writer, using: &generator)
                kinds["\(kind)", default: 0] += 1
                if number % 50 == 0 { progress(number) }
            }
            try writer.finish()
            shards.append(name)
        }
        CorpusWriter.removeStale(prefix: Self.partName, besides: shards, in: directory)
        return Summary(
            things: found.count, nouns: Set(found.map(\.noun.text)).count, kinds: kinds, shards: shards)
    }

    private func append(
        _ kind: Composition, of found: [Found], besides heldOut: Set<String>, number: Int, to writer: ShardWriter,
        using generator: inout SplitMix64
    ) throws {
        func thing(_ found: Found) throws -> Composition.Thing {
            let decoded = try Picture.decode(found.data, name: found.record.source)
            return .init(noun: found.noun, picture: try decoded.resizedForStorage(shortestSide: options.pictureSize))
        }
        for _ in 0..<Self.mostAttempts {
            let first = found[Int.random(in: 0..<found.count, using: &generator)]
            let second = found[Int.random(in: 0..<found.count, using: &generator)]
            if kind.hasOther, first.noun.text == second.noun.text { continue }
            let scene = try kind.scene(thing(first), thing(second), size: options.pictureSize, using: &generator)
            let said = scene.lines.flatMap { [$0.text] + $0.translations }.map(CaptionWords.normalized)
            guard heldOut.isDisjoint(with: said) else { continue }
            let record = record(
                scene, of: kind.hasOther ? [first.record, second.record] : [first.record], kind, number)
            return try CorpusWriter.append(
                record, picture: scene.picture.encoded(as: options.encoding), options.encoding, to: writer)
        }
        throw CorpusError.nothingKept
    }

    private func record(
        _ scene: Composition.Scene, of things: [CorpusRecord], _ kind: Composition, _ number: Int
    ) -> CorpusRecord {
        // Simplified, and traditional where it is written otherwise.
        let translations = zip(["zh", "zh-Hant"], scene.lines[0].translations.map { [$0] })
        return CorpusRecord(
            key: "\(Self.partName)\(CorpusWriter.padded(number, 9))", caption: scene.lines[0].text,
            captions: scene.lines.map(\.text), keywords: [], captionsByLanguage: [:], keywordsByLanguage: [:],
            glossesByLanguage: Dictionary(uniqueKeysWithValues: Array(translations)), keywordGlossesByLanguage: [:],
            category: nil, folder: "\(kind)", source: things.map(\.source).joined(separator: " + "),
            license: Set(things.map(\.license)).sorted().joined(separator: " AND "), width: scene.picture.width,
            height: scene.picture.height)
    }

    /// What the pairs of shards are called, as captions are compared.
    private static func captions(_ shards: String) throws -> Set<String> {
        let records = try PairTexts.records(shards)
        let captions = records.flatMap { record in
            record.captions + ["zh", "zh-Hant"].compactMap { record.captionsByLanguage[$0] }
        }
        return Set(captions.map(CaptionWords.normalized))
    }

    /// The pictures of which the caption is one noun that can be counted and that a common Chinese word translates.
    private func things() throws -> [Found] {
        let missing = WordNet.missing(root: options.root)
        guard missing.isEmpty else { throw CorpusError.missingPackages(missing) }
        let common = PairTexts.chineseWords(try PairTexts.records(options.pairs))
        let dictionary = try ChineseDictionary(
            ChineseDictionary.contents(options.dictionary), path: options.dictionary, common: common)
        let nouns = Phrases.nouns(of: try WordNet(root: options.root).lemmas, dictionary)
            .filter { !$0.isMass && !$0.looksPlural }
        let byText = Dictionary(nouns.map { ($0.text, $0) }) { first, _ in first }
        var found: [Found] = []
        for path in try PairSource(options.pairs, kind: .shards).shardPaths {
            let reader = try ShardReader(path: path, maximumEntryBytes: Self.largestPicture)
            while let sample = try reader.next() {
                guard let json = sample.files.first(where: { $0.fileExtension == "json" }),
                    let record = try? JSONDecoder().decode(CorpusRecord.self, from: json.data),
                    let noun = byText[CaptionWords.normalized(record.caption)], found.count < Self.mostThings,
                    let picture = sample.files.first(where: { ["jpg", "png", "webp"].contains($0.fileExtension) })
                else { continue }
                found.append(Found(noun: noun, data: picture.data, record: record))
            }
        }
        return found
    }
}

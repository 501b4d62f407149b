import CLIPData
import Files
import Foundation

/// What the pairs of a corpus say, and the names of classes.
enum PairTexts {
    /// A longer record is none of a corpus.
    private static let longestRecord = 1 << 22
    static let mostNames = 200_000

    /// All records of shards.
    /// - Throws: `CLIPDataError`, ``CorpusError/damagedLine(path:line:reason:)`` with the record's number.
    static func records(_ specification: String) throws -> [CorpusRecord] {
        let source = try PairSource(specification, kind: .shards)
        var records: [CorpusRecord] = []
        for path in source.shardPaths {
            let reader = try ShardReader(path: path, maximumEntryBytes: longestRecord) { $0 == "json" || $0 == "txt" }
            var number = 0
            while let sample = try reader.next() {
                number += 1
                guard let file = sample.files.first(where: { $0.fileExtension == "json" }) else {
                    let caption = sample.files.first { $0.fileExtension == "txt" }
                    if let text = caption.flatMap({ LessonTable.cleaned(String(decoding: $0.data, as: UTF8.self)) }) {
                        records.append(CorpusRecord(key: sample.key, caption: text))
                    }
                    continue
                }
                do {
                    records.append(try JSONDecoder().decode(CorpusRecord.self, from: file.data))
                } catch {
                    throw CorpusError.damagedLine(
                        path: path, line: number, reason: "the pair \(sample.key)'s .json is no record of a corpus")
                }
            }
        }
        return records
    }

    /// Chinese words that people use of pictures.
    static func chineseWords(_ records: [CorpusRecord]) -> Set<String> {
        var words: Set<String> = []
        for record in records {
            if let caption = record.captionsByLanguage["zh"] { words.insert(caption) }
            words.formUnion(record.keywordsByLanguage["zh"] ?? [])
        }
        return words
    }

    static func add(_ records: [CorpusRecord], to table: inout LessonTable, _ headwords: ChineseHeadwords) {
        let tags = ["zh", "zh-Hant"]
        for record in records {
            let written = tags.compactMap { record.captionsByLanguage[$0] }
            let glosses = tags.flatMap { record.glossesByLanguage[$0] ?? [] }
            table.add(record.caption, written.isEmpty ? glosses : written, from: .captions)
            for caption in record.captions.dropFirst() { table.add(caption, from: .captions) }
            let known = Set(tags.flatMap { record.keywordsByLanguage[$0] ?? [] })
            for keyword in record.keywords {
                let words = headwords.words(for: keyword)
                // What people say of this picture, of the words that mean it; else what is common.
                let said = words.filter { known.contains($0.simplified) || known.contains($0.traditional) }
                let chosen = said.isEmpty ? words.prefix(2) : said[...]
                table.add(keyword, ChineseHeadwords.texts(Array(chosen)), from: .captions)
            }
        }
    }

    /// A list of classes, one on a line.
    /// - Throws: ``CorpusError/file(_:)``, ``CorpusError/damagedFile(path:reason:)``,
    ///   ``CorpusError/damagedLine(path:line:reason:)``.
    static func names(_ path: String) throws -> [String] {
        let bytes = try CorpusFiles.contents(path, limit: 1 << 24)
        let text: String
        do throws(PlainText.Fault) { text = try PlainText.string(Data(bytes)) } catch {
            throw CorpusError.damagedFile(path: path, reason: "\(error)")
        }
        var names: [String] = []
        for (number, line) in PlainText.lines(text).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            guard !line.contains("\t"), let name = LessonTable.cleaned(String(line)) else {
                throw CorpusError.damagedLine(
                    path: path, line: number + 1,
                    reason: "a name has no tab and at most \(LessonTable.longestText) letters")
            }
            guard names.count < mostNames else {
                throw CorpusError.damagedLine(path: path, line: number + 1, reason: "more than \(mostNames) names")
            }
            names.append(name)
        }
        return names
    }
}

extension CorpusRecord {
    /// A pair of which only the caption is known.
    init(key: String, caption: String) {
        self.init(
            key: key, caption: caption, captions: [caption], keywords: [], captionsByLanguage: [:],
            keywordsByLanguage: [:], glossesByLanguage: [:], keywordGlossesByLanguage: [:], category: nil, folder: "",
            source: "", license: "", width: 0, height: 0)
    }
}

import CLIPData
import Files
import Foundation
import Imaging

/// Writes the entries of a corpus, shuffled, as shards.
struct CorpusWriter {
    let options: PictureCorpus.Options
    let directory: String

    /// - Parameters:
    ///   - parts: Of every entry; none for those left out.
    ///   - dictionary: For glosses.
    func write(
        _ entries: [PictureCorpus.Entry], parts: [Set<CorpusPart>], dictionary: ChineseDictionary?,
        into summary: inout CorpusSummary, progress: (CorpusProgress) -> Void
    ) throws {
        do throws(FileFault) { try Folder.make(directory) } catch { throw CLIPDataError.file(error) }
        var order = Array(entries.indices)
        var random = SplitMix64(seed: SplitMix64.seed(options.seed, 0x636F_7270_7573))
        random.shuffle(&order)
        let keys = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, Self.padded($0, 9)) })
        let texts = CorpusTexts(entries, parts: parts, dictionary: dictionary)
        let total = parts.reduce(0) { $0 + $1.count }
        var done = 0
        for index in summary.parts.indices {
            let part = summary.parts[index].name
            let members = order.filter { parts[$0].contains(part) }
            for start in stride(from: 0, to: members.count, by: options.pairsPerShard) {
                let name = Self.shardName(part.rawValue, summary.parts[index].shards.count)
                let writer = try ShardWriter(path: "\(directory)/\(name)")
                for member in members[start..<min(start + options.pairsPerShard, members.count)] {
                    let record = texts.record(member, key: keys[member] ?? "")
                    try Self.append(record, picture: entries[member].picture.data, options.encoding, to: writer)
                    summary.count(record, source: entries[member].candidate.source, part: index)
                    done += 1
                }
                try writer.finish()
                summary.bytes += writer.byteCount
                summary.parts[index].shards.append(name)
                progress(CorpusProgress(stage: .writing, done: done, total: total))
            }
            summary.parts[index].distinctCaptions = Set(members.map { entries[$0].normalized }).count
            Self.removeStale(prefix: part.rawValue, besides: summary.parts[index].shards, in: directory)
        }
        let written = entries.indices.filter { !parts[$0].isEmpty }
        for member in written {
            summary.sources[entries[member].candidate.source].kept += 1
            summary.categories[entries[member].candidate.category ?? "(none)", default: 0] += 1
        }
        summary.distinctCaptions = Set(written.map { entries[$0].normalized }).count
    }

    /// Appends a pair: `KEY.jpg`, `KEY.txt` (the caption) and `KEY.json`.
    static func append(
        _ record: CorpusRecord, picture: Data, _ encoding: PictureEncoding, to writer: ShardWriter
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try writer.append(
            key: record.key,
            files: [
                (encoding.fileExtension, picture), ("txt", Data(record.caption.utf8)),
                ("json", try encoder.encode(record)),
            ])
    }

    /// Removes shards that an earlier, larger build left behind: they would be read along with the new ones.
    static func removeStale(prefix: String, besides names: [String], in directory: String) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for file in files where !names.contains(file) {
            let digits = file.dropFirst(prefix.count + 1).dropLast(4)
            guard file.hasPrefix(prefix + "-"), file.hasSuffix(".tar"), digits.count == 4, digits.allSatisfy(\.isNumber)
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(directory)/\(file)")
        }
    }

    static func shardName(_ part: String, _ number: Int) -> String { "\(part)-\(padded(number, 4)).tar" }

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension CorpusSummary {
    fileprivate mutating func count(_ record: CorpusRecord, source: Int, part: Int) {
        parts[part].pairs += 1
        parts[part].sources[sources[source].name, default: 0] += 1
        if record.captionsByLanguage["zh"] != nil {
            parts[part].chineseCaptions += 1
        } else if record.glossesByLanguage["zh"] != nil {
            parts[part].chineseGlosses += 1
        }
    }
}

import CLIPData
import Files
import Foundation
import Imaging

/// What stands in a corpus entry's `.json`.
public struct CorpusRecord: Codable, Sendable, Equatable {
    /// The entry's name in its shard, without an ending.
    public let key: String
    /// The main caption, in English, as in the entry's `.txt`.
    public let caption: String
    /// All whole English captions, the main one first.
    public let captions: [String]
    /// Single words and short phrases about the picture. Entries on both sides of the split may share them.
    public let keywords: [String]
    /// Captions by language tag: `zh`, `zh-Hant`, `pt-BR`.
    public let captionsByLanguage: [String: String]
    /// What the picture is of, in a word that all sources share; absent where the source does not say.
    public let category: String?
    /// The folder or group inside the source.
    public let folder: String
    /// Package and path: `openclipart-png:animals/bat.png`.
    public let source: String
    /// What the package says of this picture: `public domain`, or an SPDX identifier.
    public let license: String
    /// Pixels, as stored.
    public let width: Int
    /// Pixels, as stored.
    public let height: Int

    enum CodingKeys: String, CodingKey {
        case key, caption, captions, keywords, category, folder, source, license, width, height
        case captionsByLanguage = "captions_by_language"
    }
}

/// Writes the entries of a corpus, shuffled, as shards.
struct CorpusWriter {
    let options: PictureCorpus.Options
    let directory: String

    func write(
        _ entries: [PictureCorpus.Entry], heldOut: [Bool], into summary: inout CorpusSummary,
        progress: (CorpusProgress) -> Void
    ) throws {
        do throws(FileFault) { try Folder.make(directory) } catch { throw CLIPDataError.file(error) }
        var order = Array(entries.indices)
        var random = SplitMix64(seed: SplitMix64.seed(options.seed, 0x636F_7270_7573))
        random.shuffle(&order)
        let keys = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, Self.padded($0, 9)) })
        // A keyword that is a held-out picture's caption would let training see that caption after all.
        let unseen = Set(entries.indices.filter { heldOut[$0] }.flatMap { entries[$0].allCaptions })
        var done = 0
        for (isHeldOut, prefix) in [(false, "train"), (true, "val")] {
            let members = order.filter { heldOut[$0] == isHeldOut }
            var names: [String] = []
            for start in stride(from: 0, to: members.count, by: options.pairsPerShard) {
                let name = "\(prefix)-\(Self.padded(names.count, 4)).tar"
                let writer = try ShardWriter(path: "\(directory)/\(name)")
                for index in members[start..<min(start + options.pairsPerShard, members.count)] {
                    let banned = isHeldOut ? [] : unseen
                    try append(entries[index], key: keys[index] ?? "", without: banned, to: writer)
                    summary.count(entries[index].candidate)
                    done += 1
                }
                try writer.finish()
                summary.bytes += writer.byteCount
                names.append(name)
                progress(CorpusProgress(stage: .writing, done: done, total: entries.count))
            }
            removeStale(prefix: prefix, besides: names)
            if isHeldOut {
                (summary.heldOutPairs, summary.heldOutShards) = (members.count, names)
            } else {
                (summary.trainingPairs, summary.trainingShards) = (members.count, names)
            }
        }
        summary.distinctCaptions = Set(entries.map(\.normalized)).count
    }

    private func append(
        _ entry: PictureCorpus.Entry, key: String, without banned: Set<String>, to writer: ShardWriter
    ) throws {
        let candidate = entry.candidate
        var captions = [candidate.caption]
        for caption in candidate.alternatives where !captions.contains(caption) { captions.append(caption) }
        let record = CorpusRecord(
            key: key, caption: candidate.caption, captions: captions,
            keywords: candidate.keywords.filter { !banned.contains(CaptionWords.normalized($0)) },
            captionsByLanguage: candidate.byLanguage, category: candidate.category, folder: candidate.folder,
            source: candidate.place, license: candidate.license, width: entry.picture.width,
            height: entry.picture.height)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try writer.append(
            key: key,
            files: [
                (options.encoding.fileExtension, entry.picture.data), ("txt", Data(candidate.caption.utf8)),
                ("json", try encoder.encode(record)),
            ])
    }

    /// Removes shards that an earlier, larger build left behind: they would be read along with the new ones.
    private func removeStale(prefix: String, besides names: [String]) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for file in files where !names.contains(file) {
            let digits = file.dropFirst(prefix.count + 1).dropLast(4)
            guard file.hasPrefix(prefix + "-"), file.hasSuffix(".tar"), digits.count == 4, digits.allSatisfy(\.isNumber)
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(directory)/\(file)")
        }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension CorpusSummary {
    fileprivate mutating func count(_ candidate: CorpusCandidate) {
        sources[candidate.source].kept += 1
        categories[candidate.category ?? "(none)", default: 0] += 1
    }
}

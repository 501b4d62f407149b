import ArgumentParser
import CLIP
import CLIPEvaluation
import Foundation

struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "List or clear the embeddings that are kept of data sets and class names.",
        discussion: """
            Example: clip cache list
                     clip cache clear --older-than 30

            Evaluations keep those of pictures and texts; classify, rank, page and serve those of labels and captions. They \
            lie in CLIP_CACHE, or swift-clip/embeddings in the user's folder of caches; the least recently used ones \
            are removed where all are more than CLIP_CACHE_GIB (10).
            """,
        subcommands: [CacheListCommand.self, CacheClearCommand.self], defaultSubcommand: CacheListCommand.self)

    struct Document: Encodable {
        let folder: String
        let limit: Int
        let bytes: Int
        let entries: [EmbeddingCache.Entry]

        init(_ cache: EmbeddingCache, _ entries: [EmbeddingCache.Entry]) {
            (folder, limit, self.entries) = (cache.folder, cache.limit, entries)
            bytes = entries.reduce(0) { $0 + $1.bytes }
        }

        func print(asJSON: Bool, _ verb: String) throws {
            if asJSON {
                try Console.printJSON(encoded: ResultCoding.encoder().encode(self))
            } else {
                for entry in entries {
                    try Console.answer(
                        "\(Table.rightAligned(Format.grouped(entry.bytes / 1024), to: 12)) KiB  \(entry.description)")
                }
                try Console.answer(
                    "\(folder): \(verb)\(entries.count) entries, \(Format.grouped(bytes / 1024)) KiB of "
                        + "\(Format.grouped(limit / 1024))")
            }
        }
    }
}

struct CacheListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what is kept, the most recently used first.",
        discussion: "Example: clip cache list --json")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let cache = try EmbeddingCache()
        try CacheCommand.Document(cache, cache.entries()).print(asJSON: output.json, "")
    }
}

struct CacheClearCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Remove what is kept.",
        discussion: "Example: clip cache clear --older-than 30")

    @Option(help: ArgumentHelp("Only what was not used for so many days.", valueName: "days"))
    var olderThan: Double?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let olderThan, !(olderThan >= 0 && olderThan < 1e6) {
            throw ValidationError("--older-than takes a number of days from 0.")
        }
    }

    func run() throws {
        let cache = try EmbeddingCache()
        let removed = try cache.clear(unusedSince: olderThan.map { Date(timeIntervalSinceNow: -$0 * 86_400) })
        try CacheCommand.Document(cache, removed).print(asJSON: output.json, "removed ")
    }
}

import ArgumentParser
import CLIP
import CLIPSearch
import CLIPServer
import Files
import Foundation
import Logging
import Torch

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer searches, embeddings and labels over HTTP, with a page to search by.",
        discussion: """
            Example: clip serve --index photos

            The page is at the address that is printed. Programs ask as they ask OpenAI's embeddings, clip-retrieval or \
            immich's machine learning; /openapi.json describes the rest. While it runs, "clip search" of its indexes \
            loads no model. Beside this machine nobody can ask, unless --host says so, and then only with a key.
            """)

    @OptionGroup var served: ServedOptions
    @OptionGroup var listening: ListeningOptions
    @OptionGroup var limits: ServerLimits
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var address: String
        var model: String
        var precision: InferencePrecision
        var indexes: [String]
    }

    func run() throws {
        var configuration = ServerConfiguration()
        try listening.apply(to: &configuration)
        limits.apply(to: &configuration)
        configuration.modelName = served.modelName
        configuration.cache = try cache.cache(shared.compute)
        let indexes = try served.open()
        let clip = try indexes.entries.first.map { try shared.load(orOf: $0.index.space) } ?? shared.load()
        let ownKey = RunningServer.newKey()
        let preprocessor = try? clip.preprocessor
        let server = try SearchServer(
            clip, indexes: indexes, configuration: configuration, decoding: pictures.decoding, ownKey: ownKey,
            logger: logger
        ) { bytes, name in
            guard let preprocessor else { throw CLIPError.noImageTower }
            return try Engine.inference {
                try pictures.prepare(.init(name: name, image: .bytes(bytes)), for: preprocessor)
            }
        }
        let record = Records(host: configuration.host, key: ownKey, indexes: indexes)
        defer { record.remove() }
        try Console.waiting {
            try await server.run { port in
                record.write(port)
                report(record.address(port), clip, indexes)
            }
        }
    }

    private var logger: Logger {
        var logger = Logger(label: "clip") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: limits.log.rawValue) ?? .warning
        return logger
    }

    private func report(_ address: String, _ clip: CLIPModel, _ indexes: ServedIndexes) {
        if shared.json {
            try? Console.printJSON(
                Document(
                    address: address, model: served.modelName ?? clip.name, precision: clip.precision,
                    indexes: indexes.entries.map(\.name)))
            return
        }
        try? Console.answer("\(clip.name) answers at \(address)")
        for entry in indexes.entries {
            let count = (try? entry.index.count).map { Format.grouped($0) } ?? "?"
            try? Console.answer("  \(entry.name): \(count) pictures, \(entry.index.location)")
        }
        if indexes.entries.isEmpty {
            try? Console.answer("  without an index; \"clip index add FOLDER\" makes one, which is then served too")
        }
        try? Console.answer("Open \(address)/ in a browser. Ctrl-C stops it.")
    }
}

/// The files beside indexes that say that a server runs.
private final class Records: @unchecked Sendable {
    private let host: String
    private let key: String
    private let indexes: ServedIndexes
    private let lock = NSLock()
    private var written: [(folder: String, server: RunningServer)] = []  // guarded by `lock`

    init(host: String, key: String, indexes: ServedIndexes) {
        self.host = host
        self.key = key
        self.indexes = indexes
    }

    /// One by which this machine reaches it.
    func address(_ port: Int) -> String {
        let name = ["0.0.0.0", "::", ""].contains(host) ? "127.0.0.1" : host
        return "http://\(name.contains(":") ? "[\(name)]" : name):\(port)"
    }

    func write(_ port: Int) {
        for entry in indexes.entries where entry.index is SearchIndex {
            let server = RunningServer(address: address(port), key: key, index: entry.name)
            // Without it searches load the model themselves.
            guard (try? server.write(in: entry.index.location)) != nil else { continue }
            lock.withLock { written.append((entry.index.location, server)) }
        }
    }

    func remove() { for (folder, server) in lock.withLock({ written }) { server.remove(in: folder) } }
}

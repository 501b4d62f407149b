import ArgumentParser
import CLIP
import CLIPSearch
import Files
import Foundation

/// Where an index lies.
struct IndexPlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The index's folder, or postgresql://user@host/database?schema=name (default: a folder in the user's data).",
            discussion: "A server's password belongs in ~/.pgpass or PGPASSWORD: others see arguments.",
            valueName: "folder|address"))
    var index: String?

    /// The one given, or the user's one index.
    private var location: IndexLocation { IndexLocation(index ?? Self.standard) }

    /// The index that is there.
    func open() throws -> any PictureIndex { try location.open(onNotice: Self.tell) }

    /// The index that is there, or a new one.
    func open(for space: EmbeddingSpace) throws -> any PictureIndex {
        try location.open(for: space, onNotice: Self.tell)
    }

    @Sendable private static func tell(_ notice: String) { Console.note("clip: note: \(notice)") }

    static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        #if canImport(Darwin)
        let data = NSHomeDirectory() + "/Library/Application Support"
        #else
        let given = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let data = given ?? NSHomeDirectory() + "/.local/share"
        #endif
        return data + "/swift-clip/index"
    }
}

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Keep an index of pictures, which \"clip search\" asks.",
        discussion: "Example: clip index add ~/Pictures",
        subcommands: [
            IndexAddCommand.self, IndexStatusCommand.self, IndexRemoveCommand.self, IndexCompactCommand.self,
            IndexExportCommand.self, IndexImportCommand.self,
        ])
}

struct IndexStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say what an index holds.",
        discussion: "Example: clip index status --index photos")

    @OptionGroup var place: IndexPlace
    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        var index: String
        var model: String
        var fingerprint: String
        var dimension: Int
        var pictures: Int
        var deleted: Int
        var bytes: Int
    }

    func run() throws {
        let index = try place.open()
        let status = try index.status()
        let document = Document(
            index: index.location, model: index.space.model, fingerprint: index.space.fingerprint,
            dimension: index.dimension, pictures: status.pictures, deleted: status.deleted, bytes: status.bytes)
        if output.json { return try Console.printJSON(document) }
        try Console.answer("\(document.index): \(Format.grouped(document.pictures)) pictures")
        try Console.answer("  model \(document.model), \(document.dimension) numbers a picture")
        try Console.answer(
            "  \(Format.grouped(document.bytes)) bytes, \(Format.grouped(document.deleted)) pictures to be forgotten by "
                + "\"clip index compact\"")
    }
}

struct IndexRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Forget pictures; their files stay.",
        discussion: "Example: clip index remove ~/Pictures/private")

    @Argument(help: ArgumentHelp("Pictures, or folders with all below them.", valueName: "path"))
    var paths: [String]

    @OptionGroup var place: IndexPlace
    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        var index: String
        var removed: Int
    }

    func run() throws {
        let index = try place.open()
        let removed = try index.remove(under: paths)
        if output.json { return try Console.printJSON(Document(index: index.location, removed: removed)) }
        try Console.answer("\(index.location): \(removed) pictures forgotten")
    }
}

struct IndexCompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Give back the room of what was forgotten.",
        discussion: "Example: clip index compact --index photos")

    @OptionGroup var place: IndexPlace
    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        var index: String
        var bytes: Int
    }

    func run() throws {
        let index = try place.open()
        try index.compact()
        let bytes = try index.status().bytes
        if output.json { return try Console.printJSON(Document(index: index.location, bytes: bytes)) }
        try Console.answer("\(index.location): \(Format.grouped(bytes)) bytes")
    }
}

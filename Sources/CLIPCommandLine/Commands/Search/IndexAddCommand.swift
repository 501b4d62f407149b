import ArgumentParser
import CLIP
import CLIPSearch
import Foundation

struct IndexAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add pictures to an index, or bring it up to what lies on the disk.",
        discussion: """
            Example: clip index add ~/Pictures

            Files of the same size and time of change as before are not opened; renamed ones keep their vectors. What was \
            done when it is stopped is kept, and the next time goes on from there. Files that cannot be read are named \
            and left out, and the exit code tells.
            """)

    @OptionGroup var images: PictureArguments

    @Flag(help: "Forget pictures below these folders whose files are gone.")
    var prune = false

    @OptionGroup var place: IndexPlace
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var model: String
        var index: String
        var pictures: Int
        var added: Int
        var renamed: Int
        var reused: Int
        var unchanged: Int
        var removed: Int
        var skipped: [SkippedPicture]
    }

    func run() throws {
        let list = try images.required()
        let clip = try shared.load()
        let index = try place.open(for: clip.space(normalized: true))
        var bad = BadPictures()
        let preprocessor = try clip.preprocessor
        var update = IndexUpdate(
            index, with: clip,
            read: { path in
                let (bytes, width, height) = try pictures.prepare(.init(file: path), for: preprocessor)
                return .init(bytes: bytes, width: width, height: height)
            },
            onEvent: { event in
                switch event {
                case .unreadable(let name, let error): bad.leftOut(name, error)
                case .progress(let done): Console.status(done, of: list, called: "files")
                }
            })
        let stop = StopFlag()
        try stop.during { try update.add(list) { stop.isSet } }
        if prune, !stop.isSet { try update.prune(images.images) }
        Console.endStatus()
        if stop.isSet { Console.note("clip: stopped; what was done is kept, and the same command goes on") }
        try report(update.summary, index, clip.name, bad.skipped)
        try bad.finish()
    }

    private func report(
        _ summary: IndexUpdate.Summary, _ index: any PictureIndex, _ model: String, _ skipped: [SkippedPicture]
    ) throws {
        if shared.json {
            return try Console.printJSON(
                Document(
                    model: model, index: index.location, pictures: index.count, added: summary.added,
                    renamed: summary.renamed, reused: summary.reused, unchanged: summary.unchanged,
                    removed: summary.removed, skipped: skipped))
        }
        var parts = ["\(summary.added) added", "\(summary.unchanged) unchanged"]
        if summary.renamed > 0 { parts.append("\(summary.renamed) renamed") }
        if summary.removed > 0 { parts.append("\(summary.removed) forgotten") }
        if !skipped.isEmpty { parts.append("\(skipped.count) could not be read") }
        try Console.answer(
            "\(index.location): \(Format.grouped(index.count)) pictures (\(parts.joined(separator: ", ")))")
    }
}

/// Set by Ctrl-C or SIGTERM while something runs that ends in good order then.
final class StopFlag: @unchecked Sendable {
    private let lock = NSLock()
    private var stopped = false  // guarded by `lock`

    var isSet: Bool { lock.withLock { stopped } }

    func during<R>(_ body: () throws -> R) rethrows -> R {
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in lock.withLock { stopped = true } }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        }
        return try body()
    }
}

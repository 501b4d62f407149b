import ArgumentParser
import CLIP
import CLIPData
import CLIPSearch
import Files
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

    @Flag(
        help:
            "Then follow what happens in the folders, until Ctrl-C or SIGTERM: new, changed, renamed and removed files."
    )
    var watch = false

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

    func validate() throws {
        if watch, images.imagesFile != nil || images.images.contains(where: { !Folder.exists($0) }) {
            throw ValidationError("--watch takes folders that are there, and nothing else.")
        }
    }

    func run() throws {
        // Before the first look, so that nothing happens unseen in between.
        let watching = watch ? try IndexWatch(images.images) : nil
        let list = try files(orNone: watch)
        let clip = try shared.load()
        let index = try place.open(for: clip.space(normalized: true))
        var bad = BadPictures()
        let preprocessor = try clip.preprocessor
        var update = IndexUpdate(
            index, with: clip,
            read: { path, contents in
                try pictures.prepare(.init(name: path, image: .bytes(contents)), for: preprocessor)
            },
            onEvent: { event in
                switch event {
                case .unreadable(let name, let error): bad.leftOut(name, error)
                case .progress(let done): Console.status(done, of: list, called: "files")
                }
            })
        let stop = StopRequest()
        let signals = StopSignals(stop) { _, _ in }
        try withExtendedLifetime(signals) {
            try update.add(list) { stop.isRequested }
            if prune || watch, !stop.isRequested { try update.prune(images.images) }
            Console.endStatus()
            if stop.isRequested {
                Console.note("clip: stopped; what was done is kept, and the same command goes on")
            } else {
                try watching.map { try follow($0, &update, stop) }
            }
        }
        try report(update.summary, index, clip.name, bad.skipped)
        try bad.finish()
    }

    /// - Parameter allowsNone: folders without pictures may get some.
    private func files(orNone allowsNone: Bool) throws -> PictureList {
        guard allowsNone, images.areNamed else { return try images.required() }
        return PictureList(
            joining: try images.images.map { folder in
                do {
                    return try PictureList([folder])
                } catch CLIPDataError.noPictures {
                    return try PictureList([])
                }
            })
    }

    private func follow(_ watching: IndexWatch, _ update: inout IndexUpdate, _ stop: StopRequest) throws {
        if !watching.isComplete {
            Console.note(
                "clip: the system does not tell of all these folders' changes; they are looked through now and then")
        }
        Console.note("clip: \(Self.words(update.summary)); watching for changes, until Ctrl-C")
        try watching.follow(
            &update, shouldStop: { stop.isRequested },
            onChange: { summary in
                Console.endStatus()
                Console.note("clip: \(Self.words(summary))")
            })
        Console.endStatus()
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
        let unread = skipped.isEmpty ? "" : ", \(skipped.count) could not be read"
        try Console.answer(
            "\(index.location): \(Format.grouped(index.count)) pictures (\(Self.words(summary))\(unread))")
    }

    private static func words(_ summary: IndexUpdate.Summary) -> String {
        var parts = ["\(summary.added) added", "\(summary.unchanged) unchanged"]
        if summary.renamed > 0 { parts.append("\(summary.renamed) renamed") }
        if summary.removed > 0 { parts.append("\(summary.removed) forgotten") }
        return parts.joined(separator: ", ")
    }
}

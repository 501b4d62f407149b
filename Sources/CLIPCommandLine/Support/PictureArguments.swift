import ArgumentParser
import CLIPData
import Files

/// Pictures, as every command that reads them takes them.
struct PictureArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Pictures: files, folders with all below them, patterns such as 'photos/*.jpg', tar shards; - for a list on "
                + "standard input.", valueName: "image"))
    var images: [String] = []

    @Option(help: ArgumentHelp("A file with one of those a line; - for standard input.", valueName: "file"))
    var imagesFile: String?

    /// Whether any are named.
    var areNamed: Bool { !images.isEmpty || imagesFile != nil }

    /// - Parameters:
    ///   - more: names given in another way, before these.
    ///   - sources: likewise, of which those that end in .txt are lists too.
    /// - Throws: `CLIPDataError` for a folder without pictures and for a pattern that matches nothing.
    func list(_ more: [String] = [], sources: [String] = []) throws -> PictureList {
        let lists = (sources + images + [imagesFile].compactMap { $0 }).filter { $0 == TextFile.standardInput }
        if lists.count > 1, sources.contains(TextFile.standardInput) || imagesFile == TextFile.standardInput {
            throw ValidationError("Standard input is one list: give - once.")
        }
        let given = try sources.map { try Self.isList($0) ? read($0) : PictureList([$0]) }
        let named = try images.map { try $0 == TextFile.standardInput ? read($0) : PictureList([$0]) }
        let listed = try imagesFile.map { [try read($0)] } ?? []
        let list = PictureList(joining: [try PictureList(more)] + given + named + listed)
        for folder in list.repeatedFolders {
            Console.warning("\(folder) leads to a folder that was read already; its pictures are taken once.")
        }
        return list
    }

    private static func isList(_ source: String) -> Bool {
        source == TextFile.standardInput || source.lowercased().hasSuffix(".txt")
    }

    /// What a list names.
    private func read(_ file: String) throws -> PictureList {
        let folder = file == TextFile.standardInput ? nil : Folder.parent(of: file)
        return try PictureList(TextFile.lines(file), from: .init(folder: folder))
    }

    /// - Throws: `ValidationError` where none are named.
    func required(_ more: [String] = []) throws -> PictureList {
        guard areNamed || !more.isEmpty else {
            throw ValidationError("Name pictures: files, folders, patterns, tar shards, or --images-file.")
        }
        return try list(more)
    }
}

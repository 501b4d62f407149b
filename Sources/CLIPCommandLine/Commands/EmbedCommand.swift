import ArgumentParser
import CLIP

struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Turn pictures and texts into vectors of one space.",
        discussion: """
            Example: clip embed --image cat.jpg --text "a cat" --output vectors.npy
            Example: clip embed --images photos/ --output vectors/

            A .npy file holds float32 [N, E]: the pictures' rows first, then the texts', each in the order given. Beside
            it, FILE.npy.json says what each row is and which model, tokenizer and preprocessing made it, so that
            vectors of different models are never compared by mistake ("clip compare"). Of several pictures, one that cannot
            be read is left out and named, there and on standard error; everything else is written, and the exit code
            tells. With --strict it ends the command, and nothing more is written.

            A folder gets such files in parts, part-00000.npy and so on, in memory that does not grow with the pictures.
            Each part is there whole or not at all: stopped or killed, the same command goes on after the last one. With
            --shard I/N each of N machines does its own part of the list, and "clip join" makes one file of all.
            """)

    @OptionGroup var found: PictureArguments

    @Option(
        name: .customLong("text"), parsing: .unconditionalSingleValue, help: "A text; may be given several times.")
    var texts: [String] = []

    @Option(help: ArgumentHelp("A file with one text a line.", valueName: "file"))
    var textsFile: String?

    @Option(name: .customLong("image"), help: ArgumentHelp("A picture; may be given several times.", valueName: "path"))
    var images: [String] = []

    @Option(
        name: .customLong("images"),
        help: ArgumentHelp(
            "Pictures: a folder, a pattern, a tar shard, or a list (.txt, or - for standard input); may be given several "
                + "times.", valueName: "path"))
    var sources: [String] = []

    @Option(
        help: ArgumentHelp(
            "A NumPy file to write, or a folder for parts: a name that does not end in .npy.",
            valueName: "file.npy|folder"))
    var output: String?

    @OptionGroup var division: FolderOptions

    @Flag(help: "Leave out a picture that cannot be read, also where it is the only one.")
    var skipUnreadable = false

    @Flag(help: "End with the first picture that cannot be read; nothing is written then.")
    var strict = false

    @Flag(inversion: .prefixedNo, help: "Divide each vector by its length.")
    var normalize = true

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        struct Image: Encodable {
            var image: String
            var embedding: [Float]
        }
        struct Text: Encodable {
            var text: String
            var embedding: [Float]
        }
        var model: String
        var precision: InferencePrecision
        var images: [Image]
        var texts: [Text]
        var truncated: TruncationDocument?
        /// Pictures that were left out; nil for none.
        var skipped: [SkippedPicture]?
    }

    func validate() throws {
        if output == nil, !shared.json { throw ValidationError("Say where vectors go: --output FILE.npy or --json.") }
        if division.areGiven, !isFolder { throw ValidationError("--shard and --part-size go with a folder of parts.") }
        if isFolder, !texts.isEmpty || textsFile != nil {
            throw ValidationError("A folder takes pictures: texts go into a file of their own, --output FILE.npy.")
        }
        if strict, skipUnreadable { throw ValidationError("--strict and --skip-unreadable exclude each other.") }
    }

    /// Texts alone are a file's, whatever it is called.
    private var isFolder: Bool {
        guard let output, found.areNamed || !images.isEmpty || !sources.isEmpty else { return false }
        return FolderOptions.isFolder(output)
    }

    /// A single picture for a file ends the command: there would be nothing to write.
    private func policy(_ count: Int?) -> EmbeddedPictures.BadPicture {
        if strict || skipUnreadable { return strict ? .endsAll : .leftOut }
        return count == 1 && output != nil ? .endsAll : .leftOut
    }

    func run() throws {
        let texts = try TextFile.texts(self.texts, file: textsFile)
        let list = try found.list(images, sources: sources)
        guard !texts.isEmpty || !list.isEmpty else { throw CLIPError.emptyChoices(what: "pictures or texts") }
        if let output, isFolder {
            return try FolderEmbedding(
                list: list, output: output, division: division, options: pictures, normalized: normalize,
                isStrict: strict, shared: shared
            ).run()
        }
        if let output { try OutputFile.check(output) }
        let clip = try shared.load()
        // Before pictures are read.
        let words = texts.isEmpty ? nil : try TokenizedTexts(texts, clip.tokenizer)
        if let words { Console.warn(of: words.truncation) }
        let set = try EmbeddedPictures(
            list, clip, options: pictures, normalized: normalize, bad: policy(list.count))
        let pictured = set.embeddings.map {
            Embeddings(vectors: $0, rows: set.names.map { .init(.image, $0) }, of: clip, normalized: normalize)
        }
        let read = try words.map { words in
            Embeddings(
                vectors: try clip.vectors(captions: words.captions, normalized: normalize),
                rows: texts.map { .init(.text, $0) }, of: clip, normalized: normalize)
        }
        let parts = [pictured, read].compactMap { $0 }
        if let output, let first = parts.first {
            var all = try parts.dropFirst().reduce(first) { try $0.appending($1) }
            // Also where only texts are left.
            all.leftOut = set.skipped.map { Embeddings.LeftOut($0.image, reason: $0.reason) }
            try all.write(to: output)
        }
        if shared.json {
            try Console.printJSON(
                Document(
                    model: clip.name, precision: clip.precision,
                    images: zip(set.names, pictured?.values() ?? []).map { .init(image: $0, embedding: $1) },
                    texts: zip(texts, read?.values() ?? []).map { .init(text: $0, embedding: $1) },
                    truncated: TruncationDocument(words?.truncation),
                    skipped: set.skipped.isEmpty ? nil : set.skipped))
        }
        try set.finish()
    }
}

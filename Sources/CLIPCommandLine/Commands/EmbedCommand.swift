import ArgumentParser
import CLIP

struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Turn pictures and texts into vectors of one space.",
        discussion: """
            Example: clip embed --image cat.jpg --text "a cat" --output vectors.npy

            A .npy file holds float32 [N, E]: the pictures' rows first, then the texts', each in the order given. Beside
            it, FILE.npy.json says what each row is and which model, tokenizer and preprocessing made it, so that
            vectors of different models are never compared by mistake ("clip compare"). A picture that cannot be read
            ends it, and nothing is written; with --json alone such a picture is left out, and the exit code tells.
            """)

    @Option(
        name: .customLong("text"), parsing: .unconditionalSingleValue, help: "A text; may be given several times.")
    var texts: [String] = []

    @Option(help: ArgumentHelp("A file with one text a line.", valueName: "file"))
    var textsFile: String?

    @Option(name: .customLong("image"), help: ArgumentHelp("A picture; may be given several times.", valueName: "path"))
    var images: [String] = []

    @Option(help: ArgumentHelp("A file with one picture's path a line.", valueName: "file"))
    var imagesFile: String?

    @Option(help: ArgumentHelp("A NumPy file to write.", valueName: "file.npy"))
    var output: String?

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
        var images: [Image]
        var texts: [Text]
    }

    func validate() throws {
        if output == nil, !shared.json { throw ValidationError("Say where vectors go: --output FILE.npy or --json.") }
    }

    func run() throws {
        let texts = try TextFile.texts(self.texts, file: textsFile)
        let paths = try TextFile.texts(images, file: imagesFile)
        guard !texts.isEmpty || !paths.isEmpty else { throw CLIPError.emptyChoices(what: "pictures or texts") }
        if let output { try OutputFile.check(output) }
        let clip = try shared.load()
        // Before pictures are read.
        if !texts.isEmpty { _ = try clip.tokenizer }
        let set = try EmbeddedPictures(
            paths, clip, options: pictures, normalized: normalize, bad: output == nil ? .leftOut : .endsAll)
        let found = set.embeddings.map {
            Embeddings(vectors: $0, rows: set.paths.map { .init(.image, $0) }, of: clip, normalized: normalize)
        }
        let words = texts.isEmpty ? nil : try embed(texts, clip)
        if let output {
            let parts = [found, words].compactMap { $0 }
            try parts.dropFirst().reduce(parts[0]) { try $0.appending($1) }.write(to: output)
        }
        if shared.json {
            try Console.printJSON(
                Document(
                    model: clip.name,
                    images: zip(set.paths, found?.values() ?? []).map { .init(image: $0, embedding: $1) },
                    texts: zip(texts, words?.values() ?? []).map { .init(text: $0, embedding: $1) }))
        }
        try set.finish()
    }

    private func embed(_ texts: [String], _ clip: CLIPModel) throws -> Embeddings {
        let tokenizer = try clip.tokenizer
        let tokenized = tokenizer.tokenize(texts)
        for (text, tokens) in zip(texts, tokenized) where tokens.wasTruncated {
            Console.warning(
                "text \"\(Format.clipped(text, to: 40))\" has \(tokens.originalCount) tokens; only the first "
                    + "\(tokenizer.contextLength) are read.")
        }
        return try Embeddings(
            vectors: clip.vectors(captions: tokenized.map(\.tokens), normalized: normalize),
            rows: texts.map { .init(.text, $0) }, of: clip, normalized: normalize)
    }
}

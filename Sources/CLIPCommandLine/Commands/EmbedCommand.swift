import ArgumentParser
import CLIP
import Torch

struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Turn pictures and texts into vectors of one space.",
        discussion: """
            Example: clip embed --image cat.jpg --text "a cat" --output vectors.npy

            A .npy file holds float32 [N, E]: the pictures' rows first, then the texts', each in the order given.
            """)

    @Option(name: .customLong("text"), help: "A text; may be given several times.")
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
        let clip = try shared.load()
        var parts: [Tensor] = []
        // A few pictures at a time: a folder's worth, decoded, would not fit in memory.
        for start in stride(from: 0, to: paths.count, by: 32) {
            let names = Array(paths[start..<min(start + 32, paths.count)])
            parts.append(try clip.embed(pictures: pictures.read(names), names: names, normalized: normalize))
            Console.status("\(start + names.count)/\(paths.count) pictures")
        }
        Console.endStatus()
        if !texts.isEmpty { parts.append(try embed(texts, clip)) }
        let all = try Tensor.concatenated(parts)
        if let output { try NumPyFile.write(all, to: output) }
        if shared.json { try printDocument(all, clip: clip, paths: paths, texts: texts) }
    }

    private func embed(_ texts: [String], _ clip: PretrainedModel) throws -> Tensor {
        let tokenized = clip.tokenizer.tokenize(texts)
        for (text, tokens) in zip(texts, tokenized) where tokens.wasTruncated {
            Console.warning(
                "text \"\(Format.clipped(text, to: 40))\" has \(tokens.originalCount) tokens; only the first "
                    + "\(clip.tokenizer.contextLength) are read.")
        }
        return try clip.embed(captions: tokenized.map(\.tokens), normalized: normalize)
    }

    private func printDocument(_ all: Tensor, clip: PretrainedModel, paths: [String], texts: [String]) throws {
        let width = all.shape[1]
        let values = try all.elements(Float.self)
        func row(_ index: Int) -> [Float] { Array(values[index * width..<(index + 1) * width]) }
        try Console.printJSON(
            Document(
                model: clip.name,
                images: paths.enumerated().map { .init(image: $1, embedding: row($0)) },
                texts: texts.enumerated().map { .init(text: $1, embedding: row(paths.count + $0)) }))
    }
}

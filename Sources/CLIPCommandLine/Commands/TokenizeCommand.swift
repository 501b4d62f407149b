import ArgumentParser
import CLIP

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the token ids a model reads for a text.",
        discussion: "Example: clip tokenize \"a photo of a cat\"")

    @Argument(help: "Texts.")
    var texts: [String] = []

    @Option(help: ArgumentHelp("A file with one text a line.", valueName: "file"))
    var textsFile: String?

    @OptionGroup var model: NamedModel
    @OptionGroup var length: TextLength
    @OptionGroup var output: OutputOptions

    struct Document: Encodable {
        var contextLength: Int
        var tokens: [[Int32]]
        var truncated: TruncationDocument?
    }

    func run() throws {
        let texts = try TextFile.texts(self.texts, file: textsFile)
        guard !texts.isEmpty else { throw CLIPError.emptyChoices(what: "texts") }
        let tokenizer = try model.describe(contextLength: length.contextLength).tokenizer()
        let tokenized = tokenizer.tokenize(texts)
        let truncation = tokenizer.truncation(of: texts, tokenized)
        Console.warn(of: truncation)
        if output.json {
            try Console.printJSON(
                Document(
                    contextLength: tokenizer.contextLength, tokens: tokenizer.padded(tokenized),
                    truncated: TruncationDocument(truncation)))
        } else {
            for tokens in tokenized { try Console.answer(tokens.tokens.map(String.init).joined(separator: " ")) }
        }
    }
}

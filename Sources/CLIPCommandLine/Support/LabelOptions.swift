import ArgumentParser
import CLIP

/// Free-choice labels and the sentences they are read in.
struct LabelOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Labels, separated by commas.")
    var labels: String?

    @Option(help: ArgumentHelp("A file with one label a line.", valueName: "file"))
    var labelsFile: String?

    @Option(
        name: .customLong("template"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A sentence with {} for the label; may be given several times.", valueName: "text"))
    var templates: [String] = []

    /// The labels given, then the file's.
    /// - Throws: `CLIPError.emptyChoices(what:)` for none, or a blank one between two commas.
    func texts() throws -> [String] {
        let texts = try TextFile.texts(labels.map(Self.split) ?? [], file: labelsFile)
        guard !texts.isEmpty, texts.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw CLIPError.emptyChoices(what: "labels")
        }
        return texts
    }

    /// Labels between commas, Chinese ones too.
    static func split(_ labels: String) -> [String] {
        labels.split(whereSeparator: { ",，".contains($0) }).map { part in
            String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
    }

    /// The labels given; nil where none are asked for.
    func textsIfGiven() throws -> [String]? { labels == nil && labelsFile == nil ? nil : try texts() }

    /// The templates given; without any, a label stands for itself.
    func prompts() throws -> [PromptTemplate] {
        try templates.isEmpty ? [.plain] : templates.map { try PromptTemplate($0) }
    }
}

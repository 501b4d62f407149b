import ArgumentParser
import CLIP

struct ClassifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Say which of your own labels fits each picture best.",
        discussion: """
            Example: clip classify cat.jpg dog.png --labels "cat,dog,car" --template "a photo of a {}"

            Several templates are ensembled. Scores are probabilities among the labels given.
            """)

    @Argument(help: ArgumentHelp("Pictures.", valueName: "image"))
    var images: [String]

    @Option(help: "Labels, separated by commas.")
    var labels: String?

    @Option(help: ArgumentHelp("A file with one label a line.", valueName: "file"))
    var labelsFile: String?

    @Option(
        name: .customLong("template"),
        help: ArgumentHelp("A sentence with {} for the label; may be given several times.", valueName: "text"))
    var templates: [String] = []

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let given = (labels?.split(whereSeparator: { ",，".contains($0) }) ?? []).map { part in
            String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        let labels = try TextFile.texts(given, file: labelsFile)
        let templates = try self.templates.isEmpty ? [.plain] : self.templates.map { try PromptTemplate($0) }
        guard !labels.isEmpty, labels.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw CLIPError.emptyChoices(what: "labels")
        }
        let clip = try shared.load()
        let classifier = try ZeroShotClassifier(clip, labels: labels, templates: templates)
        let set = try EmbeddedPictures(images, clip, options: pictures, bad: .leftOut)
        let ranked = try set.embeddings.map { try classifier.rank($0) } ?? []
        if shared.json {
            let results = zip(set.paths, ranked).map { path, choices in
                ClassificationDocument.Result(
                    image: path,
                    labels: choices.map { .init(label: $0.text, score: $0.score, similarity: $0.similarity) })
            }
            try Console.printJSON(ClassificationDocument(model: clip.name, results: results))
        } else {
            for (path, choices) in zip(set.paths, ranked) { try AnswerTable.print(path, choices) }
        }
        try set.finish()
    }
}

import ArgumentParser
import CLIP
import Torch

struct RankCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        abstract: "Order captions by how well they describe a picture.",
        discussion: "Example: clip rank beach.jpg --caption \"a sunny beach\" --caption \"a city at night\"")

    @Argument(help: ArgumentHelp("The picture.", valueName: "image"))
    var image: String

    @Option(
        name: .customLong("caption"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A caption; may be given several times.", valueName: "text"))
    var captions: [String] = []

    @Option(help: ArgumentHelp("A file with one caption a line.", valueName: "file"))
    var captionsFile: String?

    @OptionGroup var table: AnswerOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let captions = try TextFile.texts(self.captions, file: captionsFile)
        guard !captions.isEmpty, captions.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw CLIPError.emptyChoices(what: "captions")
        }
        let clip = try shared.load()
        let picture = try Engine.inference { try pictures.read(image, for: clip.preprocessor) }
        let classifier = try ZeroShotClassifier(clip, labels: captions)
        let choices = try classifier.rank(clip.vectors(pictureBytes: [picture]))[0]
        if shared.json {
            let result = RankingDocument.Result(
                image: image,
                captions: choices.map { .init(caption: $0.label, score: $0.score, similarity: $0.similarity) })
            try Console.printJSON(RankingDocument(model: clip.name, results: [result]))
        } else {
            try AnswerTable.print(image, choices, most: table.top)
        }
    }
}

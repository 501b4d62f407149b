import ArgumentParser
import CLIP

struct RankCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        abstract: "Order captions by how well they describe each picture.",
        discussion: "Example: clip rank beach.jpg --caption \"a sunny beach\" --caption \"a city at night\"")

    @OptionGroup var images: PictureArguments

    @Option(
        name: .customLong("caption"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A caption; may be given several times.", valueName: "text"))
    var captions: [String] = []

    @Option(help: ArgumentHelp("A file with one caption a line.", valueName: "file"))
    var captionsFile: String?

    @OptionGroup var table: AnswerOptions
    @OptionGroup var file: AnswerFileOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let captions = try TextFile.texts(self.captions, file: captionsFile)
        guard !captions.isEmpty, captions.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw CLIPError.emptyChoices(what: "captions")
        }
        let list = try images.required()
        try file.check()
        let clip = try shared.load()
        let classifier = try ZeroShotClassifier(
            clip, labels: captions, called: "captions", cache: cache.cache(shared.compute))
        Console.warn(of: classifier.truncation, called: "caption")
        let set = try EmbeddedPictures(list, clip, options: pictures, bad: .leftOut)
        let answers = try set.ranked(by: classifier)
        try file.write("caption", answers, most: table.top)
        if shared.json {
            let results = answers.map { name, choices in
                RankingDocument.Result(
                    image: name,
                    captions: choices.map { .init(caption: $0.label, score: $0.score, similarity: $0.similarity) })
            }
            try Console.printJSON(
                RankingDocument(
                    model: clip.name, precision: clip.precision, results: results,
                    truncated: TruncationDocument(classifier.truncation)))
        } else {
            for (name, choices) in answers { try AnswerTable.print(name, choices, most: table.top) }
        }
        try set.finish()
    }
}

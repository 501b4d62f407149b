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

    @OptionGroup var images: PictureArguments
    @OptionGroup var choices: LabelOptions
    @OptionGroup var table: AnswerOptions
    @OptionGroup var file: AnswerFileOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let labels = try choices.texts()
        let templates = try choices.prompts()
        let list = try images.required()
        try file.check()
        let clip = try shared.load()
        let classifier = try ZeroShotClassifier(clip, labels: labels, templates: templates)
        Console.warn(of: classifier.truncation)
        let set = try EmbeddedPictures(list, clip, options: pictures, bad: .leftOut)
        let answers = try set.ranked(by: classifier)
        try file.write("label", answers, most: table.top)
        if shared.json {
            let results = answers.map { path, choices in
                ClassificationDocument.Result(
                    image: path,
                    labels: choices.map { .init(label: $0.label, score: $0.score, similarity: $0.similarity) })
            }
            try Console.printJSON(
                ClassificationDocument(
                    model: clip.name, results: results, truncated: TruncationDocument(classifier.truncation)))
        } else {
            for (path, choices) in answers { try AnswerTable.print(path, choices, most: table.top) }
        }
        try set.finish()
    }
}

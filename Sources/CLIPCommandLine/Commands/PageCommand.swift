import ArgumentParser
import CLIP
import CLIPData
import CLIPText
import Files
import Pages
import Torch

struct PageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "page",
        abstract: "Draw pictures, their best labels and captions, and a similarity matrix as one HTML page.",
        discussion: """
            Example: clip page *.jpg --labels-file labels.txt --captions-file captions.txt --output page.html

            The page holds everything it shows: it opens without a network, and runs no scripts.
            """)

    @OptionGroup var images: PictureArguments

    @OptionGroup var choices: LabelOptions

    @Option(help: ArgumentHelp("A file with one caption a line.", valueName: "file"))
    var captionsFile: String?

    @Option(help: ArgumentHelp("The page to write.", valueName: "file.html"))
    var output: String

    @Option(help: ArgumentHelp("The page's heading.", valueName: "text"))
    var title = "Pictures and words"

    @OptionGroup var file: AnswerFileOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var model: String
        var output: String
        var pictures: [String]
        var texts: [String]
        var truncated: TruncationDocument?
    }

    func run() throws {
        let labels = try choices.texts()
        let templates = try choices.prompts()
        let captions = try TextFile.texts([], file: captionsFile)
        let list = try images.required()
        try OutputFile.check(output)
        try file.check()
        let clip = try shared.load()
        let cache = try cache.cache(shared.compute)
        let labeling = try ZeroShotClassifier(clip, labels: labels, templates: templates, cache: cache)
        let captioning =
            captions.isEmpty
            ? nil : try ZeroShotClassifier(clip, labels: captions, called: "captions", cache: cache)
        Console.warn(of: labeling.truncation)
        if let captioning { Console.warn(of: captioning.truncation, called: "caption") }
        var content = PageContent(title: title, model: clip.name, labels: labels, captions: captions, pictures: [])
        var names: [String] = []
        var bad = BadPictures()
        let preprocessor = try clip.preprocessor
        // One at a time: of a large picture only its small copies stay in memory.
        func show(_ found: PictureList.Found) throws {
            let shown = bad.leavingOut(found.name) {
                let picture = try pictures.decode(found)
                let input = try Engine.inference { try pictures.read(found, shown: picture, for: preprocessor) }
                let embedding = try clip.vectors(pictureBytes: [input])
                return try PagePicture(
                    name: Folder.name(of: found.name), picture: picture,
                    labels: labeling.rank(embedding)[0], captions: captioning?.rank(embedding)[0] ?? [])
            }
            if let shown {
                content.pictures.append(shown)
                names.append(found.name)
            }
            Console.status(names.count + bad.skipped.count, of: list)
        }
        try list.forEach(onFailure: { bad.leftOut($0, $1) }, show)
        Console.endStatus()
        if !names.isEmpty {
            try WholeFile.write(PageDocument(content).rendered(), to: output)
            try file.write("label", zip(names, content.pictures).map { ($0, $1.labels) }, most: .max)
            var truncation = labeling.truncation
            if let captioning { truncation.add(captioning.truncation) }
            try report(content, names: names, truncation: truncation)
        }
        try bad.finish()
    }

    private func report(_ content: PageContent, names: [String], truncation: TextTruncation) throws {
        if shared.json {
            try Console.printJSON(
                Document(
                    model: content.model, output: output, pictures: names, texts: content.texts,
                    truncated: TruncationDocument(truncation)))
        } else {
            try Console.answer("\(output): pictures \(names.count), texts \(content.texts.count)")
        }
    }
}

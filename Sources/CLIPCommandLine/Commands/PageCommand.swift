import ArgumentParser
import CLIP
import Files
import Foundation
import Imaging
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

    @Argument(help: ArgumentHelp("Pictures.", valueName: "image"))
    var images: [String]

    @OptionGroup var choices: LabelOptions

    @Option(help: ArgumentHelp("A file with one caption a line.", valueName: "file"))
    var captionsFile: String?

    @Option(help: ArgumentHelp("The page to write.", valueName: "file.html"))
    var output: String

    @Option(help: ArgumentHelp("The page's heading.", valueName: "text"))
    var title = "Pictures and words"

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var model: String
        var output: String
        var pictures: [String]
        var texts: [String]
    }

    func run() throws {
        let labels = try choices.texts()
        let templates = try choices.prompts()
        let captions = try TextFile.texts([], file: captionsFile)
        try OutputFile.check(output)
        let clip = try shared.load()
        let labeling = try ZeroShotClassifier(clip, labels: labels, templates: templates)
        let captioning = captions.isEmpty ? nil : try ZeroShotClassifier(clip, labels: captions)
        var content = PageContent(title: title, model: clip.name, labels: labels, captions: captions, pictures: [])
        var paths: [String] = []
        var bad = BadPictures()
        // One at a time: of a large picture only its small copies stay in memory.
        for (index, path) in images.enumerated() {
            let shown = bad.leavingOut {
                let picture = try Picture.read(path: path, options: pictures.decoding)
                let embedding = try clip.vectors(pictures: [picture])
                return try PagePicture(
                    name: URL(fileURLWithPath: path).lastPathComponent, picture: picture,
                    labels: labeling.rank(embedding)[0], captions: captioning?.rank(embedding)[0] ?? [])
            }
            if let shown {
                content.pictures.append(shown)
                paths.append(path)
            }
            Console.status("\(index + 1)/\(images.count) pictures")
        }
        Console.endStatus()
        if !paths.isEmpty {
            try WholeFile.write(PageDocument(content).rendered(), to: output)
            try report(content, paths: paths)
        }
        try bad.finish()
    }

    private func report(_ content: PageContent, paths: [String]) throws {
        if shared.json {
            try Console.printJSON(
                Document(model: content.model, output: output, pictures: paths, texts: content.texts))
        } else {
            try Console.answer("\(output): pictures \(paths.count), texts \(content.texts.count)")
        }
    }
}

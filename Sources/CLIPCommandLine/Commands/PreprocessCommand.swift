import ArgumentParser
import CLIP
import Torch

struct PreprocessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Write pictures as the numbers a model's image tower takes.",
        discussion: "Example: clip preprocess cat.jpg --output cat.npy    (float32 [N, 3, H, W])")

    @Argument(help: ArgumentHelp("Pictures.", valueName: "image"))
    var images: [String]

    @Option(help: ArgumentHelp("The NumPy file to write.", valueName: "file.npy"))
    var output: String

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var output: String
        var shape: [Int]
    }

    func run() throws {
        let preprocessor = PicturePreprocessor(try shared.describe().preprocess)
        let read = try pictures.read(images)
        let batch = try Engine.inference { try preprocessor(read, names: images) }
        try NumPyFile.write(batch, to: output)
        if shared.json {
            try Console.printJSON(Document(output: output, shape: batch.shape))
        } else {
            print("\(output): float32 \(batch.shape)")
        }
    }
}

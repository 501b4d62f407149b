import ArgumentParser
import CLIP
import Torch

struct PreprocessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Write pictures as the numbers a model's image tower takes.",
        discussion: """
            Example: clip preprocess cat.jpg --output cat.npy    (float32 [N, 3, H, W])

            A picture that cannot be read ends it, and nothing is written.
            """)

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
        try OutputFile.check(output)
        let preprocessor = PicturePreprocessor(try shared.describe().preprocess)
        let batch = try Engine.inference {
            let bytes = try images.map { try pictures.read($0, for: preprocessor) }
            return try preprocessor.normalize(Tensor.stacked(bytes))
        }
        try NumPyFile.write(batch, to: output)
        if shared.json {
            try Console.printJSON(Document(output: output, shape: batch.shape))
        } else {
            try Console.answer("\(output): float32 \(batch.shape)")
        }
    }
}

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

    @OptionGroup var images: PictureArguments

    @Option(help: ArgumentHelp("The NumPy file to write.", valueName: "file.npy"))
    var output: String

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var model: NamedModel
    @OptionGroup var size: PictureSize
    @OptionGroup var processor: ThreadOptions
    @OptionGroup var answer: OutputOptions

    struct Document: Encodable {
        var output: String
        var shape: [Int]
    }

    func run() throws {
        let list = try images.required()
        try OutputFile.check(output)
        processor.prepare()
        let description = try model.describe(resolution: size.resolution)
        let preprocessor = try PicturePreprocessor(description.preprocess)
        let batch = try Engine.inference {
            var bytes: [Tensor] = []
            try list.forEach(onFailure: { throw $1 }) { bytes.append(try pictures.read($0, for: preprocessor)) }
            return try preprocessor.normalize(Tensor.stacked(bytes))
        }
        try NumPyFile.write(batch, to: output)
        if answer.json {
            try Console.printJSON(Document(output: output, shape: batch.shape))
        } else {
            try Console.answer("\(output): float32 \(batch.shape)")
        }
    }
}

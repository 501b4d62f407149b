import ArgumentParser
import CLIP
import Foundation

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Rewrite a model for another library, offline.",
        discussion: """
            Example: clip convert --model ./my-open-clip-model --to huggingface --output ./my-hf-model

            The weights keep their values: converting back gives the same bytes. With --storage they are rounded to
            another type. A model that the other library cannot compute is refused.
            """)

    @Option(help: "For which library: open_clip, huggingface or openai (a state dictionary, model.pt).")
    var to: ModelConversion.Target

    @Option(help: "What weights are stored as: fp32, fp16 or bf16 (default: as they are).")
    var storage: ModelConversion.Storage?

    @OptionGroup var place: ModelOutputOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var processor: ThreadOptions
    @OptionGroup var answer: OutputOptions

    struct Document: Encodable {
        var model: String
        var to: String
        var output: String
        var files: [String]
    }

    func run() throws {
        try place.check()
        let output = place.output
        processor.prepare()
        let description = try model.describe()
        try ModelConversion.convert(description, weights: model.weights, to: to, storage: storage, at: output)
        let files = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
        if answer.json {
            try Console.printJSON(
                Document(model: description.name, to: to.rawValue, output: output, files: files))
        } else {
            try Console.answer("\(description.name) for \(to.rawValue): \(output)")
            for file in files { try Console.answer("  " + file) }
        }
    }
}

extension ModelConversion.Target: ExpressibleByArgument {}
extension ModelConversion.Storage: ExpressibleByArgument {}

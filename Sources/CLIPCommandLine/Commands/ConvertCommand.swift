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

    @Option(help: ArgumentHelp("The directory to write.", valueName: "directory"))
    var output: String

    @Flag(help: "Replace a directory that is there already.")
    var overwrite = false

    @OptionGroup var shared: SharedOptions

    struct Document: Encodable {
        var model: String
        var to: String
        var output: String
        var files: [String]
    }

    func run() throws {
        try checkOutput()
        let description = try shared.describe()
        try ModelConversion.convert(description, weights: shared.weights, to: to, storage: storage, at: output)
        let files = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
        if shared.json {
            try Console.printJSON(
                Document(model: description.name, to: to.rawValue, output: output, files: files))
        } else {
            try Console.answer("\(description.name) for \(to.rawValue): \(output)")
            for file in files { try Console.answer("  " + file) }
        }
    }

    /// Files of which a directory that may be replaced has one: what is no model is not this command's to remove.
    private static let signs = ["open_clip_config.json", "config.json", "model.pt"]

    private func checkOutput() throws {
        guard FileManager.default.fileExists(atPath: output) else { return }
        guard overwrite else {
            throw CLIPError.writing(path: output, reason: "something is there already; add --overwrite to replace it")
        }
        let found = try? FileManager.default.contentsOfDirectory(atPath: output)
        guard let found, found.isEmpty || Self.signs.contains(where: found.contains) else {
            throw CLIPError.writing(path: output, reason: "what is there is no model, and is not replaced")
        }
    }
}

extension ModelConversion.Target: ExpressibleByArgument {}
extension ModelConversion.Storage: ExpressibleByArgument {}

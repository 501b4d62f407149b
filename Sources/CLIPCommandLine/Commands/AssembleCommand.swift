import ArgumentParser
import CLIP
import Foundation

struct AssembleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assemble",
        abstract: "Make a model to train whose towers begin with published networks.",
        discussion: """
            Example: clip assemble --config model.json --image-weights efficientnet-lite0.pth --output start \\
                --text-weights all-MiniLM-L6-v2 --vocabulary vocab.txt

            The image tower begins with a classifier's network, the text tower with a sentence model's: its blocks, or some of
            them, and its vectors of the tokens that the vocabulary shares with its own. What neither has is drawn from
            --seed. No code in a file is run. Written in open_clip's layout, for "clip train --model".
            """)

    @Option(help: ArgumentHelp("The model's shape and preprocessing: an open_clip_config.json.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "The image tower's network: safetensors, or a PyTorch .pth (default: drawn).", valueName: "file"))
    var imageWeights: String?

    @Option(
        help: ArgumentHelp(
            "The text tower's network: a directory of Hugging Face's, or a file (default: drawn).",
            valueName: "file|directory"))
    var textWeights: String?

    @Option(
        help: ArgumentHelp(
            "Which of that network's blocks, counted from 0, such as 0,2,3,5 (default: as many as the model has, evenly).",
            valueName: "numbers"))
    var textLayers: String?

    @Option(help: ArgumentHelp("The model's own tokens, a line each (vocab.txt).", valueName: "file"))
    var vocabulary: String?

    @Option(help: ArgumentHelp("The text network's tokens (default: the vocab.txt beside it).", valueName: "file"))
    var textVocabulary: String?

    @Option(
        help: ArgumentHelp(
            "What the image network's classes are called, a line each: its projection then begins at their names.",
            valueName: "file"))
    var classes: String?

    @Option(
        help: ArgumentHelp(
            "Where to write what the image network knows of its classes, for \"clip train --anchors\".",
            valueName: "file"))
    var anchors: String?

    @Option(help: "Where everything that is drawn begins.")
    var seed: UInt64 = 0

    @Option(help: "What weights are stored as: fp32, fp16 or bf16.")
    var storage: ModelConversion.Storage = .fp32

    @OptionGroup var place: ModelOutputOptions
    @OptionGroup var processor: ThreadOptions
    @OptionGroup var answer: OutputOptions

    private struct Document: Encodable {
        var output: String
        var textLayers: [Int]?
        var takenTokens: Int?
        var newTokens: Int?
        var leftOut: [String]
        var drawn: [String]
    }

    func validate() throws {
        if textLayers != nil, try layers().isEmpty {
            throw ValidationError("--text-layers takes numbers, such as 0,2,3,5.")
        }
        guard (anchors == nil || classes != nil) && (classes == nil || imageWeights != nil) else {
            throw ValidationError("--anchors goes with --classes, and --classes with --image-weights.")
        }
        guard textWeights != nil || (textLayers == nil && textVocabulary == nil) else {
            throw ValidationError("--text-layers and --text-vocabulary go with --text-weights.")
        }
    }

    private func layers() throws -> [Int] {
        try (textLayers ?? "").split(separator: ",").map { part in
            guard let number = Int(part.trimmingCharacters(in: .whitespaces)), number >= 0 else {
                throw ValidationError("--text-layers takes numbers, such as 0,2,3,5.")
            }
            return number
        }
    }

    func run() throws {
        try place.check()
        processor.prepare()
        var assembly = ModelAssembly(configuration: config)
        assembly.imageWeights = imageWeights
        assembly.textWeights = textWeights
        assembly.textLayers = textLayers == nil ? nil : try layers()
        assembly.vocabulary = vocabulary
        assembly.textVocabulary = textVocabulary
        assembly.seed = seed
        assembly.classes = try classes.map { try TextFile.lines($0) }
        let outcome = try assembly.write(to: place.output, dtype: storage.dtype)
        if let anchors { try outcome.anchors?.write(to: anchors) }
        if answer.json {
            return try Console.printJSON(
                Document(
                    output: place.output, textLayers: outcome.textLayers, takenTokens: outcome.takenTokens,
                    newTokens: outcome.newTokens, leftOut: outcome.leftOut, drawn: outcome.drawn))
        }
        try Console.answer(place.output)
        if let layers = outcome.textLayers {
            try Console.answer("  text blocks: \(layers.map(String.init).joined(separator: ", "))")
        }
        if let taken = outcome.takenTokens, let new = outcome.newTokens {
            try Console.answer("  tokens: \(taken) taken, \(new) new")
        }
        if !outcome.leftOut.isEmpty { try Console.answer("  left out: \(Self.listed(outcome.leftOut))") }
        if !outcome.drawn.isEmpty { try Console.answer("  drawn: \(Self.listed(outcome.drawn))") }
    }

    /// All of a few names, and the first of many: a whole tower may be drawn. `--json` has all.
    private static func listed(_ names: [String], most: Int = 8) -> String {
        let shown =
            names.count > most ? Array(names.prefix(most - 1)) + ["… and \(names.count - most + 1) more"] : names
        return shown.joined(separator: ", ")
    }
}

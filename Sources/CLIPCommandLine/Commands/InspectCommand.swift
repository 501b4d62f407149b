import ArgumentParser
import CLIP
import Foundation

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a weights file or model directory is.",
        discussion: """
            Example: clip inspect ViT-B-32.pt
                     clip inspect weights.safetensors --model ViT-B-32-quickgelu

            No code in the file is run. With --model, what is missing or unexpected is listed by name.
            """)

    @Argument(help: ArgumentHelp("A weights file, or a model directory.", valueName: "file|directory"))
    var file: String

    @OptionGroup var model: NamedModel
    @OptionGroup var processor: ThreadOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        processor.prepare()
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) else {
            throw CLIPError.missingInput(path: file, hint: "Give a weights file or a model directory.")
        }
        let named = try model.model.map { try ModelCatalog.description(of: $0) }
        let description = try isDirectory.boolValue ? ModelCatalog.description(of: file) : named
        let path = isDirectory.boolValue ? model.weights ?? description?.weightsPath : file
        guard let path else { throw description?.missingWeights ?? CLIPError.weightsNeeded(model: file) }
        var report = try CheckpointReport(weights: path, as: description) { bytes in
            Console.status("\(bytes >> 20) MiB read")
        }
        Console.endStatus()
        report.problem = report.failure.map { Advice.message(of: $0, in: Self.self) } ?? report.problem
        if output.json { try Console.printJSON(report) } else { try show(report) }
        if report.problem != nil || report.nonFinite != nil { throw ExitCode(ExitStatus.badData.rawValue) }
    }

    private func show(_ report: CheckpointReport) throws {
        let width = 2 + max(14, (report.architecture?.keys.map(\.count).max() ?? 0) + 2)
        func line(_ name: String, _ value: String?) throws {
            if let value { try Console.answer(Table.padded(name, to: width) + value) }
        }
        for file in report.files {
            try line("file", "\(file.path) (\(Format.grouped(file.bytes)) bytes)")
            try line("SHA-256", file.sha256)
        }
        try line("format", report.format + (report.prefix.isEmpty ? "" : ", names after \"\(report.prefix)\""))
        try line("layout", report.layout ?? "unknown")
        try line("model", report.model)
        try line("family", report.family)
        let precision = report.precision.sorted { $0.value > $1.value }
        try line("tensors", "\(report.tensors)")
        try line("stored as", precision.map { "\($0.key) (\(Format.grouped($0.value)))" }.joined(separator: ", "))
        if let parameters = report.parameters {
            try line("parameters", Format.grouped(parameters.total))
            try line("  image tower", Format.grouped(parameters.image))
            try line("  text tower", Format.grouped(parameters.text))
            try line("  decoder", parameters.captionDecoder.map(Format.grouped))
        }
        try line("pictures", report.imageSize.map { "\($0) x \($0)" })
        try line("texts", report.contextLength.map { "\($0) tokens of \(Format.grouped(report.vocabularySize ?? 0))" })
        try line("embedding", report.embeddingSize.map { "\($0)" })
        try line("of a text", report.textEmbedding)
        for (name, value) in (report.architecture ?? [:]).sorted(by: { $0.key < $1.key }) {
            try line("  " + name, value)
        }
        try line("not finite", report.nonFinite)
        if let mismatch = report.mismatch {
            for name in mismatch.missing { try line("missing", name) }
            for name in mismatch.unexpected { try line("unexpected", name) }
            for text in mismatch.misshaped { try line("mis-shaped", text) }
        }
        try line("problem", report.problem)
    }
}

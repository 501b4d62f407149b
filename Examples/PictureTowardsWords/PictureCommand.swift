import ArgumentParser
import CLIP
import Files
import Foundation
import Imaging
import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Draws what a model looks for in a picture of a sentence.
///
/// What comes out is honest about the model, not about the world. The bundled one is small and has learned
/// from drawings: a red apple becomes a round thing, more pink than red, a green tree tufts of green leaves with a branch
/// between, a yellow smiley face something yellow with an eye. Larger models draw better, and take longer.
struct PictureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "PictureTowardsWords",
        abstract: "Change a picture until it fits a sentence.",
        discussion: """
            Example: swift run -c release PictureTowardsWords "a red apple" --output apple.png

            The picture starts as white paper and follows the gradient of the model's
            score. It shows what the model looks for, not what things look like: with the
            small bundled model, colors and rough shapes.
            """)

    @Argument(help: "What the picture is to show.")
    var sentence: String

    @Option(
        help: ArgumentHelp("What it is not to show, at half the weight; may be given several times.", valueName: "text")
    )
    var without: [String] = []

    @Option(help: ArgumentHelp("A model directory or a name.", valueName: "name|directory"))
    var model = ModelCatalog.bundledName

    @Option(help: ArgumentHelp("Weights in place of the model's own.", valueName: "file"))
    var weights: String?

    @Option(help: "Steps of the optimizer, 1 to 100000.")
    var steps = PictureOptimizer.Settings().steps

    @Option(help: ArgumentHelp("Pixels of a side, 16 to 1024.", valueName: "pixels"))
    var size = PictureOptimizer.Settings().size

    @Option(help: "The same seed gives the same picture.")
    var seed: UInt64 = 0

    @Option(help: "Processor threads; with the small bundled model several gain little.")
    var threads = 1

    @Option(help: ArgumentHelp("Where the PNG goes.", valueName: "file"))
    var output = "picture.png"

    func validate() throws {
        guard (1...100_000).contains(steps) else { throw ValidationError("--steps takes a number from 1 to 100000.") }
        guard (16...1024).contains(size) else { throw ValidationError("--size takes a number from 16 to 1024.") }
        guard (1...1024).contains(threads) else { throw ValidationError("--threads takes a number from 1 to 1024.") }
        var isFolder: ObjCBool = false
        let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw ValidationError("--output: there is no folder \(folder).")
        }
    }

    func run() throws {
        Engine.threadCount = threads
        let clip = try ModelCatalog.description(of: model).loaded(weights: weights)
        let texts = [GuidingText(sentence)] + without.map { GuidingText($0, weight: -0.5) }
        var settings = PictureOptimizer.Settings()
        (settings.steps, settings.size, settings.seed) = (steps, size, seed)
        let optimizer = try PictureOptimizer(PictureGuidance(clip, texts: texts), settings: settings)
        let before = try optimizer.scores()
        for step in 1...steps {
            let score = try optimizer.step()
            Self.show("step \(step)/\(steps)  score of the views \(Self.fixed(score))")
        }
        Self.show("")
        try write(optimizer.rendered())
        let after = try optimizer.scores()
        print("\(output): score \(Self.fixed(before.whole)) before, \(Self.fixed(after.whole)) after")
        let turned = after.turned.map(Self.fixed).joined(separator: " and ")
        print("mirrored \(Self.fixed(after.mirrored)), turned by 5 degrees to either side \(turned)")
    }

    private func write(_ picture: Picture) throws {
        try WholeFile.write(picture.encoded(as: .png(compression: 6)), to: output)
    }

    /// Replaces the terminal's last line; nothing where standard error is no terminal.
    private static func show(_ line: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
    }

    private static func fixed(_ value: Double) -> String { String(format: "%.3f", value) }
}

import ArgumentParser
import CLIP
import Foundation

/// Where a command writes a model.
struct ModelOutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory to write.", valueName: "directory"))
    var output: String

    @Flag(help: "Replace a directory that is there already.")
    var overwrite = false

    /// Files of which a directory that may be replaced has one: what is no model is not a command's to remove.
    private static let signs = ["open_clip_config.json", "config.json", "model.pt"]

    /// - Throws: ``OutputError`` where something is there that is to stay.
    func check() throws {
        guard FileManager.default.fileExists(atPath: output) else { return }
        guard overwrite else {
            throw OutputError(path: output, reason: "something is there already; add --overwrite to replace it")
        }
        let found = try? FileManager.default.contentsOfDirectory(atPath: output)
        guard let found, found.isEmpty || Self.signs.contains(where: found.contains) else {
            throw OutputError(path: output, reason: "what is there is no model, and is not replaced")
        }
    }
}

import ArgumentParser
import CLIP
import Imaging

/// How picture files are read.
struct PictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What becomes of transparency: white (flattened on white), or pillow (dropped, as open_clip does).",
            valueName: "white|pillow"))
    var alpha = Alpha.white

    enum Alpha: String, ExpressibleByArgument, CaseIterable {
        case white
        case pillow
    }

    var decoding: DecodeOptions {
        var options = DecodeOptions()
        if alpha == .pillow {
            options.alpha = .dropLikePillow
            options.appliesOrientation = false
        }
        return options
    }

    /// Reads pictures; the first that fails ends it.
    func read(_ paths: [String]) throws -> [Picture] {
        try paths.map { try Picture.read(path: $0, options: decoding) }
    }
}

/// Pictures of which some could not be read.
struct PictureSet {
    var paths: [String] = []
    var pictures: [Picture] = []
    var failures: [(path: String, error: any Error)] = []

    /// Reads every picture it can, and tells on standard error of those it cannot.
    init(_ paths: [String], options: PictureOptions) {
        for path in paths {
            do {
                pictures.append(try Picture.read(path: path, options: options.decoding))
                self.paths.append(path)
            } catch {
                Console.error("\(error)")
                failures.append((path, error))
            }
        }
    }

    /// Ends the command with the first failure's code, its message having been told already.
    func finish() throws {
        if let first = failures.first { throw ExitCode((ExitStatus(first.error) ?? .ourFault).rawValue) }
    }
}

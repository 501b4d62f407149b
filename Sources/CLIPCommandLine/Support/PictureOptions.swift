import ArgumentParser
import CLIP
import Imaging
import Torch

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

    /// A picture's file as the model's input bytes, uint8 `[3, S, S]`.
    func read(_ path: String, for preprocessor: PicturePreprocessor) throws -> Tensor {
        try preprocessor.bytes(Picture.read(path: path, options: decoding))
    }
}

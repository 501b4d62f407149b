import ArgumentParser
import Imaging

/// How picture files are read.
struct PictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            What becomes of transparency: white (laid on white), open_clip or huggingface (dropped when the picture \
            becomes RGB, after or before resizing as they do; EXIF orientation is then left alone, as Pillow leaves \
            it). pillow is the older name of huggingface.
            """,
            valueName: "white|open_clip|huggingface"))
    var alpha = Alpha.white

    @Option(
        name: .customLong("max-picture-memory"),
        help: ArgumentHelp(
            "Refuse pictures that would take more memory while they are decoded: a number of bytes, MB or GB.",
            valueName: "size"))
    var memory = MemorySize(bytes: DecodeOptions.defaultMemoryLimit)

    enum Alpha: String, ExpressibleByArgument, CaseIterable {
        case white
        case openCLIP = "open_clip"
        case huggingFace = "huggingface"
        case pillow
    }

    /// As pictures are shown, and read where resizing comes after all else.
    var decoding: DecodeOptions {
        var options = DecodeOptions(memoryLimit: memory.bytes)
        if alpha != .white {
            options.alpha = .dropLikePillow
            options.appliesOrientation = false
        }
        return options
    }
}

/// A number of bytes, as people write it: 4000000000, 800MB, 4GB.
struct MemorySize: ExpressibleByArgument, CustomStringConvertible {
    let bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let text = argument.uppercased()
        let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("", 1)]
        guard let unit = units.first(where: { text.hasSuffix($0.0) }),
            let number = Int(text.dropLast(unit.0.count)), number > 0
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.1)
        if overflow { return nil }
        self.bytes = bytes
    }

    var description: String {
        bytes % 1_000_000_000 == 0 ? "\(bytes / 1_000_000_000)GB" : "\(bytes)"
    }
}

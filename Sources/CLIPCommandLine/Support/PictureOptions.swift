import ArgumentParser
import Imaging

/// How picture files are read.
struct PictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            What becomes of transparency: white (laid on white), or what a reference does with a file that Pillow \
            opens, EXIF orientation left alone: open_clip (resized, then dropped), huggingface (laid on white as by \
            transformers 5, then resized), pillow (dropped, then resized).
            """,
            valueName: "white|open_clip|huggingface|pillow"))
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

    /// Whether nothing is asked but what is usual.
    var isPlain: Bool { alpha == .white && memory.bytes == DecodeOptions.defaultMemoryLimit }

    /// As pictures are shown, and read where resizing comes after all else.
    var decoding: DecodeOptions {
        var options = DecodeOptions(memoryLimit: memory.bytes)
        if alpha == .openCLIP || alpha == .pillow { options.alpha = .dropLikePillow }
        options.appliesOrientation = alpha == .white
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

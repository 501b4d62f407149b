import Foundation
import Imaging

/// Small pictures under a command's answers.
struct Previews {
    private let kind: PreviewKind
    private let isMultiplexed: Bool

    /// Lines that a picture takes at most, columns of blocks, and the pixels that are sent.
    private static let lines = 10
    private static let columns = 40
    private static let pixels = (width: 480, height: 240)

    /// - Parameters:
    ///   - asked: nil where no previews are asked for.
    ///   - isJSON: whether the answer is a document.
    /// - Returns: nil where none are shown; if they were asked for, it is said why.
    init?(_ asked: PreviewKind?, isJSON: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let asked else { return nil }
        if isJSON || !Console.outputIsTerminal {
            let place = isJSON ? "a JSON document" : "a file or a pipe"
            Console.note("clip: --preview is for terminals: no pictures in \(place)")
            return nil
        }
        guard let kind = asked == .auto ? PreviewKind.found(in: environment) : asked else {
            Console.note(
                "clip: this terminal (TERM=\(environment["TERM"] ?? "")) shows no pictures; --preview blocks tries")
            return nil
        }
        self.kind = kind
        isMultiplexed = PreviewKind.isMultiplexed(environment)
    }

    /// The lines that show a file, their ends included; nil for one that cannot be read.
    func text(of path: String) -> String? {
        // Of what is shown a thumb wide, nothing more is decoded than a page would.
        let options = DecodeOptions(memoryLimit: 400_000_000)
        guard let picture = try? Picture.read(path: path, options: options) else { return nil }
        return try? text(of: picture)
    }

    private func text(of picture: Picture) throws -> String {
        switch kind {
        case .auto, .blocks:
            // Two pixels in each line, and cells are about twice as high as wide.
            return TerminalPicture.blocks(try picture.fitting(width: Self.columns, height: 2 * Self.lines))
        case .sixel:
            return Sixel.encode(try small(picture)) + "\n"
        case .kitty:
            return TerminalPicture.kitty(try small(picture).encoded(as: .png(compression: 6)), rows: Self.lines) + "\n"
        case .iterm:
            let file = try small(picture).encoded(as: .jpeg(quality: 85))
            return TerminalPicture.iTerm(file, rows: Self.lines, throughTmux: isMultiplexed) + "\n"
        }
    }

    private func small(_ picture: Picture) throws -> Picture {
        try picture.fitting(width: Self.pixels.width, height: Self.pixels.height)
    }
}

extension Picture {
    /// The picture no larger than a box, its shape kept; never enlarged.
    func fitting(width: Int, height: Int) throws -> Picture {
        let share = min(1, Double(width) / Double(self.width), Double(height) / Double(self.height))
        let shortest = max(1, Int((Double(min(self.width, self.height)) * share).rounded(.down)))
        let small = try resizedForStorage(shortestSide: shortest)
        // A picture of one long line has no shape to keep.
        return small.width > 4 * width || small.height > 4 * height
            ? try Picture(width: 1, height: 1, pixels: Array(small.pixels.prefix(3)), name: name) : small
    }
}

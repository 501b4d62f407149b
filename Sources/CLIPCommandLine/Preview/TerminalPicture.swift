import Foundation
import Imaging

/// Pictures as terminals take them: text with escape sequences, which the cursor follows.
enum TerminalPicture {
    private static let escape = "\u{1B}"

    /// kitty's protocol: a PNG in pieces of at most 4096 bytes, shown `rows` lines high.
    static func kitty(_ png: Data, rows: Int) -> String {
        let text = Array(png.base64EncodedString().utf8)
        var sequence = ""
        for start in stride(from: 0, to: max(1, text.count), by: 4096) {
            let piece = String(decoding: text[start..<min(text.count, start + 4096)], as: UTF8.self)
            // The terminal is not to answer (q=2).
            let first = start == 0 ? "a=T,f=100,r=\(rows),q=2," : ""
            let isLast = start + 4096 >= text.count
            sequence += "\(escape)_G\(first)m=\(isLast ? 0 : 1);\(piece)\(escape)\\"
        }
        return sequence
    }

    /// iTerm2's: a whole file of any format that the terminal reads, shown `rows` lines high.
    /// - Parameter throughTmux: wrapped as tmux hands it on (`allow-passthrough` has to be on).
    static func iTerm(_ file: Data, rows: Int, throughTmux: Bool = false) -> String {
        let plain =
            "\(escape)]1337;File=inline=1;size=\(file.count);height=\(rows);preserveAspectRatio=1:"
            + "\(file.base64EncodedString())\u{7}"
        guard throughTmux else { return plain }
        return "\(escape)Ptmux;\(plain.replacingOccurrences(of: escape, with: escape + escape))\(escape)\\"
    }

    /// Half blocks: two rows of pixels in each line, the upper ones as the character's color and the lower ones as what is
    /// behind it.
    static func blocks(_ picture: Picture) -> String {
        var lines = ""
        for top in stride(from: 0, to: picture.height, by: 2) {
            var last = ""
            for column in 0..<picture.width {
                let upper = color(picture, column, top)
                // Below an odd last row there is nothing.
                let lower = top + 1 < picture.height ? color(picture, column, top + 1) : nil
                let colors = "\(escape)[38;2;\(upper)m" + (lower.map { "\(escape)[48;2;\($0)m" } ?? "")
                lines += (colors == last ? "" : colors) + "▀"
                last = colors
            }
            lines += "\(escape)[0m\n"
        }
        return lines
    }

    private static func color(_ picture: Picture, _ column: Int, _ row: Int) -> String {
        let place = (row * picture.width + column) * 3
        return picture.pixels[place..<place + 3].map { "\($0)" }.joined(separator: ";")
    }
}

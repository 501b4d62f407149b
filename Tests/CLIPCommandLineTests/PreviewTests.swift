import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIPCommandLine

/// Pictures on terminals, byte by byte.
@Suite struct PreviewTests {
    private let red: [UInt8] = [255, 0, 0]
    private let blue: [UInt8] = [0, 0, 255]

    private func picture(_ width: Int, _ colors: [[UInt8]]) throws -> Picture {
        try Picture(width: width, height: colors.count / width, pixels: colors.flatMap { $0 })
    }

    @Test func kittyTakesPiecesOfAPNG() {
        #expect(TerminalPicture.kitty(Data([1, 2, 3]), rows: 7) == "\u{1B}_Ga=T,f=100,r=7,q=2,m=0;AQID\u{1B}\\")
        // 3072 bytes are 4096 characters.
        #expect(TerminalPicture.kitty(Data(count: 3072), rows: 7).components(separatedBy: "\u{1B}_G").count == 2)
        let long = TerminalPicture.kitty(Data(count: 6147), rows: 7)
        let parts = long.components(separatedBy: "\u{1B}\\").dropLast()
        #expect(parts.count == 3)
        #expect(parts[0].hasPrefix("\u{1B}_Ga=T,f=100,r=7,q=2,m=1;AAAA") && parts[1].hasPrefix("\u{1B}_Gm=1;AAAA"))
        #expect(parts[2] == "\u{1B}_Gm=0;AAAA")
    }

    @Test func iTermTakesAFileAndTmuxHandsItOn() {
        let plain = "\u{1B}]1337;File=inline=1;size=3;height=5;preserveAspectRatio=1:AQID\u{7}"
        #expect(TerminalPicture.iTerm(Data([1, 2, 3]), rows: 5) == plain)
        #expect(
            TerminalPicture.iTerm(Data([1, 2, 3]), rows: 5, throughTmux: true)
                == "\u{1B}Ptmux;\u{1B}\u{1B}" + plain.dropFirst() + "\u{1B}\\")
    }

    @Test func blocksHoldTwoPixelsEach() throws {
        let (foreground, background) = ("\u{1B}[38;2;", "\u{1B}[48;2;")
        #expect(
            try TerminalPicture.blocks(picture(2, [red, red, blue, blue]))
                == "\(foreground)255;0;0m\(background)0;0;255m▀▀\u{1B}[0m\n")
        // Below an odd last row there is nothing.
        #expect(
            try TerminalPicture.blocks(picture(1, [red, blue, red]))
                == "\(foreground)255;0;0m\(background)0;0;255m▀\u{1B}[0m\n\(foreground)255;0;0m▀\u{1B}[0m\n")
    }

    @Test func sixelsAreBandsOfSixRows() throws {
        let start = "\u{1B}Pq\"1;1;"
        #expect(try Sixel.encode(picture(1, [red])) == start + "1;1#0;2;100;0;0#0@-\u{1B}\\")
        // Blue comes first in the order of colors: the upper three rows of five are red.
        let halves: [[UInt8]] = Array(repeating: red, count: 15) + Array(repeating: blue, count: 10)
        let mixed = try picture(5, halves)
        #expect(Sixel.encode(mixed) == start + "5;5#0;2;0;0;100#1;2;100;0;0#0!5W$#1!5F-\u{1B}\\")
        let colors: [[UInt8]] = Array(repeating: red, count: 12) + [blue, red]
        let two = try picture(2, colors)
        #expect(
            Sixel.encode(two) == start + "2;7#0;2;0;0;100#1;2;100;0;0#1~~-#0@$#1?@-\u{1B}\\")
    }

    @Test func aPaletteHasTheColorsThereAre() throws {
        let gray = (0..<64).map { [UInt8](repeating: UInt8($0 * 4), count: 3) }
        let exact = Palette(try picture(8, gray), count: 255)
        let shown = exact.indices.map { exact.colors[$0] }
        #expect(exact.colors.count == 64 && shown == gray)
        let few = Palette(try picture(8, gray), count: 4)
        let shades = few.colors.map { $0[0] }.sorted()
        #expect(shades == [30, 94, 158, 222])
        for (index, color) in zip(few.indices, gray) { #expect(abs(Int(few.colors[index][0]) - Int(color[0])) <= 30) }
        let one = Palette(try picture(1, [red]), count: 4)
        #expect(one.colors == [red])
    }

    @Test func theEnvironmentTellsWhatATerminalShows() {
        func kind(_ environment: [String: String]) -> PreviewKind? { .found(in: environment) }
        #expect(kind(["TERM": "xterm-kitty"]) == .kitty && kind(["TERM": "x", "KITTY_WINDOW_ID": "1"]) == .kitty)
        #expect(kind(["TERM": "xterm-ghostty"]) == .kitty)
        #expect(kind(["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"]) == .iterm)
        #expect(kind(["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"]) == .iterm)
        #expect(kind(["TERM": "foot"]) == .sixel && kind(["TERM": "xterm", "KONSOLE_VERSION": "230800"]) == .sixel)
        #expect(kind(["TERM": "xterm", "KONSOLE_VERSION": "200400"]) == .blocks)
        #expect(kind(["TERM": "xterm-256color"]) == .blocks && kind(["TERM": "dumb"]) == nil && kind([:]) == nil)
        // Inside tmux, the terminal outside may be another than the variables say.
        let inside = ["TERM": "tmux-256color", "TMUX": "/tmp/tmux", "KITTY_WINDOW_ID": "1"]
        #expect(kind(inside) == .blocks)
        #expect(kind(inside.merging(["LC_TERMINAL": "iTerm2"]) { $1 }) == .iterm)
    }

    @Test func picturesAreFittedIntoABox() throws {
        let wide = try Picture(width: 1000, height: 250, pixels: Array(repeating: 9, count: 750_000))
        let small = try wide.fitting(width: 40, height: 20)
        #expect(small.width == 40 && small.height == 10 && small.pixels.allSatisfy { $0 == 9 })
        let tall = try Picture(width: 10, height: 400, pixels: Array(repeating: 9, count: 12_000))
        #expect(try tall.fitting(width: 40, height: 20).height <= 80)
        let tiny = try picture(1, [red])
        #expect(try tiny.fitting(width: 40, height: 20) == tiny)
        let line = try Picture(width: 1, height: 5000, pixels: Array(repeating: 9, count: 15_000))
        #expect(try line.fitting(width: 40, height: 20).height == 1)
    }

    @Test func picturesAreForTerminalsAlone() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixture.write(ShapePairs.make(variants: 0..<1)[0].picture, to: folder + "/a.png")
            let options = ["--index", folder + "/index", "--threads", "1"]
            try clip(["index", "add", path] + options + Fixture.named).succeeded()
            let plain = try clip(["search", "a cat"] + options).succeeded()
            #expect(plain.text.hasSuffix("  \(path)\n") && !plain.text.contains("\u{1B}"))
            for more in [["--preview"], ["--preview", "sixel"], ["--preview", "--json"]] {
                let outcome = try clip(["search", "a cat"] + options + more).succeeded()
                #expect(!outcome.text.contains("\u{1B}") && outcome.complaints.contains("--preview is for terminals"))
            }
            try clip(["search", "a cat", "--preview", "oil"] + options).failed(64, "oil")
        }
    }
}

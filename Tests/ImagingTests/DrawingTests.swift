import Foundation
import Testing

@testable import Imaging

/// SVG from anywhere: drawn large enough, and without anything outside the file.
@Suite struct DrawingTests {
    private func drawn(_ body: String, size: String = #"width="20" height="20""#, before: String = "") throws -> Picture
    {
        let svg =
            before + #"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \#(size)>"#
            + body + "</svg>"
        return try Picture.decode(Data(svg.utf8), name: "drawing.svg")
    }

    private func color(_ picture: Picture, _ x: Double, _ y: Double) -> [UInt8] {
        let start = (Int(y * Double(picture.height)) * picture.width + Int(x * Double(picture.width))) * 3
        return Array(picture.pixels[start..<start + 3])
    }

    @Test(arguments: [
        (#"width="20" height="10""#, 1024, 512), (#"viewBox="0 0 10 30""#, 512, 1536),
        (#"width="900" height="600""#, 900, 600), (#"width="90000" height="60000""#, 4096, 2731),
        (#"width="1" height="1000""#, 4, 4096),
    ]) func sizes(_ size: String, _ width: Int, _ height: Int) throws {
        let picture = try drawn(#"<rect width="100%" height="100%" fill="blue"/>"#, size: size)
        #expect(abs(picture.width - width) <= 1 && abs(picture.height - height) <= 1)
        #expect(color(picture, 0.5, 0.5) == [0, 0, 255])
    }

    @Test func paperIsWhiteOrDropped() throws {
        let half = #"<rect width="10" height="20" fill="red"/>"#
        let picture = try drawn(half)
        #expect(color(picture, 0.25, 0.5) == [255, 0, 0] && color(picture, 0.75, 0.5) == [255, 255, 255])
        let svg = #"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">\#(half)</svg>"#
        let dropped = try Picture.decode(Data(svg.utf8), name: "d", options: .init(alpha: .dropLikePillow))
        #expect(color(dropped, 0.75, 0.5) == [0, 0, 0])
    }

    @Test(arguments: ["", "\u{FEFF}", "<?xml version=\"1.0\"?>\n<!-- drawn by -->\n<!DOCTYPE svg>\n", "\n  "])
    func whatMayStandBeforeIt(_ before: String) throws {
        #expect(try drawn(#"<rect width="20" height="20"/>"#, before: before).width == 512)
    }

    /// Other files, whatever they are called: their red does not come in.
    @Test func nothingOutsideIsRead() throws {
        let scratch = try Scratch()
        let red = try Picture(width: 4, height: 4, pixels: (0..<48).map { $0 % 3 == 0 ? 255 : 0 })
        let path = try scratch.file("red.png", try red.encoded(as: .png(compression: 6)))
        let sheet = try scratch.file("red.css", "rect{fill:red}".utf8)
        let part = try scratch.file(
            "part.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><g id='a'><rect width='20' height='20' fill='red'/></g></svg>".utf8
        )
        let green = #"<rect width="20" height="20" fill="lime"/>"#
        let bodies = [
            #"<image xlink:href="\#(path)" width="20" height="20"/>"#,
            #"<image xlink:href="file://\#(path)" width="20" height="20"/>"#,
            #"<image href="http://127.0.0.1:9/red.png" width="20" height="20"/>"#,
            #"<style>@import url("file://\#(sheet)");</style>"#, #"<use xlink:href="file://\#(part)#a"/>"#,
            #"<script>document.documentElement.remove()</script>"#,
            #"<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://\#(part)" parse="xml"/>"#,
        ]
        for body in bodies {
            let picture = try? drawn(green + body)
            #expect(picture == nil || picture.map { color($0, 0.5, 0.5) } == [0, 255, 0], "\(body)")
        }
        // What is inside the file is drawn.
        let data = try red.encoded(as: .png(compression: 6)).base64EncodedString()
        let inside = try drawn(#"<image xlink:href="data:image/png;base64,\#(data)" width="20" height="20"/>"#)
        #expect(color(inside, 0.5, 0.5) == [255, 0, 0])
    }

    @Test func entitiesDoNotMultiply() throws {
        let entities = (1...30).map { "<!ENTITY e\($0) \"\(String(repeating: "&e\($0 - 1);", count: 10))\">" }.joined()
        let before = "<!DOCTYPE svg [<!ENTITY e0 \"aaaaaaaaaa\">\(entities)]>"
        #expect(throws: ImagingError.self) { try drawn("<text>&e30;</text>", before: before) }
    }

    @Test func damageIsTold() {
        for text in ["<svg", "<svg xmlns='http://www.w3.org/2000/svg'><g>", "<svg>&nothing;</svg>"] {
            let error = #expect(throws: ImagingError.self) { try Picture.decode(Data(text.utf8), name: "bad.svg") }
            guard case .damaged("bad.svg", .svg, _) = error else {
                Issue.record("\(text): \(String(describing: error))")
                continue
            }
        }
    }
}

import Foundation
import Imaging

@testable import CLIPCorpus
@testable import CLIPData

/// A tree of packages in miniature, removed with the value.
final class Packages {
    let root: String

    init() throws {
        root = NSTemporaryDirectory() + "corpus-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func put(_ path: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    func drawing(_ path: String, title: String, keyword: String = "thing", picture: Picture) throws {
        let svg = """
            <svg><metadata><cc:Work><dc:title>\(title)</dc:title><dc:subject><rdf:li>\(keyword)</rdf:li></dc:subject>
            </cc:Work></metadata></svg>
            """
        try put("openclipart/svg/\(path).svg", Data(svg.utf8))
        try put("openclipart/png/\(path).png", try picture.encoded(as: .png(compression: 6)))
    }

    func stamp(_ path: String, text: String, picture: Picture) throws {
        try put("tuxpaint/stamps/\(path).txt", Data(text.utf8))
        try put("tuxpaint/stamps/\(path).png", try picture.encoded(as: .png(compression: 6)))
    }

    func options() -> PictureCorpus.Options {
        var options = PictureCorpus.Options()
        options.root = root
        options.sources = [.openclipart, .tuxpaintStamps]
        options.pictureSize = 48
        options.heldOutShare = 0.25
        options.pairsPerShard = 40
        options.threads = 2
        return options
    }
}

/// Blocks of seeded colors: no two seeds look alike.
func blocks(_ seed: Int, size: Int = 64) throws -> Picture {
    var random = SplitMix64(seed: UInt64(seed))
    let colors = (0..<16).map { _ in (0..<3).map { _ in UInt8(random.integer(below: 240)) } }
    let pixels = (0..<(size * size)).flatMap { (index: Int) -> [UInt8] in
        let row = index / size * 4 / size
        let column = index % size * 4 / size
        return colors[row * 4 + column]
    }
    return try Picture(width: size, height: size, pixels: pixels)
}

import Foundation
import Testing

@testable import Imaging

/// What a picture is called, from its file to whatever is made of it.
@Suite struct PictureNameTests {
    @Test func aPictureIsCalledAfterItsFile() throws {
        let plain = try Picture(width: 3, height: 2, pixels: (0..<18).map { UInt8($0 * 14) })
        #expect(plain.name == "picture")
        let path = NSTemporaryDirectory() + "named-\(UUID().uuidString).png"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try plain.encoded(as: .png(compression: 6)).write(to: URL(fileURLWithPath: path))
        var read = try Picture.read(path: path)
        #expect(read.name == path)
        // The name is nothing of what it shows.
        #expect(read == plain)
        read.name = "a little one"
        #expect(read == plain && read.oriented(6).name == "a little one")
        #expect(try read.resizedForStorage(shortestSide: 1).name == "a little one")
    }

    @Test(arguments: ["png", "jpg", "webp"]) func bytesAreCalledAsTheirGiverSays(_ format: String) throws {
        let picture = try Picture(width: 8, height: 8, pixels: [UInt8](repeating: 90, count: 192))
        let encoding: PictureEncoding =
            switch format {
            case "png": .png(compression: 1)
            case "jpg": .jpeg(quality: 90)
            default: .webpLossless
            }
        #expect(try Picture.decode(picture.encoded(as: encoding), name: "from \(format)").name == "from \(format)")
    }
}

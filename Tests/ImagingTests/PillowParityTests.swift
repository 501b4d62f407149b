import Foundation
import Testing

@testable import Imaging

@Suite struct PillowParityTests {
    @Test func everyKindIsCovered() {
        #expect(Fixture.all.count >= 60)
        for start in ["jpeg_", "png_", "webp_", "gif_", "tiff_", "avif_", "bmp_"] {
            #expect(Fixture.all.contains { $0.file.hasPrefix(start) }, "no fixture starts with \(start)")
        }
    }

    /// Lossless formats must agree byte for byte; lossy ones may differ where decoders round differently.
    @Test(arguments: Fixture.all) func decodesAsPillow(fixture: Fixture) throws {
        let picture = try Picture.read(path: Fixture.path(fixture.file), options: fixture.options)
        try #require(picture.width == fixture.width && picture.height == fixture.height)
        let expected = Array(fixture.pixels)
        try #require(picture.pixels.count == expected.count)
        var sum = 0
        var worst = (index: 0, difference: 0)
        for index in expected.indices {
            let difference = abs(Int(picture.pixels[index]) - Int(expected[index]))
            sum += difference
            if difference > worst.difference { worst = (index, difference) }
        }
        let mean = Double(sum) / Double(expected.count)
        let isLossy =
            ["jpg", "avif"].contains { fixture.file.hasSuffix($0) } || fixture.file == "tiff_jpeg.tif"
            || fixture.file == "webp_lossy.webp"
        let place = "byte \(worst.index) (x \(worst.index / 3 % fixture.width), y \(worst.index / 3 / fixture.width))"
        #expect(mean <= (isLossy ? 0.5 : 0), "mean \(mean), worst \(worst.difference) at \(place)")
        #expect(worst.difference <= (isLossy ? 12 : 0), "worst \(worst.difference) at \(place)")
    }

    @Test func orientationCanBeLeftAlone() throws {
        let options = DecodeOptions(appliesOrientation: false)
        let upright = try Picture.read(path: Fixture.path("jpeg_exif_6.jpg"), options: options)
        let turned = try Picture.read(path: Fixture.path("jpeg_exif_6.jpg"))
        #expect(upright.width == 27 && upright.height == 14)
        #expect(turned.width == 14 && turned.height == 27)
        #expect(upright.oriented(6) == turned)
    }

    @Test func orientationsComposeToIdentity() throws {
        let picture = try scene(7, 4)
        let inverses = [1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6]
        for (orientation, inverse) in inverses {
            #expect(picture.oriented(orientation).oriented(inverse) == picture, "orientation \(orientation)")
        }
        #expect(picture.oriented(0) == picture && picture.oriented(99) == picture)
    }

    @Test func manyThreadsDecodeAlike() async throws {
        let names = ["jpeg_420.jpg", "png_palette.png", "webp_lossy.webp", "gif_animated.gif", "tiff_lzw.tif"]
        let alone = try names.map { try Picture.read(path: Fixture.path($0)) }
        try await withThrowingTaskGroup(of: (Int, Picture).self) { group in
            for round in 0..<200 {
                let index = round % names.count
                group.addTask { (index, try Picture.read(path: Fixture.path(names[index]))) }
            }
            for try await (index, picture) in group { #expect(picture == alone[index], "\(names[index])") }
        }
    }
}

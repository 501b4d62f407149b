import Foundation
import Testing

@testable import Imaging

@Suite struct EncodeTests {
    @Test(arguments: [PictureEncoding.png(compression: 6), .png(compression: 0), .webpLossless])
    func losslessRoundTrip(encoding: PictureEncoding) throws {
        let picture = try scene(33, 21)
        let data = try picture.encoded(as: encoding)
        #expect(try Picture.decode(data, name: encoding.fileExtension) == picture)
        #expect(try picture.encoded(as: encoding) == data)
    }

    @Test(arguments: [PictureEncoding.jpeg(quality: 95), .webp(quality: 90)])
    func lossyRoundTrip(encoding: PictureEncoding) throws {
        let picture = try scene(48, 40)
        let back = try Picture.decode(try picture.encoded(as: encoding), name: "x")
        let sum = zip(picture.pixels, back.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(Double(sum) / Double(picture.pixels.count) < 6)
    }

    @Test func storageSizeKeepsTheShapeAndNeverEnlarges() throws {
        let wide = try scene(301, 100)
        let small = try wide.resizedForStorage(shortestSide: 40)
        #expect(small.height == 40 && small.width == 120)
        let tall = try scene(90, 200).resizedForStorage(shortestSide: 30)
        #expect(tall.width == 30 && tall.height == 67)
        #expect(try wide.resizedForStorage(shortestSide: 100) == wide)
        #expect(try wide.resizedForStorage(shortestSide: 500) == wide)
        // A flat color must stay what it is.
        let flat = try Picture(width: 64, height: 50, pixels: .init(repeating: 77, count: 64 * 50 * 3))
        #expect(try flat.resizedForStorage(shortestSide: 10).pixels.allSatisfy { $0 == 77 })
    }

    @Test func anSVGIsDrawnOnWhiteAtTheSizeAskedFor() throws {
        let svg =
            #"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="10" height="10" fill="red"/></svg>"#
        let picture = try Picture.renderSVG(Data(svg.utf8), name: "s.svg", shortestSide: 40)
        #expect(picture.width == 80 && picture.height == 40)
        #expect(Array(picture.pixels.prefix(3)) == [255, 0, 0])
        #expect(Array(picture.pixels.suffix(3)) == [255, 255, 255])
        #expect(throws: ImagingError.self) {
            try Picture.renderSVG(Data("<svg".utf8), name: "bad.svg", shortestSide: 40)
        }
    }

    @Test func textIsDrawn() throws {
        let picture = try Picture.rendering(text: "a<&>b", font: "Sans 40")
        #expect(picture.width > picture.height)
        #expect(picture.pixels.contains { $0 < 64 })
    }
}

@Suite struct PerceptualHashTests {
    @Test func averagesByArea() throws {
        let picture = try Picture(width: 3, height: 1, pixels: [0, 0, 0, 90, 90, 90, 240, 240, 240])
        #expect(picture.averaged(columns: 1, rows: 1) == [110, 110, 110])
        let two = picture.averaged(columns: 2, rows: 1)
        #expect(abs(two[0] - 30) < 1e-9 && abs(two[3] - 190) < 1e-9)
        let many = picture.averaged(columns: 6, rows: 4)
        #expect(many.count == 72 && abs(many[0]) < 1e-9 && abs(many[71] - 240) < 1e-9)
    }

    @Test func survivesScalingAndRecompression() throws {
        let picture = try scene(240, 160)
        let hash = PerceptualHash(picture)
        #expect(hash.distance(to: PerceptualHash(try picture.resizedForStorage(shortestSide: 60))) <= 3)
        let poor = try Picture.decode(try picture.encoded(as: .jpeg(quality: 30)), name: "poor")
        #expect(hash.distance(to: PerceptualHash(poor)) <= 3)
    }

    @Test func tellsPicturesApart() throws {
        let picture = try scene(240, 160)
        #expect(PerceptualHash(picture).distance(to: PerceptualHash(picture.oriented(2))) > 12)
        #expect(PerceptualHash(bits: 0b1011).distance(to: PerceptualHash(bits: 0b0010)) == 2)
        let flat = try Picture(width: 40, height: 40, pixels: .init(repeating: 200, count: 4800))
        #expect(PerceptualHash(flat).bits.nonzeroBitCount <= 1)
    }
}

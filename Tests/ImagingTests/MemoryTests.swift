import Foundation
import Testing

@testable import Imaging

/// What bounds a picture's size: the memory that decoding it takes.
@Suite struct MemoryTests {
    /// A photo's header and no more.
    private func jpeg(_ file: String, _ width: UInt16, _ height: UInt16) throws -> [UInt8] {
        var bytes = try Fixture.bytes(file)
        let marker: UInt8 = file.contains("progressive") ? 0xC2 : 0xC0
        let frame = try #require((0..<bytes.count - 1).first { bytes[$0] == 0xFF && bytes[$0 + 1] == marker })
        bytes.replaceSubrange(
            frame + 5..<frame + 9,
            with: [height, width].flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] })
        return bytes
    }

    private func failure(_ bytes: [UInt8], _ options: DecodeOptions) -> ImagingError? {
        do {
            _ = try Picture.decode(bytes, name: "photo", options: options)
            return nil
        } catch {
            return error as? ImagingError
        }
    }

    /// 108 and 200 megapixels, upright or turned.
    @Test(arguments: [(12000, 9000), (16320, 12240)] as [(UInt16, UInt16)])
    func photosOfPhonesFit(_ width: UInt16, _ height: UInt16) throws {
        for file in ["jpeg_420.jpg", "jpeg_exif_6.jpg"] {
            let bytes = Int(width) * Int(height) * (file == "jpeg_420.jpg" ? 3 : 6)
            #expect(bytes <= DecodeOptions.defaultMemoryLimit)
            let expected = ImagingError.tooMuchMemory(
                name: "photo", width: Int(width), height: Int(height), bytes: bytes, limit: bytes - 1)
            #expect(failure(try jpeg(file, width, height), .init(memoryLimit: bytes - 1)) == expected)
        }
    }

    /// A progressive file's coefficients are all held at once.
    @Test func progressiveFilesCountTheirCoefficients() throws {
        let photo = try jpeg("jpeg_progressive.jpg", 1000, 1000)
        let expected = ImagingError.tooMuchMemory(
            name: "photo", width: 1000, height: 1000, bytes: 9_000_000, limit: 8_999_999)
        #expect(failure(photo, .init(memoryLimit: 8_999_999)) == expected)
    }

    @Test func theRefusalSaysHowMuch() {
        let error = ImagingError.tooMuchMemory(name: "a.png", width: 60000, height: 60000, bytes: .max, limit: 5)
        #expect(error.description.contains("60000 x 60000") && error.description.contains("limit"))
    }

    /// The exact way is the only way: a picture that fits is decoded whole, whatever its size.
    @Test func aLargePhotoIsDecodedWhole() throws {
        let picture = try Picture(width: 5000, height: 4000, pixels: [UInt8](repeating: 100, count: 60_000_000))
        let bytes = try picture.encoded(as: .jpeg(quality: 90))
        let read = try Picture.decode(bytes, name: "large", options: .init(memoryLimit: 60_000_000))
        #expect(read.width == 5000 && read.height == 4000 && abs(Int(read.pixels[30_000_000]) - 100) < 2)
    }
}

import Foundation
import Testing

@testable import Imaging

/// JPEGs that go straight to libjpeg-turbo.
@Suite struct PlainJPEGTests {
    private func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixture.path(file))))
    }

    private static let files = Fixture.all.map(\.file).filter { $0.hasPrefix("jpeg_") }

    /// The detour and the straight way are one decoder: the same bytes.
    @Test(arguments: files) func pixelsAreLibvipss(_ file: String) throws {
        try bytes(file).withUnsafeBytes { bytes in
            guard let header = PlainJPEG.header(bytes) else { return }
            let pixels = try #require(PlainJPEG.decode(bytes, header))
            let slow = try LibraryReader(format: .jpeg, name: file, options: .init()).samples(bytes)
                .picture(.init(), name: file)
            try #require(header.width == slow.width && header.height == slow.height)
            let worst = zip(pixels, slow.pixels).enumerated().first { $1.0 != $1.1 }
            #expect(pixels.count == slow.pixels.count && worst == nil, "\(file): byte \(worst?.offset ?? -1)")
        }
    }

    @Test func whatIsPlain() throws {
        let plain = try Self.files.filter { try bytes($0).withUnsafeBytes { PlainJPEG.header($0) != nil } }
        for file in ["jpeg_420.jpg", "jpeg_422.jpg", "jpeg_444.jpg", "jpeg_gray.jpg", "jpeg_restart.jpg"] {
            #expect(plain.contains(file), "\(file) takes the detour")
        }
        for file in plain {
            #expect(!["exif", "cmyk", "progressive"].contains { file.contains($0) }, "\(file) needs libvips")
        }
    }

    /// Cut anywhere: either not plain any more, or not decoded; libvips then says what is wrong.
    @Test func nothingIsReadFromFilesCutShort() throws {
        let whole = try bytes("jpeg_420.jpg")
        for count in stride(from: 0, to: whole.count - 2, by: 7) {
            let pixels = whole[..<count].withUnsafeBytes { bytes in
                PlainJPEG.header(bytes).flatMap { PlainJPEG.decode(bytes, $0) }
            }
            #expect(pixels == nil, "\(count) bytes")
            #expect(throws: ImagingError.self, "\(count) bytes") {
                _ = try Picture.decode(Array(whole[..<count]), name: "cut.jpg")
            }
        }
    }

    @Test func segmentsThatLieAreRefused() throws {
        var bytes = try bytes("jpeg_444.jpg")
        bytes[4] = 0xFF
        bytes[5] = 0xFF
        #expect(bytes.withUnsafeBytes { PlainJPEG.header($0) } == nil)
        bytes[4] = 0
        bytes[5] = 1
        #expect(bytes.withUnsafeBytes { PlainJPEG.header($0) } == nil)
    }
}

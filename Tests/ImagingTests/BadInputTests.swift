import Files
import Foundation
import Testing

@testable import Imaging

@Suite struct BadInputTests {
    private func failure(_ bytes: [UInt8], _ name: String, options: DecodeOptions = .init()) -> ImagingError? {
        do {
            _ = try Picture.decode(bytes, name: name, options: options)
            return nil
        } catch {
            return error as? ImagingError
        }
    }

    private func failure(path: String) -> ImagingError? {
        do {
            _ = try Picture.read(path: path)
            return nil
        } catch {
            return error as? ImagingError
        }
    }

    @Test func emptyAndText() throws {
        #expect(failure([], "none.png") == .empty(name: "none.png"))
        #expect(failure(Array("hello\n".utf8), "a.png") == .unknownFormat(name: "a.png", looksLike: "text"))
        #expect(failure([1, 2, 3], "b.png") == .unknownFormat(name: "b.png", looksLike: nil))
        #expect(failure([], "x")?.kind == .badData)
    }

    @Test func missingIsToldFromBad() throws {
        let scratch = try Scratch()
        let nowhere = scratch.url.appendingPathComponent("nowhere.jpg").path
        #expect(failure(path: nowhere) == .file(FileFault(nowhere, .opening, .system(ENOENT))))
        #expect(failure(path: nowhere)?.kind == .missingInput)
        let under = try scratch.file("plain", [1]) + "/below.jpg"
        #expect(failure(path: under) == .file(FileFault(under, .opening, .system(ENOTDIR))))
        let folder = scratch.url.path
        #expect(failure(path: folder) == .file(FileFault(folder, .opening, .folder)))
        #expect(failure(path: "/dev/null") == .file(FileFault("/dev/null", .opening, .notRegular)))
        let empty = try scratch.file("empty.png", [])
        #expect(failure(path: empty) == .empty(name: empty))
    }

    /// A superuser may read everything, so there the same file must decode.
    @Test func permissionIsRespected() throws {
        let scratch = try Scratch()
        let path = try scratch.file("locked.png", try Fixture.bytes("png_rgb.png"))
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        if geteuid() == 0 {
            #expect(failure(path: path) == nil)
        } else {
            #expect(failure(path: path) == .file(FileFault(path, .opening, .system(EACCES))))
        }
    }

    @Test func bombsAreRefusedFromTheHeader() throws {
        for file in ["bomb.png", "bomb.bmp"] {
            let path = Fixture.path(file)
            let expected = ImagingError.tooMuchMemory(
                name: path, width: 50000, height: 50000, bytes: 7_500_000_000, limit: 2_000_000_000)
            #expect(failure(path: path) == expected)
        }
        let bytes = try Fixture.bytes("png_rgb.png")
        #expect(
            failure(bytes, "p", options: .init(memoryLimit: 493 * 3 - 1))
                == .tooMuchMemory(name: "p", width: 29, height: 17, bytes: 1479, limit: 1478))
        #expect(failure(bytes, "p", options: .init(memoryLimit: 493 * 3)) == nil)
        #expect(
            failure(bytes, "p", options: .init(byteLimit: 10))
                == .tooManyBytes(name: "p", bytes: bytes.count, limit: 10))
    }

    /// Every format but BMP's padding must notice that its second half is gone.
    @Test(arguments: [
        "jpeg_420_larger.jpg", "jpeg_progressive.jpg", "jpeg_gray.jpg", "jpeg_cmyk.jpg", "png_rgb.png",
        "png_interlaced.png", "png_palette.png", "webp_lossy.webp", "webp_lossless.webp", "gif_interlaced.gif",
        "tiff_rgb.tif", "tiff_lzw.tif", "avif_444.avif", "bmp_24.bmp", "bmp_palette.bmp",
    ])
    func truncationIsRefused(file: String) throws {
        let whole = try Fixture.bytes(file)
        #expect(failure(whole, file) == nil)
        for share in [0.5, 0.75, 0.9] {
            let error = failure(Array(whole.prefix(Int(Double(whole.count) * share))), file)
            guard case .damaged(let name, _, _) = error else {
                Issue.record("\(file) cut to \(share): \(String(describing: error))")
                continue
            }
            #expect(name == file)
        }
    }

    /// Whatever happens to the bytes, decoding ends with a picture or an ``ImagingError``.
    @Test func noiseNeverCrashes() throws {
        var state: UInt64 = 9
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var refused = 0
        for file in Set(Fixture.all.map(\.file)).sorted() {
            let whole = try Fixture.bytes(file)
            for _ in 0..<12 {
                var bytes = whole
                for _ in 0..<(1 + random() % 6) { bytes[Int(random()) % bytes.count] = UInt8(random() & 255) }
                do {
                    let picture = try Picture.decode(bytes, name: file, options: .init(memoryLimit: 3_000_000))
                    #expect(picture.pixels.count == picture.width * picture.height * 3)
                } catch {
                    #expect(error is ImagingError, "\(file): \(error)")
                    refused += 1
                }
            }
        }
        #expect(refused > 50)
    }

    @Test func dangerousFormatsAreNotReachable() throws {
        let others = [
            "%PDF-1.4\n", "P7\nWIDTH 2\n", "push graphic-context\n", "<html><svg/></html>",
            "id=ImageMagick", "#?RADIANCE\n", "1,2,3\n4,5,6\n", "<!DOCTYPE html><html></html>",
        ]
        for text in others {
            guard case .unknownFormat = failure(Array(text.utf8), "trick.png") else {
                Issue.record("\(text.prefix(20)) was not refused by its format")
                continue
            }
        }
    }

    @Test func everyErrorSaysWhatToDo() {
        let errors: [ImagingError] = [
            .file(FileFault("p", .opening, .system(ENOENT))), .file(FileFault("p", .opening, .folder)),
            .empty(name: "p"),
            .unknownFormat(name: "p", looksLike: nil), .unsupported(name: "p", detail: "d"),
            .tooMuchMemory(name: "p", width: 1, height: 2, bytes: 6, limit: 1),
            .tooManyBytes(name: "p", bytes: 2, limit: 1),
            .damaged(name: "p", format: .png, detail: "d"),
        ]
        for error in errors {
            #expect(error.description.hasPrefix("p: ") && error.description.contains("; "), "\(error)")
        }
    }

    @Test func sizesAreChecked() {
        #expect(throws: ImagingError.invalidSize(width: 2, height: 2, count: 11)) {
            try Picture(width: 2, height: 2, pixels: .init(repeating: 0, count: 11))
        }
        #expect(throws: ImagingError.self) { try Picture(width: .max, height: 2, pixels: []) }
        #expect(throws: ImagingError.self) { try Picture(width: 0, height: 0, pixels: []) }
    }
}

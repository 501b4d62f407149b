import Testing

@testable import Imaging

/// What bytes are told to be.
@Suite struct FormatTests {
    private func refusal(_ bytes: [UInt8]) -> String? {
        let error = #expect(throws: ImagingError.self) { try Picture.decode(bytes, name: "a") }
        guard case .unknownFormat("a", let looksLike) = error else {
            Issue.record("\(String(describing: error))")
            return nil
        }
        return looksLike
    }

    @Test(arguments: [
        ("8BPS\0\u{1}", "Photoshop"), ("gimp xcf file\0", "GIMP"), ("\0\0\0\u{C}JXL \r\n", "JPEG XL"),
        ("DDS |\0\0\0", "DDS"), ("qoif\0\0", "QOI"), ("%!PS-Adobe", "PostScript"), ("%PDF-1.4", "PDF"),
        ("#?RADIANCE\n", "Radiance"), ("P7\nWIDTH 3\n", "PAM"), ("Pf\n3 3\n", "floating"), ("icns\0\0", "Apple"),
        ("/* XPM */", "XPM"), ("AT&TFORM", "DjVu"), ("SIMPLE  =   T", "FITS"), ("BZh91AY", "bzip2"),
        ("\0\0\0\u{18}ftypmp42\0\0", "video"), ("RIFF\0\0\0\0WAVEfmt ", "sound"), ("<!DOCTYPE html><html>", "web page"),
        ("<?xml version='1.0'?><gpx/>", "XML"), ("version https://git-lfs.github.com/spec/v1", "LFS"),
        ("plain words", "text"),
    ]) func othersAreRefusedByName(_ text: String, _ name: String) throws {
        #expect(refusal(Array(text.utf8))?.contains(name) == true)
    }

    @Test func bytesThatAreNoText() {
        #expect(refusal([0x76, 0x2F, 0x31, 1, 2]) == "OpenEXR")
        #expect(refusal([0xFF, 0x0A, 1, 2]) == "JPEG XL")
        #expect(refusal([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 4, 0, 24, 0, 0]) == "TGA")
        #expect(refusal([1, 2, 3]) == nil)
    }

    /// The words that an unknown file is met with name every format.
    @Test func theListIsWhole() {
        let list = PictureFormat.list + " HEIF"
        for format in PictureFormat.allCases where format != .raw {
            #expect(list.contains(format.rawValue), "\(format) is missing")
        }
        #expect(list.contains("RAW"))
    }
}

import Files

extension PictureFormat {
    /// Formats that are not read, by their first bytes.
    private static let others: [(offset: Int, mark: [UInt8], name: String)] = [
        (0, Array("8BPS".utf8), "a Photoshop document"),
        (0, Array("gimp xcf".utf8), "a GIMP picture"),
        (0, [0xFF, 0x0A], "JPEG XL"),
        (0, [0, 0, 0, 12, 0x4A, 0x58, 0x4C, 0x20], "JPEG XL"),
        (0, [0x49, 0x49, 0xBC, 0x01], "JPEG XR"),
        (0, [0x76, 0x2F, 0x31, 0x01], "OpenEXR"),
        (0, Array("#?RADIANCE".utf8), "Radiance HDR"),
        (0, Array("#?RGBE".utf8), "Radiance HDR"),
        (0, Array("P7\n".utf8), "Netpbm's PAM"),
        (0, Array("PF\n".utf8), "PFM, floating point"),
        (0, Array("Pf\n".utf8), "PFM, floating point"),
        (0, Array("DDS ".utf8), "DDS, a texture"),
        (1, Array("KTX".utf8), "KTX, a texture"),
        (0, Array("qoif".utf8), "QOI"),
        (0, Array("farbfeld".utf8), "farbfeld"),
        (0, Array("icns".utf8), "Apple's icons"),
        (0, Array("AT&TFORM".utf8), "DjVu"),
        (0, Array("SIMPLE  =".utf8), "FITS"),
        (0, Array("/* XPM".utf8), "XPM"),
        (0, Array("#define ".utf8), "XBM, or a program's header"),
        (0, [0x8A, 0x4D, 0x4E, 0x47], "MNG"),
        (0, [0x8B, 0x4A, 0x4E, 0x47], "JNG"),
        (0, [0x59, 0xA6, 0x6A, 0x95], "a Sun raster picture"),
        (0, [0x01, 0xDA], "an SGI picture"),
        (0, Array("%!PS".utf8), "PostScript"),
        (0, [0xC5, 0xD0, 0xD3, 0xC6], "PostScript"),
        (0, [0xD7, 0xCD, 0xC6, 0x9A], "a Windows metafile"),
        (40, Array(" EMF".utf8), "a Windows metafile"),
        (128, Array("DICM".utf8), "DICOM"),
        (0, [0x42, 0x50, 0x47, 0xFB], "BPG"),
        (0, Array("%PDF".utf8), "PDF"),
        (0, [0x50, 0x4B, 3, 4], "a zip archive"),
        (0, [0x1F, 0x8B], "gzip: a compressed file, perhaps .svgz"),
        (0, Array("BZh".utf8), "a bzip2 archive"),
        (0, [0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive"),
        (0, [0x1A, 0x45, 0xDF, 0xA3], "a Matroska video"),
        (0, Array("RIFF".utf8), "a RIFF sound or video"),
        (4, Array("ftyp".utf8), "a video"),
        (4, Array("moov".utf8), "a video"),
        (0, [0x0A, 5, 1], "PCX"),
        (0, [40, 0, 0, 0], "a bitmap without its file header"),
    ]

    /// Names what unreadable bytes seem to be, so that the refusal helps.
    static func guess(_ bytes: UnsafeRawBufferPointer) -> String? {
        for (offset, mark, name) in others
        where bytes.count >= offset + mark.count && bytes[offset..<offset + mark.count].elementsEqual(mark) {
            return name
        }
        let head = bytes.prefix(512)
        if case .pointer(let kind, _)? = PointerFile.cause(head) {
            return "a \(kind.rawValue) pointer, the picture not fetched"
        }
        let text = String(decoding: head, as: UTF8.self).lowercased().drop(while: \.isWhitespace)
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { return "a web page" }
        if text.hasPrefix("<?xml") { return "XML, but no SVG" }
        if head.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 || $0 == 10 || $0 == 13 }) { return "text" }
        if isTarga(bytes) { return "TGA" }
        return nil
    }

    /// TGA has no mark; a header that makes sense, or the newer kind's end, is one.
    private static func isTarga(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.count > 26, bytes.suffix(18).elementsEqual("TRUEVISION-XFILE.\0".utf8) { return true }
        guard bytes.count > 18, bytes[1] <= 1, [1, 2, 3, 9, 10, 11].contains(bytes[2]) else { return false }
        let sides = [12, 14].map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
        return [8, 15, 16, 24, 32].contains(bytes[16]) && !sides.contains(0)
    }
}

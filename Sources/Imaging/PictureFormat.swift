import Files

/// The container formats that are read.
public enum PictureFormat: String, Sendable, CaseIterable {
    /// ISO/IEC 10918: baseline and progressive.
    case jpeg = "JPEG"
    /// ISO/IEC 15948.
    case png = "PNG"
    /// Google's, lossy or lossless.
    case webp = "WebP"
    /// Of an animation, the first picture.
    case gif = "GIF"
    /// Classic and BigTIFF; of several pages the first.
    case tiff = "TIFF"
    /// HEIC and AVIF, where libvips has their decoders.
    case heif = "HEIF"
    /// Windows bitmaps without compression.
    case bmp = "BMP"

    /// Tells the format from the first bytes, never from the file's name; nil for anything that is not read.
    public init?(firstBytes bytes: UnsafeRawBufferPointer) {
        func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + prefix.count && bytes[offset..<(offset + prefix.count)].elementsEqual(prefix)
        }
        if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if starts(Array("GIF87a".utf8)) || starts(Array("GIF89a".utf8)) {
            self = .gif
        } else if starts([0x49, 0x49, 42, 0]) || starts([0x4D, 0x4D, 0, 42])  // classic TIFF
            || starts([0x49, 0x49, 43, 0]) || starts([0x4D, 0x4D, 0, 43])  // BigTIFF
        {
            self = .tiff
        } else if starts(Array("ftyp".utf8), at: 4), bytes.count >= 12,
            Self.heifBrands.contains(String(decoding: bytes[8..<12], as: UTF8.self))
        {
            self = .heif
        } else if starts(Array("BM".utf8)), bytes.count >= 26 {
            self = .bmp
        } else {
            return nil
        }
    }

    /// Major brands of ISO/IEC 23008-12 (HEIF) and AVIF still pictures and sequences.
    private static let heifBrands: Set<String> = [
        "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1", "avif", "avis",
    ]

    /// Names what unreadable bytes seem to be, so that the refusal helps.
    static func guess(_ bytes: UnsafeRawBufferPointer) -> String? {
        let head = bytes.prefix(512)
        let text = String(decoding: head, as: UTF8.self).lowercased()
        if case .pointer(let kind, _)? = PointerFile.cause(head) {
            return "a \(kind.rawValue) pointer, the picture not fetched"
        }
        if text.contains("<svg") { return "SVG, which is not read from untrusted files" }
        if text.hasPrefix("%pdf") { return "PDF" }
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { return "a web page" }
        if head.starts(with: [0x50, 0x4B, 3, 4]) { return "a zip archive" }
        if head.allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 || $0 == 10 || $0 == 13 }) { return "text" }
        return nil
    }
}

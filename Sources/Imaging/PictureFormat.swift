/// The formats that are read.
public enum PictureFormat: String, Sendable, CaseIterable {
    /// ISO/IEC 10918: baseline and progressive, 8 bits.
    case jpeg = "JPEG"
    /// ISO/IEC 15948.
    case png = "PNG"
    /// Google's, lossy or lossless.
    case webp = "WebP"
    /// Of an animation, the first picture.
    case gif = "GIF"
    /// Classic and BigTIFF; of several pages the first. Gray, palette, RGB, CMYK and YCbCr of up to 16 bits.
    case tiff = "TIFF"
    /// HEIC and AVIF, where libvips has their decoders.
    case heif = "HEIF"
    /// Windows bitmaps, run-length coded or not.
    case bmp = "BMP"
    /// ISO/IEC 15444-1: JP2 files and bare codestreams, where libvips has OpenJPEG.
    case jpeg2000 = "JPEG 2000"
    /// Netpbm's PBM, PGM and PPM.
    case pnm = "PNM"
    /// Windows icons and cursors: the largest picture.
    case icon = "ICO"
    /// Drawings, drawn without anything outside the file: no other file, no network, no scripts.
    case svg = "SVG"
    /// Cameras' RAW files, by the JPEG preview inside: CR2, CR3, NEF, ARW, DNG, ORF, RW2, PEF, RAF and others.
    case raw = "camera RAW"

    /// All that is read, in a phrase's middle.
    static let list =
        "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF, JPEG 2000, PNM, ICO, SVG or a camera's RAW"

    /// Tells the format from the first bytes, never from the file's name; nil for anything that is not read. A camera's
    /// RAW is told from a TIFF by its directories, wherever they lie, so that all bytes are best.
    public init?(firstBytes bytes: UnsafeRawBufferPointer) {
        func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + prefix.count && bytes[offset..<(offset + prefix.count)].elementsEqual(prefix)
        }
        func starts(_ text: String, at offset: Int = 0) -> Bool { starts(Array(text.utf8), at: offset) }
        if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts("RIFF"), starts("WEBP", at: 8) {
            self = .webp
        } else if starts("GIF87a") || starts("GIF89a") {
            self = .gif
        } else if CameraRAW.holds(bytes) {
            self = .raw
        } else if starts([0x49, 0x49, 42, 0]) || starts([0x4D, 0x4D, 0, 42])  // classic TIFF
            || starts([0x49, 0x49, 43, 0]) || starts([0x4D, 0x4D, 0, 43])  // BigTIFF
        {
            self = .tiff
        } else if starts("ftyp", at: 4), bytes.count >= 12,
            Self.heifBrands.contains(String(decoding: bytes[8..<12], as: UTF8.self))
        {
            self = .heif
        } else if starts("BM"), bytes.count >= 26 {
            self = .bmp
        } else if starts([0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A])  // a JP2 file
            || starts([0xFF, 0x4F, 0xFF, 0x51])  // a codestream: SOC, SIZ
        {
            self = .jpeg2000
        } else if starts("P"), bytes.count > 2, (0x31...0x36).contains(bytes[1]), Self.isSpace(bytes[2]) {
            self = .pnm
        } else if starts([0, 0, 1, 0]) || starts([0, 0, 2, 0]), Self.isIcon(bytes) {
            self = .icon
        } else if Self.isSVG(bytes) {
            self = .svg
        } else {
            return nil
        }
    }

    /// Major brands of ISO/IEC 23008-12 (HEIF) and AVIF still pictures and sequences.
    private static let heifBrands: Set<String> = [
        "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1", "avif", "avis",
    ]

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) || byte == 0x23 }

    /// Four bytes are little to go by: the table's first entry must begin as one does.
    private static func isIcon(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 22 && bytes[4] | bytes[5] != 0 && bytes[9] == 0
    }

    /// XML whose first element is `svg`, or has that name in a namespace.
    private static func isSVG(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let head = String(decoding: bytes.dropFirst(start).prefix(4096), as: UTF8.self)
        var rest = Substring(head).drop(while: \.isWhitespace)
        // What may stand before the first element: the declaration, comments, a document type with its own brackets.
        while rest.hasPrefix("<?") || rest.hasPrefix("<!") {
            let end = rest.hasPrefix("<!--") ? "-->" : rest.prefix(while: { $0 != ">" }).contains("[") ? "]>" : ">"
            guard let range = rest.firstRange(of: end) else { return rest.contains("<svg") }
            rest = rest[range.upperBound...].drop(while: \.isWhitespace)
        }
        let name = rest.dropFirst().prefix { !$0.isWhitespace && $0 != ">" && $0 != "/" }
        return rest.hasPrefix("<") && (name == "svg" || name.hasSuffix(":svg"))
    }
}

import CVips
import Files
import Foundation

/// What to do with transparency.
public enum AlphaPolicy: Sendable {
    /// Lay the picture on white, as a page shows it.
    case flattenOnWhite
    /// Drop the alpha band and keep the color stored under it, as Pillow's `convert("RGB")` does.
    case dropLikePillow
}

/// How bytes become a ``Picture``.
public struct DecodeOptions: Sendable {
    /// What to do with transparency.
    public var alpha: AlphaPolicy
    /// Pictures whose header announces more pixels (width times height) are refused before anything is decoded.
    public var pixelLimit: Int
    /// Files of more bytes are refused before they are read.
    public var byteLimit: Int
    /// Whether the orientation a camera wrote (EXIF or TIFF tag 274) is applied. HEIF and AVIF keep theirs in the
    /// container, which is always applied.
    public var appliesOrientation: Bool

    /// The defaults read any picture a page would show, up to 100 megapixels and 512 MiB.
    public init(
        alpha: AlphaPolicy = .flattenOnWhite, pixelLimit: Int = 100_000_000, byteLimit: Int = 1 << 29,
        appliesOrientation: Bool = true
    ) {
        self.alpha = alpha
        self.pixelLimit = pixelLimit
        self.byteLimit = byteLimit
        self.appliesOrientation = appliesOrientation
    }
}

extension Picture {
    /// Reads and decodes the file at `path`, which becomes the picture's name.
    ///
    /// - Throws: ``ImagingError``; its ``ImagingError/kind`` tells a missing or unreadable file from a bad one.
    public static func read(path: String, options: DecodeOptions = .init()) throws -> Picture {
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try WholeFile.bytes(path, limit: options.byteLimit)
        } catch {
            throw ImagingError(error)
        }
        return try decode(bytes, name: path, options: options)
    }

    /// Decodes a whole picture file held in memory; `name` is what answers and messages call it.
    ///
    /// - Throws: ``ImagingError``.
    public static func decode(_ bytes: Data, name: String, options: DecodeOptions = .init()) throws -> Picture {
        try bytes.withUnsafeBytes { try decode($0, name: name, options: options) }
    }

    /// Decodes a whole picture file held in memory; `name` is what answers and messages call it.
    ///
    /// - Throws: ``ImagingError``.
    public static func decode(_ bytes: [UInt8], name: String, options: DecodeOptions = .init()) throws -> Picture {
        try bytes.withUnsafeBytes { try decode($0, name: name, options: options) }
    }

    /// Decodes a whole picture file held in memory; `name` is what answers and messages call it.
    ///
    /// Of an animation or a file of several pages the first is taken. Colors are those of Pillow's
    /// `convert("RGB")`: no color profile is applied, CMYK is converted by `(255 - C)(255 - K) / 255`, and of 16-bit
    /// samples the high byte is kept.
    ///
    /// - Throws: ``ImagingError``. A file cut short is refused, not filled up with gray.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions = .init()
    ) throws -> Picture {
        guard !bytes.isEmpty else { throw ImagingError.empty(name: name) }
        guard bytes.count <= options.byteLimit else {
            throw ImagingError.tooManyBytes(name: name, bytes: bytes.count, limit: options.byteLimit)
        }
        guard let format = PictureFormat(firstBytes: bytes) else {
            throw ImagingError.unknownFormat(name: name, looksLike: PictureFormat.guess(bytes))
        }
        guard let loader = format.loader else { return try Bitmap.decode(bytes, name: name, options: options) }
        if format == .jpeg, let header = PlainJPEG.header(bytes) {
            try checkArea(width: header.width, height: header.height, name: name, limit: options.pixelLimit)
            if let pixels = PlainJPEG.decode(bytes, header) {
                return Picture(unchecked: pixels, width: header.width, height: header.height, name: name)
            }
        }
        return try decode(bytes, by: loader, format: format, name: name, options: options)
    }

    /// - Parameter loader: the number that `cv_open` knows the format by.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, by loader: Int32, format: PictureFormat, name: String, options: DecodeOptions
    ) throws -> Picture {
        try Vips.start()
        guard let image = VipsPicture(cv_open(loader, bytes.baseAddress, bytes.count)) else {
            throw ImagingError.damaged(name: name, format: format, detail: Vips.takeError())
        }
        try checkArea(width: image.width, height: image.height, name: name, limit: options.pixelLimit)
        let layout = try SampleLayout(of: image, name: name)
        let orientation = options.appliesOrientation && format != .heif ? image.orientation : 1
        guard let samples = image.samples() else {
            throw ImagingError.damaged(name: name, format: format, detail: Vips.takeError())
        }
        let pixels = layout.toRGB(samples, alpha: options.alpha)
        return Picture(unchecked: pixels, width: image.width, height: image.height, name: name).oriented(orientation)
    }

    static func checkArea(width: Int, height: Int, name: String, limit: Int) throws {
        let (area, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, area <= limit else {
            throw ImagingError.tooLarge(name: name, width: width, height: height, limit: limit)
        }
    }
}

extension PictureFormat {
    /// The number `cv_open` knows the format by; nil for the one read without the library.
    var loader: Int32? {
        switch self {
        case .jpeg: Int32(CV_JPEG.rawValue)
        case .png: Int32(CV_PNG.rawValue)
        case .webp: Int32(CV_WEBP.rawValue)
        case .gif: Int32(CV_GIF.rawValue)
        case .tiff: Int32(CV_TIFF.rawValue)
        case .heif: Int32(CV_HEIF.rawValue)
        case .bmp: nil
        }
    }
}

import Files
import Foundation

extension Picture {
    /// Reads and decodes the file at `path`, which becomes the picture's name.
    ///
    /// - Throws: ``ImagingError``; its ``ImagingError/kind`` tells a missing or unreadable file from a bad one.
    public static func read(path: String, options: DecodeOptions = .init()) throws -> Picture {
        try decode(PictureFile.bytes(path, options), name: path, options: options)
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
    /// Of an animation or a file of several pages the first is taken, of an icon the largest, of a camera's RAW the
    /// preview that the camera developed. Colors are those of Pillow's `convert("RGB")`, which every CLIP family is
    /// trained and run on: a color profile (ICC) is not applied, in whatever color space the numbers are meant, so
    /// that wide-gamut pictures give the numbers stored in them; CMYK is converted by `(255 - C)(255 - K) / 255`. Of
    /// samples of 9 to 16 bits the more significant byte is kept (Pillow cuts gray ones off at 255 instead).
    ///
    /// - Throws: ``ImagingError``. A file cut short is refused, not filled up with gray.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions = .init()
    ) throws -> Picture {
        let format = try PictureFile.format(of: bytes, name: name, options)
        if format == .jpeg, let header = PlainJPEG.header(bytes) {
            try options.checkMemory(width: header.width, height: header.height, bytesPerPixel: 3, name: name)
            if let pixels = PlainJPEG.decode(bytes, header) {
                return Picture(unchecked: pixels, width: header.width, height: header.height, name: name)
            }
        }
        return try PictureFile.samples(bytes, format, name: name, options).picture(options, name: name)
    }
}

/// From a file's bytes to samples, whatever the format.
enum PictureFile {
    static func bytes(_ path: String, _ options: DecodeOptions) throws -> [UInt8] {
        do throws(FileFault) {
            return try WholeFile.bytes(path, limit: options.byteLimit)
        } catch {
            throw ImagingError(error)
        }
    }

    /// - Throws: ``ImagingError`` for bytes that are none, too many, or of no format read here.
    static func format(
        of bytes: UnsafeRawBufferPointer, name: String, _ options: DecodeOptions
    ) throws -> PictureFormat {
        guard !bytes.isEmpty else { throw ImagingError.empty(name: name) }
        guard bytes.count <= options.byteLimit else {
            throw ImagingError.tooManyBytes(name: name, bytes: bytes.count, limit: options.byteLimit)
        }
        guard let format = PictureFormat(firstBytes: bytes) else {
            throw ImagingError.unknownFormat(name: name, looksLike: PictureFormat.guess(bytes))
        }
        return format
    }

    static func samples(
        _ bytes: UnsafeRawBufferPointer, _ format: PictureFormat, name: String, _ options: DecodeOptions
    ) throws -> DecodedSamples {
        switch format {
        case .jpeg, .png, .webp, .heif, .jpeg2000:
            try LibraryReader(format: format, name: name, options: options).samples(bytes)
        case .gif: try GIFReader(bytes, name: name).samples(options)
        case .tiff: try TIFFReader.samples(bytes, name: name, options: options)
        case .bmp: try Bitmap.samples(bytes, name: name, options: options)
        case .icon: try IconReader(bytes, name: name).samples(options)
        case .pnm: try PNMReader.samples(bytes, name: name, options: options)
        case .svg: try Drawing.samples(bytes, name: name, options: options)
        case .raw: try CameraRAW.samples(bytes, name: name, options: options)
        }
    }
}

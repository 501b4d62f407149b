/// What to do with transparency.
public enum AlphaPolicy: Sendable {
    /// Lay the picture on white, as a page shows it, and as Hugging Face's processors do (transformers 5).
    case flattenOnWhite
    /// Drop the alpha band and keep the color stored under it, as Pillow's `convert("RGB")` does, and as processors of
    /// transformers 4 did before they resized. open_clip resizes first (``UnconvertedPicture``).
    case dropLikePillow
}

/// How bytes become a ``Picture``.
public struct DecodeOptions: Sendable {
    /// What to do with transparency.
    public var alpha: AlphaPolicy
    /// Pictures that would take more memory than this while they are decoded, in bytes, are refused from their header,
    /// before anything is decoded. A picture takes 3 bytes a pixel (width times height), and more where its format
    /// makes the decoder hold more: transparency, 16-bit samples, progressive JPEG, turning by EXIF.
    public var memoryLimit: Int
    /// Files of more bytes are refused before they are read.
    public var byteLimit: Int
    /// Whether the orientation a camera wrote (EXIF tag 274) is applied. HEIF and AVIF keep theirs in the container, and
    /// TIFF has it among the picture's own tags: there it is always applied, as Pillow does too.
    public var appliesOrientation: Bool

    /// The memory that a picture may take by default: 2 GB, enough for the 200 megapixels of today's phones.
    public static let defaultMemoryLimit = 2_000_000_000

    /// The defaults read any picture a page would show, and any photo of a phone.
    public init(
        alpha: AlphaPolicy = .flattenOnWhite, memoryLimit: Int = DecodeOptions.defaultMemoryLimit,
        byteLimit: Int = 1 << 29, appliesOrientation: Bool = true
    ) {
        self.alpha = alpha
        self.memoryLimit = memoryLimit
        self.byteLimit = byteLimit
        self.appliesOrientation = appliesOrientation
    }

    /// - Throws: ``ImagingError/tooMuchMemory(name:width:height:bytes:limit:)``.
    func checkMemory(width: Int, height: Int, bytesPerPixel: Int, name: String) throws {
        let (area, areaOverflow) = width.multipliedReportingOverflow(by: height)
        let (bytes, overflow) = area.multipliedReportingOverflow(by: bytesPerPixel)
        guard !areaOverflow, !overflow, bytes <= memoryLimit else {
            throw ImagingError.tooMuchMemory(
                name: name, width: width, height: height, bytes: areaOverflow || overflow ? .max : bytes,
                limit: memoryLimit)
        }
    }
}

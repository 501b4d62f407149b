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

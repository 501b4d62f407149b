/// A decoded picture in the color model of its file, as Pillow holds one before `convert("RGB")`: gray, RGB or CMYK,
/// with or without alpha, or a palette's.
///
/// open_clip (and OpenAI's CLIP) resize such a picture first and convert it then, which gives other numbers for
/// pictures with transparency, palettes, single bits and CMYK than converting first.
public struct UnconvertedPicture: Sendable {
    /// What answers and messages call it.
    public var name: String
    /// Columns.
    public var width: Int { pixels.width }
    /// Rows.
    public var height: Int { pixels.height }

    /// One byte a sample, and alpha only where Pillow has a band of it.
    private let pixels: DecodedSamples

    private init(_ pixels: DecodedSamples, name: String) {
        self.pixels = pixels
        self.name = name
    }

    /// Reads and decodes the file at `path`, which becomes the picture's name. Of `options` the limits count: what
    /// becomes of transparency is not decided yet, and Pillow opens pictures as they lie, whatever EXIF says.
    ///
    /// - Throws: ``ImagingError``; its ``ImagingError/kind`` tells a missing or unreadable file from a bad one.
    public static func read(path: String, options: DecodeOptions = .init()) throws -> UnconvertedPicture {
        try PictureFile.bytes(path, options).withUnsafeBytes { try decode($0, name: path, options: options) }
    }

    /// Decodes a whole picture file held in memory; see ``read(path:options:)``.
    ///
    /// - Throws: ``ImagingError``.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions = .init()
    ) throws -> UnconvertedPicture {
        let format = try PictureFile.format(of: bytes, name: name, options)
        let decoded = try PictureFile.samples(bytes, format, name: name, options).narrowed()
        return UnconvertedPicture(decoded.layout.alpha == .key ? decoded.withoutAlpha() : decoded, name: name)
    }

    /// Whether resizing before converting gives what converting before resizing gives: no transparency, no palette,
    /// no CMYK.
    public var resizesAsRGB: Bool {
        let layout = pixels.layout
        return layout.alpha == .none && !layout.isIndexed && layout.color != .cmyk
    }

    /// As Pillow's `convert("RGB")`: transparency is dropped, and the color under it kept.
    public func converted() -> Picture {
        Picture(unchecked: pixels.rgb(alpha: .dropLikePillow), width: width, height: height, name: name)
    }

    /// As Pillow's `resize`: palettes and bits by the nearest pixel, everything else by `filter`; with an alpha band,
    /// colors weigh by their opacity.
    public func resized(width: Int, height: Int, filter: PillowFilter) -> UnconvertedPicture {
        if (width, height) == (self.width, self.height) { return self }
        let layout = pixels.layout
        let bands = layout.bands
        let samples: [UInt8]
        if layout.isIndexed {
            samples = PillowResize.nearest(
                pixels.samples, width: self.width, height: self.height, bands: bands, toWidth: width, toHeight: height)
        } else {
            let source = layout.hasAlpha ? Premultiplied.from(pixels.samples, bands: bands) : pixels.samples
            let resized = PillowResize.smooth(
                source, width: self.width, height: self.height, bands: bands, toWidth: width, toHeight: height,
                filter: filter)
            samples = layout.hasAlpha ? Premultiplied.undone(resized, bands: bands) : resized
        }
        return UnconvertedPicture(
            DecodedSamples(samples: samples, layout: layout, width: width, height: height), name: name)
    }
}

extension DecodedSamples {
    fileprivate func withoutAlpha() -> DecodedSamples {
        let (bands, kept) = (layout.bands, layout.color.bands)
        let count = width * height
        let colors = [UInt8](unsafeUninitializedCapacity: count * kept) { out, filled in
            for pixel in 0..<count {
                for band in 0..<kept { out[pixel * kept + band] = samples[pixel * bands + band] }
            }
            filled = count * kept
        }
        return DecodedSamples(
            samples: colors, layout: SampleLayout(color: layout.color, isIndexed: layout.isIndexed), width: width,
            height: height, orientation: orientation)
    }
}

/// Colors times opacity and back, with Pillow's roundings (its modes `RGBa` and `La`). The last band is the opacity.
enum Premultiplied {
    static func from(_ samples: [UInt8], bands: Int) -> [UInt8] {
        var result = samples
        for start in stride(from: 0, to: samples.count, by: bands) {
            let opacity = samples[start + bands - 1]
            for index in start..<start + bands - 1 {
                result[index] = DecodedSamples.product(samples[index], opacity)
            }
        }
        return result
    }

    static func undone(_ samples: [UInt8], bands: Int) -> [UInt8] {
        var result = samples
        for start in stride(from: 0, to: samples.count, by: bands) {
            let opacity = Int(samples[start + bands - 1])
            if opacity == 0 || opacity == 255 { continue }
            for index in start..<start + bands - 1 {
                result[index] = UInt8(min(255, 255 * Int(samples[index]) / opacity))
            }
        }
        return result
    }
}

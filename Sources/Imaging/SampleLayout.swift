/// What a decoded picture's samples mean.
struct SampleLayout: Equatable {
    enum Color: Equatable { case gray, rgb, cmyk }

    /// Where transparency comes from, which decides whether Pillow sees a band of it.
    enum Alpha: Equatable {
        case none
        /// A band of its own.
        case band
        /// One color or palette entry that is declared transparent. It is decoded as a band too, but Pillow keeps
        /// such a picture in its own mode (`L`, `RGB`, `P`) and resizes the colors alone.
        case key
    }

    let color: Color
    let alpha: Alpha
    /// Whether Pillow holds the picture as palette indices or single bits (modes `P` and `1`), which it never
    /// interpolates: it takes the nearest pixel whatever is asked for.
    let isIndexed: Bool
    /// Samples a pixel.
    let bands: Int
    /// Bytes a sample, 1 or 2.
    let sampleBytes: Int

    var hasAlpha: Bool { alpha != .none }

    init(color: Color, alpha: Alpha = .none, isIndexed: Bool = false, sampleBytes: Int = 1) {
        self.color = color
        self.alpha = alpha
        self.isIndexed = isIndexed
        self.sampleBytes = sampleBytes
        bands = color.bands + (alpha == .none ? 0 : 1)
    }

    /// Memory for a pixel at the peak of the way from samples to RGB, in bytes.
    var bytesWhileConverting: Int {
        if color == .rgb, alpha == .none, sampleBytes == 1 { return 3 }
        return bands * sampleBytes + (sampleBytes == 2 ? bands : 0) + 3
    }
}

extension SampleLayout.Color {
    var bands: Int {
        switch self {
        case .gray: 1
        case .rgb: 3
        case .cmyk: 4
        }
    }
}

/// A picture as its file's reader leaves it.
struct DecodedSamples {
    /// `[H, W, bands]`, native byte order.
    var samples: [UInt8]
    var layout: SampleLayout
    let width: Int
    let height: Int
    /// 1...8, as EXIF counts, still to be applied.
    var orientation = 1

    /// The picture as RGB, upright if its orientation is to count.
    func picture(_ options: DecodeOptions, name: String) -> Picture {
        let picture = Picture(unchecked: rgb(alpha: options.alpha), width: width, height: height, name: name)
        return options.appliesOrientation ? picture.oriented(orientation) : picture
    }

    /// The samples of one byte turned by an EXIF orientation.
    func turned(_ orientation: Int) -> DecodedSamples {
        let moved = PixelOrder.turned(samples, width: width, height: height, bands: layout.bands, orientation)
        let swapsSides = (5...8).contains(orientation)
        return DecodedSamples(
            samples: moved, layout: layout, width: swapsSides ? height : width, height: swapsSides ? width : height)
    }

    /// The same with one byte a sample: of two the more significant is kept.
    func narrowed() -> DecodedSamples {
        guard layout.sampleBytes == 2 else { return self }
        let layout = SampleLayout(color: layout.color, alpha: layout.alpha, isIndexed: layout.isIndexed)
        return DecodedSamples(
            samples: Self.highBytes(samples), layout: layout, width: width, height: height, orientation: orientation)
    }

    /// `[H, W, 3]` bytes.
    func rgb(alpha policy: AlphaPolicy) -> [UInt8] {
        if layout.sampleBytes == 2 { return narrowed().rgb(alpha: policy) }
        if layout.color == .rgb, layout.alpha == .none { return samples }
        let bands = layout.bands
        let count = samples.count / bands
        let flatten = layout.hasAlpha && policy == .flattenOnWhite
        return [UInt8](unsafeUninitializedCapacity: count * 3) { out, filled in
            samples.withUnsafeBufferPointer { source in
                for pixel in 0..<count {
                    let from = pixel * bands
                    var (red, green, blue) = rgb(source, at: from)
                    if flatten {
                        let opacity = UInt32(source[from + bands - 1])
                        red = Self.onWhite(red, opacity)
                        green = Self.onWhite(green, opacity)
                        blue = Self.onWhite(blue, opacity)
                    }
                    out[pixel * 3] = red
                    out[pixel * 3 + 1] = green
                    out[pixel * 3 + 2] = blue
                }
            }
            filled = count * 3
        }
    }

    @inline(__always)
    private func rgb(_ source: UnsafeBufferPointer<UInt8>, at index: Int) -> (UInt8, UInt8, UInt8) {
        switch layout.color {
        case .gray:
            return (source[index], source[index], source[index])
        case .rgb:
            return (source[index], source[index + 1], source[index + 2])
        case .cmyk:
            let paper = 255 - source[index + 3]
            return (
                paper - Self.product(source[index], paper), paper - Self.product(source[index + 1], paper),
                paper - Self.product(source[index + 2], paper)
            )
        }
    }

    /// a * b / 255, rounded to nearest; never more than `b`.
    @inline(__always)
    static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
        let scaled = UInt32(a) * UInt32(b) + 128
        return UInt8(truncatingIfNeeded: (scaled + scaled >> 8) >> 8)
    }

    @inline(__always)
    private static func onWhite(_ value: UInt8, _ opacity: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: (UInt32(value) * opacity + 255 * (255 - opacity) + 127) / 255)
    }

    /// The more significant byte of each native-order 16-bit sample.
    private static func highBytes(_ samples: [UInt8]) -> [UInt8] {
        let count = samples.count / 2
        return samples.withUnsafeBytes { source in
            [UInt8](unsafeUninitializedCapacity: count) { out, filled in
                for index in 0..<count {
                    let sample = source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                    out[index] = UInt8(truncatingIfNeeded: sample >> 8)
                }
                filled = count
            }
        }
    }
}

/// What a decoded picture's samples mean, and how they become RGB bytes.
struct SampleLayout: Equatable {
    enum Color: Equatable { case gray, rgb, cmyk }

    let color: Color
    let hasAlpha: Bool
    /// Samples a pixel.
    let bands: Int
    /// Bytes a sample, 1 or 2.
    let sampleBytes: Int

    init(color: Color, hasAlpha: Bool, sampleBytes: Int = 1) {
        self.color = color
        self.hasAlpha = hasAlpha
        self.sampleBytes = sampleBytes
        let colors =
            switch color {
            case .gray: 1
            case .rgb: 3
            case .cmyk: 4
            }
        bands = colors + (hasAlpha ? 1 : 0)
    }

    /// - Throws: ``ImagingError/unsupported(name:detail:)`` for samples or bands that are no plain picture.
    init(of image: VipsPicture, name: String) throws {
        let size = image.sampleBytes
        guard size == 1 || size == 2 else {
            throw ImagingError.unsupported(name: name, detail: "its samples are not 8- or 16-bit unsigned integers")
        }
        switch (image.bands, image.isCMYK) {
        case (1, _): self.init(color: .gray, hasAlpha: false, sampleBytes: size)
        case (2, _): self.init(color: .gray, hasAlpha: true, sampleBytes: size)
        case (3, _): self.init(color: .rgb, hasAlpha: false, sampleBytes: size)
        case (4, false): self.init(color: .rgb, hasAlpha: true, sampleBytes: size)
        case (4, true): self.init(color: .cmyk, hasAlpha: false, sampleBytes: size)
        case (5, true): self.init(color: .cmyk, hasAlpha: true, sampleBytes: size)
        default: throw ImagingError.unsupported(name: name, detail: "it has \(image.bands) bands")
        }
    }

    /// `[H, W, bands]` samples to `[H, W, 3]` bytes.
    func toRGB(_ samples: [UInt8], alpha: AlphaPolicy) -> [UInt8] {
        if color == .rgb, !hasAlpha, sampleBytes == 1 { return samples }
        let narrow = sampleBytes == 2 ? Self.highBytes(samples) : samples
        let count = narrow.count / bands
        let flatten = hasAlpha && alpha == .flattenOnWhite
        return [UInt8](unsafeUninitializedCapacity: count * 3) { out, filled in
            narrow.withUnsafeBufferPointer { source in
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
        switch color {
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
    private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
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

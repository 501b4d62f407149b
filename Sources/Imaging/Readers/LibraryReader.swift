import CVips

/// Formats that libvips decodes.
struct LibraryReader {
    let format: PictureFormat
    let name: String
    let options: DecodeOptions
    /// A JPEG is decoded at this fraction of its size: 1, 2, 4 or 8.
    var shrink = 1

    func samples(_ bytes: UnsafeRawBufferPointer) throws -> DecodedSamples {
        let frame = format == .jpeg ? JPEGFrame(bytes) : nil
        let wavelets = format == .jpeg2000 ? JPEG2000Header(bytes) : nil
        if let complaint = frame?.complaint ?? wavelets?.complaint {
            throw ImagingError.unsupported(name: name, detail: complaint)
        }
        try Vips.start()
        let opened =
            shrink > 1
            ? cv_open_shrunk_jpeg(bytes.baseAddress, bytes.count, Int32(shrink))
            : cv_open(loader, bytes.baseAddress, bytes.count)
        guard let image = VipsPicture(opened) else {
            throw ImagingError.damaged(name: name, format: format, detail: Vips.takeError())
        }
        let png = format == .png ? PNGHeader(bytes) : nil
        let layout = try layout(of: image, png: png, wavelets: wavelets)
        let orientation = format == .heif ? 1 : image.orientation
        let turning = options.appliesOrientation && orientation > 1 ? 3 : 0
        let held = heldByDecoder(layout, isProgressive: frame?.isProgressive ?? png?.isInterlaced ?? false)
        try options.checkMemory(
            width: image.width, height: image.height,
            bytesPerPixel: max(layout.bytesWhileConverting, layout.bands * layout.sampleBytes + held) + turning,
            name: name)
        guard let samples = image.samples() else {
            throw ImagingError.damaged(name: name, format: format, detail: Vips.takeError())
        }
        let decoded = DecodedSamples(
            samples: samples, layout: layout, width: image.width, height: image.height, orientation: orientation)
        return layout.color == .rgb && wavelets?.leavesYCC == true ? decoded.convertedFromYCC() : decoded
    }

    private func layout(of image: VipsPicture, png: PNGHeader?, wavelets: JPEG2000Header?) throws -> SampleLayout {
        let plain = try SampleLayout(of: image, name: name)
        if let wavelets {
            let isCMYK = wavelets.isCMYK && plain.bands == 4
            return SampleLayout(
                color: isCMYK ? .cmyk : plain.color, alpha: isCMYK ? .none : plain.alpha,
                isIndexed: wavelets.isPalette, sampleBytes: plain.sampleBytes)
        }
        guard let png else { return plain }
        return SampleLayout(
            color: plain.color, alpha: plain.hasAlpha && !png.hasAlphaBand ? .key : plain.alpha,
            isIndexed: png.isIndexed, sampleBytes: plain.sampleBytes)
    }

    /// What the decoder holds of the whole picture beside the samples, in bytes a pixel.
    private func heldByDecoder(_ layout: SampleLayout, isProgressive: Bool) -> Int {
        switch format {
        case .jpeg: isProgressive ? 2 * layout.bands * shrink * shrink : 0  // coefficients
        case .png: isProgressive ? layout.bands * layout.sampleBytes : 0
        case .webp: 4 + 4  // a frame, and the canvas it lies on
        case .heif: 2 * 3 * layout.sampleBytes  // the planes, and their RGB
        case .jpeg2000: 4 * layout.bands  // a number of 32 bits for each sample
        default: 0
        }
    }

    /// The number that `cv_open` knows the format by.
    private var loader: Int32 {
        let loader =
            switch format {
            case .png: CV_PNG
            case .webp: CV_WEBP
            case .heif: CV_HEIF
            case .jpeg2000: CV_JPEG2000
            default: CV_JPEG
            }
        return Int32(loader.rawValue)
    }
}

extension SampleLayout {
    /// - Throws: ``ImagingError/unsupported(name:detail:)`` for samples or bands that are no plain picture.
    init(of image: VipsPicture, name: String) throws {
        let size = image.sampleBytes
        guard size == 1 || size == 2 else {
            throw ImagingError.unsupported(name: name, detail: "its samples are not 8- or 16-bit unsigned integers")
        }
        switch (image.bands, image.isCMYK) {
        case (1, _): self.init(color: .gray, sampleBytes: size)
        case (2, _): self.init(color: .gray, alpha: .band, sampleBytes: size)
        case (3, _): self.init(color: .rgb, sampleBytes: size)
        case (4, false): self.init(color: .rgb, alpha: .band, sampleBytes: size)
        case (4, true): self.init(color: .cmyk, sampleBytes: size)
        case (5, true): self.init(color: .cmyk, alpha: .band, sampleBytes: size)
        default: throw ImagingError.unsupported(name: name, detail: "it has \(image.bands) bands")
        }
    }
}

/// The first chunk of a PNG, which libvips' answer no longer tells from other kinds.
private struct PNGHeader {
    /// Color types 4 and 6; otherwise transparency is that of a palette's entries or of one color.
    let hasAlphaBand: Bool
    let isIndexed: Bool
    let isInterlaced: Bool

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 28 else { return nil }
        let (depth, kind) = (bytes[24], bytes[25])
        hasAlphaBand = kind == 4 || kind == 6
        isIndexed = kind == 3 || kind == 0 && depth == 1
        isInterlaced = bytes[28] != 0
    }
}

import CTIFF

/// What a TIFF's samples mean, and how they become bytes of gray, RGB or CMYK.
struct TIFFMeaning {
    enum Way {
        /// Sample by sample, here.
        case samples
        /// YCbCr that no JPEG decoder converts.
        case convertedByLibrary
    }

    private(set) var way = Way.samples
    /// Of the bytes that ``unpack(_:count:plane:palette:to:)`` writes.
    let layout: SampleLayout
    let isPalette: Bool
    /// Whether colors were multiplied by their opacity when they were stored ("associated alpha").
    let isPremultiplied: Bool
    /// Whether 0 is white.
    private let isInverted: Bool
    private let bits: Int
    /// Samples of a stored pixel.
    private let stored: Int
    /// Which of them are kept, in order: the colors, then the opacity.
    private let kept: [Int]

    /// - Throws: ``ImagingError/unsupported(name:detail:)`` for what is no plain picture, by its name.
    init(_ header: ct_header, name: String) throws {
        func refused(_ detail: String) -> ImagingError { .unsupported(name: name, detail: detail) }
        (bits, stored) = (Int(header.bits), Int(header.samples))
        switch Int32(header.format) {
        case SAMPLEFORMAT_UINT, SAMPLEFORMAT_VOID: break
        case SAMPLEFORMAT_INT: throw refused("its samples are signed numbers of \(bits) bits")
        case SAMPLEFORMAT_IEEEFP: throw refused("its samples are floating point numbers of \(bits) bits")
        default: throw refused("its samples are complex numbers")
        }
        let photometric = Self.photometric(header)
        let color: SampleLayout.Color
        switch photometric {
        case PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_MINISBLACK: color = .gray
        case PHOTOMETRIC_PALETTE, PHOTOMETRIC_RGB: color = .rgb
        case PHOTOMETRIC_SEPARATED:
            guard header.ink_set == INKSET_CMYK else { throw refused("its inks are not those of CMYK") }
            color = .cmyk
        case PHOTOMETRIC_YCBCR:
            guard header.planar == PLANARCONFIG_CONTIG, bits == 8, stored == 3 else {
                throw refused("it is YCbCr in separate planes, or not of three 8-bit samples")
            }
            way = header.compression == COMPRESSION_JPEG ? .samples : .convertedByLibrary
            color = .rgb
        default: throw refused(Self.refusal(photometric))
        }
        guard (1...16).contains(bits) else { throw refused("its samples have \(bits) bits") }
        isPalette = photometric == PHOTOMETRIC_PALETTE
        if isPalette, bits > 8 { throw refused("its palette has \(1 << bits) colors") }
        let colors = isPalette ? 1 : color.bands
        guard stored >= colors else {
            throw ImagingError.damaged(
                name: name, format: .tiff, detail: "\(stored) samples where \(colors) are needed")
        }
        let opacity = Self.opacity(header, after: colors)
        kept = Array(0..<colors) + (opacity.map { [$0.sample] } ?? [])
        isPremultiplied = opacity?.isAssociated ?? false
        isInverted = photometric == PHOTOMETRIC_MINISWHITE
        layout = SampleLayout(
            color: color, alpha: opacity == nil ? .none : .band, isIndexed: isPalette || color == .gray && bits == 1)
    }

    /// Whether the stored bytes are ``layout``'s already.
    private var isVerbatim: Bool { bits == 8 && !isPalette && !isInverted && kept == Array(0..<stored) }

    /// The tag, or where it is missing what writers that leave it out mean.
    private static func photometric(_ header: ct_header) -> Int32 {
        if header.has_photometric != 0 { return Int32(header.photometric) }
        if header.samples >= 3 { return PHOTOMETRIC_RGB }
        return header.bits == 1 ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK
    }

    private static func refusal(_ photometric: Int32) -> String {
        switch photometric {
        case PHOTOMETRIC_MASK: "it is a transparency mask, not a picture"
        case PHOTOMETRIC_CIELAB: "its colors are CIELab"
        case PHOTOMETRIC_ICCLAB: "its colors are ICCLab"
        case PHOTOMETRIC_ITULAB: "its colors are ITULab"
        case PHOTOMETRIC_LOGL, PHOTOMETRIC_LOGLUV: "its colors are LogLuv, of high dynamic range"
        case 32803, 34892: "it holds a camera sensor's raw numbers"
        case 51177: "it is a depth map"
        default: "its color space (photometric interpretation \(photometric)) is not read"
        }
    }

    /// The first of the samples after the colors that is an opacity. ExtraSamples says which are; a single one that it
    /// does not mention at all is taken for one, as Pillow takes it.
    private static func opacity(_ header: ct_header, after colors: Int) -> (sample: Int, isAssociated: Bool)? {
        let extra = Int(header.samples) - colors
        guard extra > 0 else { return nil }
        if header.extra_count == 0 { return extra == 1 ? (colors, false) : nil }
        let kinds = withUnsafeBytes(of: header.extra) { Array($0.bindMemory(to: UInt16.self)) }
        for (index, kind) in kinds.prefix(min(extra, Int(header.extra_count))).enumerated() {
            if kind == EXTRASAMPLE_ASSOCALPHA { return (colors + index, true) }
            if kind == EXTRASAMPLE_UNASSALPHA { return (colors + index, false) }
        }
        return nil
    }

    /// Writes `count` pixels of a row; `plane` is the sample that `row` holds, nil where it holds all of them.
    func unpack(
        _ row: UnsafeRawBufferPointer, count: Int, plane: Int?, palette: [UInt8]?,
        to out: UnsafeMutableBufferPointer<UInt8>
    ) {
        if isVerbatim, plane == nil {
            for index in 0..<count * stored { out[index] = row[index] }
            return
        }
        let together = plane == nil ? stored : 1
        for (position, sample) in kept.enumerated() where plane == nil || plane == sample {
            let first = plane == nil ? sample : 0
            // The color's samples come first in ``layout`` too; a palette makes three of one.
            let target = isPalette && position > 0 ? 3 : position
            for pixel in 0..<count {
                let raw = value(row, pixel * together + first)
                let place = pixel * layout.bands + target
                if isPalette, position == 0, let palette {
                    for band in 0..<3 { out[place + band] = palette[raw * 3 + band] }
                } else {
                    let byte = byte(raw)
                    out[place] = isInverted && position == 0 ? 255 - byte : byte
                }
            }
        }
    }

    /// The sample of that number in a row: whole bytes, 16 bits in native order, or packed from the high bit on.
    @inline(__always)
    private func value(_ row: UnsafeRawBufferPointer, _ index: Int) -> Int {
        if bits == 8 { return Int(row[index]) }
        if bits == 16 { return Int(row.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) }
        let first = index * bits
        let (from, last) = (first / 8, (first + bits - 1) / 8)
        var word = 0
        for byte in from...last { word = word << 8 | Int(row[byte]) }
        return word >> (8 * (last + 1) - first - bits) & ((1 << bits) - 1)
    }

    /// 0...255: the high bits of more than eight, fewer spread evenly.
    @inline(__always)
    private func byte(_ value: Int) -> UInt8 {
        if bits >= 8 { return UInt8(truncatingIfNeeded: value >> (bits - 8)) }
        let most = (1 << bits) - 1
        return UInt8((value * 255 + most / 2) / most)
    }

    /// Colors divided by their opacity, black where there is none, as Pillow's `RGBa` is read.
    static func undoingOpacity(_ samples: [UInt8], bands: Int) -> [UInt8] {
        var result = Premultiplied.undone(samples, bands: bands)
        for start in stride(from: 0, to: result.count, by: bands) where result[start + bands - 1] == 0 {
            for index in start..<start + bands - 1 { result[index] = 0 }
        }
        return result
    }
}

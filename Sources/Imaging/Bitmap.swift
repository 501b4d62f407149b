/// Windows bitmaps, which libvips reads only through ImageMagick and so not at all here.
///
/// Read: uncompressed 1, 4, 8, 16, 24 and 32 bits a pixel, palettes, bit fields, either row order. Run-length coding
/// and embedded JPEG or PNG are refused. Fields as in Microsoft's "Bitmap Storage" reference.
struct Bitmap {
    private let bytes: UnsafeRawBufferPointer
    private let name: String
    private let width: Int
    private let height: Int
    private let bottomUp: Bool
    private let bits: Int
    private let start: Int
    /// Palette entries as (red, green, blue); empty above 8 bits.
    private let palette: [(UInt8, UInt8, UInt8)]
    /// Masks of red, green, blue, alpha for 16 and 32 bits; a zero alpha mask means opaque.
    private let masks: [UInt32]

    static func decode(_ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions) throws -> Picture {
        try Bitmap(bytes, name: name, pixelLimit: options.pixelLimit).picture(alpha: options.alpha)
    }

    private init(_ bytes: UnsafeRawBufferPointer, name: String, pixelLimit: Int) throws {
        self.bytes = bytes
        self.name = name
        func damaged(_ detail: String) -> ImagingError { .damaged(name: name, format: .bmp, detail: detail) }
        func unsigned(_ offset: Int, _ size: Int) throws -> Int {
            guard offset >= 0, offset + size <= bytes.count else { throw damaged("the header is cut short") }
            return (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        let headerSize = try unsigned(14, 4)
        start = try unsigned(10, 4)
        let compression: Int
        let announcedColors: Int
        if headerSize == 12 {
            (width, height, bottomUp) = (try unsigned(18, 2), try unsigned(20, 2), true)
            (bits, compression, announcedColors) = (try unsigned(24, 2), 0, 0)
        } else {
            guard headerSize >= 40, headerSize <= 124 else { throw damaged("a header of \(headerSize) bytes") }
            width = Int(Int32(truncatingIfNeeded: try unsigned(18, 4)))
            let rows = Int(Int32(truncatingIfNeeded: try unsigned(22, 4)))
            (height, bottomUp) = (abs(rows), rows > 0)
            (bits, compression, announcedColors) = (try unsigned(28, 2), try unsigned(30, 4), try unsigned(46, 4))
        }
        guard width > 0, height > 0 else { throw damaged("a size of \(width) x \(height)") }
        try Picture.checkArea(width: width, height: height, name: name, limit: pixelLimit)
        guard [1, 4, 8, 16, 24, 32].contains(bits) else { throw damaged("\(bits) bits a pixel") }
        let usesMasks = (compression == 3 || compression == 6) && (bits == 16 || bits == 32)
        guard compression == 0 || usesMasks else {
            throw ImagingError.unsupported(name: name, detail: "it is a compressed BMP (kind \(compression))")
        }
        if usesMasks {
            let hasAlphaMask = headerSize >= 56 || compression == 6
            let alpha = hasAlphaMask ? try unsigned(66, 4) : 0
            masks = try [54, 58, 62].map { UInt32(try unsigned($0, 4)) } + [UInt32(alpha)]
        } else {
            masks = bits == 16 ? [0x7C00, 0x03E0, 0x001F, 0] : [0xFF0000, 0xFF00, 0xFF, 0]
        }
        let entrySize = headerSize == 12 ? 3 : 4
        let colors = bits > 8 ? 0 : (announcedColors == 0 ? 1 << bits : min(announcedColors, 1 << bits))
        palette = try (0..<colors).map { index in
            let offset = 14 + headerSize + index * entrySize
            return (
                UInt8(try unsigned(offset + 2, 1)), UInt8(try unsigned(offset + 1, 1)), UInt8(try unsigned(offset, 1))
            )
        }
        let needed = start + Self.rowBytes(width: width, bits: bits) * height
        guard start >= 14 + headerSize, needed <= bytes.count else {
            throw damaged("\(bytes.count) bytes where \(needed) are announced")
        }
    }

    /// Rows are padded to four bytes.
    private static func rowBytes(width: Int, bits: Int) -> Int { (width * bits + 31) / 32 * 4 }

    private func picture(alpha: AlphaPolicy) throws -> Picture {
        let stride = Self.rowBytes(width: width, bits: bits)
        let hasAlpha = bits >= 16 && masks[3] != 0
        let layout = SampleLayout(color: .rgb, hasAlpha: hasAlpha)
        var samples = [UInt8]()
        samples.reserveCapacity(width * height * layout.bands)
        for y in 0..<height {
            let row = start + (bottomUp ? height - 1 - y : y) * stride
            for x in 0..<width {
                switch bits {
                case 24:
                    let at = row + x * 3
                    samples.append(bytes[at + 2])
                    samples.append(bytes[at + 1])
                    samples.append(bytes[at])
                case 16, 32:
                    let size = bits / 8
                    let at = row + x * size
                    let value = (0..<size).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
                    for mask in masks.prefix(layout.bands) { samples.append(Self.field(value, mask)) }
                default:
                    let perByte = 8 / bits
                    let shift = 8 - bits - (x % perByte) * bits
                    let index = Int(bytes[row + x / perByte]) >> shift & ((1 << bits) - 1)
                    guard index < palette.count else {
                        throw ImagingError.damaged(
                            name: name, format: .bmp, detail: "color \(index) of a palette of \(palette.count)")
                    }
                    samples.append(palette[index].0)
                    samples.append(palette[index].1)
                    samples.append(palette[index].2)
                }
            }
        }
        return Picture(unchecked: layout.toRGB(samples, alpha: alpha), width: width, height: height, name: name)
    }

    /// The bits of `value` under `mask`, widened to 0...255.
    private static func field(_ value: UInt32, _ mask: UInt32) -> UInt8 {
        guard mask != 0 else { return 0 }
        let shift = UInt32(mask.trailingZeroBitCount)
        let top = mask >> shift
        return UInt8(UInt64((value & mask) >> shift) * 255 / UInt64(top))
    }
}

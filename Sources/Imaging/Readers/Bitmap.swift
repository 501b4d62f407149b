/// Windows and OS/2 bitmaps, which libvips reads only through ImageMagick and so not at all here.
///
/// Read: 1, 4, 8, 16, 24 and 32 bits a pixel, palettes, bit fields, run-length coding, either row order. OS/2's own codings
/// and embedded JPEG or PNG are refused by name. Fields as in Microsoft's "Bitmap Storage" reference.
struct Bitmap {
    private let reader: ByteReader
    private let width: Int
    private let height: Int
    private let bottomUp: Bool
    private let bits: Int
    /// Where the pixels begin.
    private let start: Int
    private let isRunLength: Bool
    /// Palette entries, red, green, blue; empty above 8 bits.
    private let palette: [(UInt8, UInt8, UInt8)]
    /// Masks of red, green, blue, alpha for 16 and 32 bits; a zero alpha mask means opaque.
    private let masks: [UInt32]

    static func samples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions
    ) throws -> DecodedSamples {
        let bitmap = try Bitmap(ByteReader(bytes, name: name, format: .bmp), headerAt: 14, options: options)
        let hasAlpha = bitmap.bits >= 16 && bitmap.masks[3] != 0
        let layout = SampleLayout(
            color: .rgb, alpha: hasAlpha ? .band : .none, isIndexed: bitmap.bits <= 8 && !bitmap.isGrayScale)
        return DecodedSamples(
            samples: try bitmap.pixels(bands: layout.bands), layout: layout, width: bitmap.width,
            height: bitmap.height)
    }

    /// A bitmap inside an icon: no file header, and below the picture as many rows of a mask, one bit a pixel, set where
    /// nothing is to be drawn. With 32 bits the fourth byte is the opacity.
    static func iconSamples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions
    ) throws -> DecodedSamples {
        let bitmap = try Bitmap(ByteReader(bytes, name: name, format: .icon), headerAt: 0, options: options)
        let (width, height) = (bitmap.width, bitmap.height)
        var samples = try bitmap.pixels(bands: 4)
        // Icons older than opacities of 8 bits leave the fourth byte 0 everywhere.
        let hasOpacity =
            bitmap.bits == 32 && stride(from: 3, to: samples.count, by: 4).contains { samples[$0] != 0 }
        let mask = bitmap.start + rowBytes(width: width, bits: bitmap.bits) * height
        let maskRow = rowBytes(width: width, bits: 1)
        if !hasOpacity {
            let isThere = mask + maskRow * height <= bytes.count
            for y in 0..<height {
                for x in 0..<width {
                    let byte = isThere ? bytes[mask + (height - 1 - y) * maskRow + x / 8] : 0
                    samples[(y * width + x) * 4 + 3] = byte & (0x80 >> UInt8(x % 8)) == 0 ? 255 : 0
                }
            }
        }
        let layout = SampleLayout(color: .rgb, alpha: .band)
        return DecodedSamples(samples: samples, layout: layout, width: width, height: height)
    }

    /// - Parameter at: where the information header begins: behind the file header, or at once in an icon, where it
    ///   counts the rows of the mask too.
    private init(_ reader: ByteReader, headerAt at: Int, options: DecodeOptions) throws {
        self.reader = reader
        let headerSize = try reader.number(at, 4)
        let isIcon = at == 0
        let compression: Int
        let announcedColors: Int
        if headerSize == 12 {
            (width, height, bottomUp) = (try reader.number(at + 4, 2), try reader.number(at + 6, 2), true)
            (bits, compression, announcedColors) = (try reader.number(at + 10, 2), 0, 0)
        } else {
            guard headerSize >= 16, headerSize <= 124 else { throw reader.damaged("a header of \(headerSize) bytes") }
            width = Int(Int32(truncatingIfNeeded: try reader.number(at + 4, 4)))
            let rows = Int(Int32(truncatingIfNeeded: try reader.number(at + 8, 4)))
            (height, bottomUp) = (abs(rows) / (isIcon ? 2 : 1), rows > 0)
            bits = try reader.number(at + 14, 2)
            let isLong = headerSize >= 40
            (compression, announcedColors) =
                isLong ? (try reader.number(at + 16, 4), try reader.number(at + 32, 4)) : (0, 0)
        }
        guard width > 0, height > 0 else { throw reader.damaged("a size of \(width) x \(height)") }
        let bytesPerPixel = isIcon || bits == 16 || bits == 32 ? 4 + 3 : bits <= 8 ? 1 + 3 : 3
        try options.checkMemory(width: width, height: height, bytesPerPixel: bytesPerPixel, name: reader.name)
        guard [1, 4, 8, 16, 24, 32].contains(bits) else { throw reader.damaged("\(bits) bits a pixel") }
        isRunLength = compression == 1 && bits == 8 || compression == 2 && bits == 4
        let usesMasks = (compression == 3 || compression == 6) && (bits == 16 || bits == 32)
        guard compression == 0 || isRunLength || usesMasks else {
            throw ImagingError.unsupported(name: reader.name, detail: Self.refusal(compression))
        }
        if usesMasks {
            let hasAlphaMask = headerSize >= 56 || compression == 6
            let alpha = hasAlphaMask ? try reader.number(at + 52, 4) : 0
            masks = try [40, 44, 48].map { UInt32(try reader.number(at + $0, 4)) } + [UInt32(alpha)]
        } else {
            let opacity: UInt32 = isIcon && bits == 32 ? 0xFF00_0000 : 0
            masks = bits == 16 ? [0x7C00, 0x03E0, 0x001F, 0] : [0xFF0000, 0xFF00, 0xFF, opacity]
        }
        let entrySize = headerSize == 12 ? 3 : 4
        let colors = bits > 8 ? 0 : (announcedColors == 0 ? 1 << bits : min(announcedColors, 1 << bits))
        palette = try (0..<colors).map { index in
            let color = try reader.number(at + headerSize + index * entrySize, 3)
            return (UInt8(color >> 16), UInt8(color >> 8 & 255), UInt8(color & 255))
        }
        // An icon says nowhere where its pixels begin: behind whatever comes before them.
        let behind = at + headerSize + colors * entrySize + (usesMasks && headerSize == 40 ? 12 : 0)
        start = isIcon ? behind : try reader.number(10, 4)
        let needed = isRunLength ? start : start + Self.rowBytes(width: width, bits: bits) * height
        guard start >= at + headerSize, needed <= reader.bytes.count else {
            throw reader.damaged("\(reader.bytes.count) bytes where \(needed) are announced")
        }
    }

    private static func refusal(_ compression: Int) -> String {
        switch compression {
        case 4: "it is a BMP with a JPEG inside"
        case 5: "it is a BMP with a PNG inside"
        default: "it is a BMP of a compression (number \(compression)) that is not read"
        }
    }

    /// Rows are padded to four bytes.
    private static func rowBytes(width: Int, bits: Int) -> Int { (width * bits + 31) / 32 * 4 }

    /// Whether the palette is all grays in order, which Pillow interpolates like any gray picture (mode `L`). Black and
    /// white alone are bits (mode `1`).
    private var isGrayScale: Bool {
        palette.count != 2 && palette.enumerated().allSatisfy { $1 == (UInt8($0), UInt8($0), UInt8($0)) }
    }

    /// `[H, W, bands]`: red, green, blue, and opacity if that is asked for.
    private func pixels(bands: Int) throws -> [UInt8] {
        if bits <= 8 { return try colors(of: isRunLength ? runs() : indices(), bands: bands) }
        let stride = Self.rowBytes(width: width, bits: bits)
        let size = bits / 8
        var samples = [UInt8]()
        samples.reserveCapacity(width * height * bands)
        for y in 0..<height {
            let row = start + (bottomUp ? height - 1 - y : y) * stride
            for x in 0..<width {
                let at = row + x * size
                if bits == 24 {
                    for band in 0..<bands { samples.append(band < 3 ? reader.bytes[at + 2 - band] : 255) }
                } else {
                    let value = (0..<size).reduce(UInt32(0)) { $0 | UInt32(reader.bytes[at + $1]) << UInt32(8 * $1) }
                    for mask in masks.prefix(bands) { samples.append(Self.field(value, mask)) }
                }
            }
        }
        return samples
    }

    private func indices() -> [UInt8] {
        let stride = Self.rowBytes(width: width, bits: bits)
        let perByte = 8 / bits
        return (0..<height).flatMap { y in
            let row = start + (bottomUp ? height - 1 - y : y) * stride
            return (0..<width).map { x in
                let shift = 8 - bits - (x % perByte) * bits
                return reader.bytes[row + x / perByte] >> UInt8(shift) & UInt8((1 << bits) - 1)
            }
        }
    }

    /// RLE8 and RLE4: pairs of a count and a value; a count of 0 escapes to ends of lines, jumps and plain stretches.
    /// What a jump leaves out has color 0.
    private func runs() throws -> [UInt8] {
        var reader = reader
        reader.place = start
        var indices = [UInt8](repeating: 0, count: width * height)
        var (x, y) = (0, 0)  // from the bottom, as stored
        func put(_ value: UInt8) {
            if x < width, y < height { indices[(bottomUp ? height - 1 - y : y) * width + x] = value }
            x += 1
        }
        /// The pixel at `index` of a byte that RLE4 shares between two.
        func pixel(_ byte: UInt8, _ index: Int) -> UInt8 {
            if bits == 8 { return byte }
            return index % 2 == 0 ? byte >> 4 : byte & 15
        }
        while y < height {
            let (count, value) = (try reader.next(), try reader.next())
            switch (count, value) {
            case (1..., _): for index in 0..<count { put(pixel(UInt8(value), index)) }
            case (_, 0): (x, y) = (0, y + 1)
            case (_, 1): return indices
            case (_, 2): (x, y) = (x + (try reader.next()), y + (try reader.next()))
            default:
                let stretch = try reader.slice((value * bits + 7) / 8)
                for index in 0..<value { put(pixel(stretch[index * bits / 8], index)) }
                reader.place += stretch.count % 2  // padded to 16 bits
            }
        }
        return indices
    }

    private func colors(of indices: [UInt8], bands: Int) throws -> [UInt8] {
        var samples = [UInt8]()
        samples.reserveCapacity(indices.count * bands)
        for index in indices {
            guard index < palette.count else { throw reader.damaged("color \(index) of a palette of \(palette.count)") }
            let (red, green, blue) = palette[Int(index)]
            samples.append(red)
            samples.append(green)
            samples.append(blue)
            if bands == 4 { samples.append(255) }
        }
        return samples
    }

    /// The bits of `value` under `mask`, widened to 0...255.
    private static func field(_ value: UInt32, _ mask: UInt32) -> UInt8 {
        guard mask != 0 else { return 0 }
        let shift = UInt32(mask.trailingZeroBitCount)
        let top = mask >> shift
        return UInt8(UInt64((value & mask) >> shift) * 255 / UInt64(top))
    }
}

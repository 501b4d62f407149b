import CTIFF

/// TIFF through libtiff, which undoes the compression; what the samples mean is told here, from the directory's tags
/// (TIFF 6.0 and its supplements), or refused by name. libvips' own reader takes some color spaces for others.
struct TIFFReader {
    private let file: UnsafeMutablePointer<ct_file>
    let header: ct_header
    private let name: String
    private let options: DecodeOptions

    static func samples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions
    ) throws -> DecodedSamples {
        guard let file = ct_open(bytes.baseAddress, bytes.count, options.memoryLimit) else {
            throw ImagingError.failed(operation: "opening \(name)", detail: "no memory")
        }
        defer { ct_close(file) }
        guard file.pointee.tiff != nil else { throw damage(file, name) }
        return try TIFFReader(file: file, name: name, options: options).samples()
    }

    private init(file: UnsafeMutablePointer<ct_file>, name: String, options: DecodeOptions) {
        var header = ct_header()
        ct_describe(file, &header)
        (self.file, self.header, self.name, self.options) = (file, header, name, options)
    }

    private func samples() throws -> DecodedSamples {
        guard width > 0, height > 0 else { throw damaged("a size of \(width) x \(height)") }
        guard TIFFIsCODECConfigured(header.compression) != 0 else {
            throw unsupported("its compression (number \(header.compression)) is not read")
        }
        let meaning = try TIFFMeaning(header, name: name)
        switch meaning.way {
        case .convertedByLibrary:
            try checkMemory(4 + 3)
            return try convertedByLibrary()
        case .samples:
            if header.compression == COMPRESSION_JPEG, header.photometric == PHOTOMETRIC_YCBCR {
                ct_decode_jpeg_as_rgb(file)
            }
            // The samples as bytes; beside them what they become, or whatever strip or tile is at work.
            try checkMemory(meaning.layout.bytesWhileConverting)
            return try unpacked(meaning)
        }
    }

    /// Uncompressed and old JPEG's YCbCr, with its subsamplings, by libtiff's own conversion.
    private func convertedByLibrary() throws -> DecodedSamples {
        var failed = false
        let rgba = [UInt32](unsafeUninitializedCapacity: width * height) { pixels, filled in
            failed = ct_read_rgba(file, pixels.baseAddress) != 0
            filled = failed ? 0 : width * height
        }
        if failed { throw Self.damage(file, name) }
        let samples = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, filled in
            for (index, pixel) in rgba.enumerated() {
                for band in 0..<3 { out[index * 3 + band] = UInt8(truncatingIfNeeded: pixel >> UInt32(8 * band)) }
            }
            filled = width * height * 3
        }
        return decoded(samples, SampleLayout(color: .rgb))
    }

    private func unpacked(_ meaning: TIFFMeaning) throws -> DecodedSamples {
        let palette = meaning.isPalette ? try self.palette() : nil
        let bands = meaning.layout.bands
        var samples = [UInt8](repeating: 0, count: width * height * bands)
        try samples.withUnsafeMutableBufferPointer { out in
            try rows { row, plane, columns in
                meaning.unpack(
                    row.bytes, count: columns.count, plane: plane, palette: palette,
                    to: UnsafeMutableBufferPointer(rebasing: out[((row.y * width + columns.lowerBound) * bands)...]))
            }
        }
        if meaning.isPremultiplied { samples = TIFFMeaning.undoingOpacity(samples, bands: bands) }
        return decoded(samples, meaning.layout)
    }

    /// A part of a row as libtiff hands it out.
    struct Row {
        let y: Int
        let bytes: UnsafeRawBufferPointer
    }

    /// Every row of every plane, in parts where the file has tiles.
    ///
    /// - Parameter body: gets the bytes, the plane (nil where a pixel's samples lie together), and the columns.
    private func rows(_ body: (Row, Int?, Range<Int>) throws -> Void) throws {
        let planes: [Int?] = header.planar == PLANARCONFIG_SEPARATE ? (0..<Int(header.samples)).map { $0 } : [nil]
        for plane in planes {
            if header.is_tiled != 0 {
                try tiles(plane, body)
            } else {
                try scanlines(plane, body)
            }
        }
    }

    private func scanlines(_ plane: Int?, _ body: (Row, Int?, Range<Int>) throws -> Void) throws {
        let size = Int(TIFFScanlineSize64(file.pointee.tiff))
        try withBuffer(size, needed: width) { buffer in
            for y in 0..<height {
                guard TIFFReadScanline(file.pointee.tiff, buffer.baseAddress, UInt32(y), UInt16(plane ?? 0)) == 1 else {
                    throw Self.damage(file, name)
                }
                try body(Row(y: y, bytes: UnsafeRawBufferPointer(buffer)), plane, 0..<width)
            }
        }
    }

    private func tiles(_ plane: Int?, _ body: (Row, Int?, Range<Int>) throws -> Void) throws {
        let (across, down) = (Int(header.tile_width), Int(header.tile_height))
        guard across > 0, down > 0 else { throw damaged("tiles of \(across) x \(down)") }
        let size = Int(truncatingIfNeeded: TIFFTileSize64(file.pointee.tiff))
        let rowSize = Int(truncatingIfNeeded: TIFFTileRowSize64(file.pointee.tiff))
        guard size > 0, rowSize > 0, size / rowSize >= down else {
            throw damaged("tiles of \(across) x \(down)")
        }
        try withBuffer(size, needed: across) { buffer in
            for top in stride(from: 0, to: height, by: down) {
                for left in stride(from: 0, to: width, by: across) {
                    let number = TIFFComputeTile(
                        file.pointee.tiff, UInt32(left), UInt32(top), 0, UInt16(plane ?? 0))
                    guard TIFFReadEncodedTile(file.pointee.tiff, number, buffer.baseAddress, tmsize_t(size)) == size
                    else { throw Self.damage(file, name) }
                    for y in top..<min(top + down, height) {
                        let row = buffer[((y - top) * rowSize)..<((y - top + 1) * rowSize)]
                        try body(
                            Row(y: y, bytes: UnsafeRawBufferPointer(rebasing: row)), plane,
                            left..<min(left + across, width))
                    }
                }
            }
        }
    }

    /// Memory for a piece that libtiff decodes; refuses pieces too small for the samples they are said to hold.
    private func withBuffer(
        _ size: Int, needed columns: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let together = header.planar == PLANARCONFIG_SEPARATE ? 1 : Int(header.samples)
        guard size > 0, size <= options.memoryLimit, size >= (columns * together * Int(header.bits) + 7) / 8 else {
            throw damaged("rows of \(size) bytes")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        try body(buffer)
    }

    /// Of the table's 16 bits the more significant byte, or the other one where a writer has filled in no more.
    private func palette() throws -> [UInt8] {
        var red: UnsafePointer<UInt16>?
        var green: UnsafePointer<UInt16>?
        var blue: UnsafePointer<UInt16>?
        guard ct_palette(file, &red, &green, &blue) != 0, let red, let green, let blue else {
            throw damaged("a palette picture without a palette")
        }
        let entries = (0..<(1 << Int(header.bits))).flatMap { index in [red, green, blue].map { $0[index] } }
        let shift: UInt16 = entries.allSatisfy { $0 < 256 } ? 0 : 8
        return entries.map { UInt8(truncatingIfNeeded: $0 >> shift) }
    }

    private var width: Int { Int(header.width) }
    private var height: Int { Int(header.height) }

    private func checkMemory(_ bytesPerPixel: Int) throws {
        let turning = header.orientation > 1 ? 3 : 0
        try options.checkMemory(width: width, height: height, bytesPerPixel: bytesPerPixel + turning, name: name)
    }

    private func decoded(_ samples: [UInt8], _ layout: SampleLayout) -> DecodedSamples {
        // Pillow turns TIFFs when it opens them, and nothing else.
        DecodedSamples(samples: samples, layout: layout, width: width, height: height)
            .turned(Int(header.orientation))
    }

    private func damaged(_ detail: String) -> ImagingError { .damaged(name: name, format: .tiff, detail: detail) }
    private func unsupported(_ detail: String) -> ImagingError { .unsupported(name: name, detail: detail) }

    private static func damage(_ file: UnsafeMutablePointer<ct_file>, _ name: String) -> ImagingError {
        let text = withUnsafeBytes(of: file.pointee.complaint) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return .damaged(name: name, format: .tiff, detail: line.isEmpty ? "no reason given" : line)
    }
}

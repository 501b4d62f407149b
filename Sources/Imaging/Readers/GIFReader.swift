/// The first picture of a GIF (GIF89a specification of CompuServe, 1990).
///
/// libvips composes frames into RGBA and forgets which color a transparent pixel has; those who drop transparency, as
/// Pillow does, see that color.
struct GIFReader {
    private var reader: ByteReader
    private let width: Int
    private let height: Int
    private var palette: [UInt8] = []
    private var transparent: Int?

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
        reader = ByteReader(bytes, name: name, format: .gif, at: 6)
        (width, height) = (try reader.next(2), try reader.next(2))
        let flags = try reader.next()
        reader.place += 2
        if flags & 0x80 != 0 { palette = try Self.palette(&reader, flags) }
    }

    func samples(_ options: DecodeOptions) throws -> DecodedSamples {
        var copy = self
        return try copy.firstFrame(options)
    }

    private static func palette(_ reader: inout ByteReader, _ flags: Int) throws -> [UInt8] {
        Array(try reader.slice(3 << (flags & 7 + 1)))
    }

    private mutating func firstFrame(_ options: DecodeOptions) throws -> DecodedSamples {
        while true {
            switch try reader.next() {
            case 0x21:
                let label = try reader.next()
                let block = try reader.slice(try reader.next())
                if label == 0xF9, block.count >= 4 { transparent = block[0] & 1 != 0 ? Int(block[3]) : nil }
                if block.count > 0 { try skipBlocks() }
            case 0x2C: return try frame(options)
            case 0x3B: throw reader.damaged("no picture in it")
            // Some writers leave zeros between blocks.
            case 0: continue
            default: throw reader.damaged("neither a picture nor an extension where one should be")
            }
        }
    }

    private mutating func skipBlocks() throws {
        while true {
            let size = try reader.next()
            if size == 0 { return }
            reader.place += size
        }
    }

    private mutating func frame(_ options: DecodeOptions) throws -> DecodedSamples {
        let (left, top) = (try reader.next(2), try reader.next(2))
        let (across, down) = (try reader.next(2), try reader.next(2))
        let flags = try reader.next()
        // The screen grows with a first frame beyond it, as in Pillow.
        let (width, height) = (max(width, left + across), max(height, top + down))
        guard across > 0, down > 0 else { throw reader.damaged("a picture of \(across) x \(down)") }
        try options.checkMemory(width: width, height: height, bytesPerPixel: 1 + 1 + 4 + 3, name: reader.name)
        if flags & 0x80 != 0 { palette = try Self.palette(&reader, flags) }
        let indices = try LZW.decode(&reader, count: across * down)
        // What no frame covers is transparent, or the first color for those who know no transparency.
        let isCovering = (left, top, across, down) == (0, 0, width, height)
        var screen = indices
        if !isCovering || flags & 0x40 != 0 {
            screen = [UInt8](repeating: UInt8(transparent ?? 0), count: width * height)
            for (row, y) in Self.rows(down, isInterlaced: flags & 0x40 != 0).enumerated() {
                let start = (top + y) * width + left
                screen.replaceSubrange(start..<start + across, with: indices[(row * across)..<((row + 1) * across)])
            }
        }
        return colored(screen, width: width, height: height) { place in
            let (x, y) = (place % width, place / width)
            return isCovering || (left..<left + across).contains(x) && (top..<top + down).contains(y)
        }
    }

    /// Where the rows belong, in the order of storage.
    private static func rows(_ count: Int, isInterlaced: Bool) -> [Int] {
        guard isInterlaced else { return Array(0..<count) }
        return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0.0, to: count, by: $0.1)) }
    }

    private func colored(
        _ screen: [UInt8], width: Int, height: Int, isCovered: (Int) -> Bool
    ) -> DecodedSamples {
        // Entries that no palette gives are grays, as in Pillow.
        var colors = (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0)] }
        let isGray = zip(palette, colors).allSatisfy(==)
        colors.replaceSubrange(0..<palette.count, with: palette)
        let visible = screen.indices.map { isCovered($0) && Int(screen[$0]) != transparent }
        let hasAlpha = visible.contains(false)
        let bands = hasAlpha ? 4 : 3
        let samples = [UInt8](unsafeUninitializedCapacity: screen.count * bands) { out, filled in
            for (place, index) in screen.enumerated() {
                for band in 0..<3 { out[place * bands + band] = colors[Int(index) * 3 + band] }
                if hasAlpha { out[place * bands + 3] = visible[place] ? 255 : 0 }
            }
            filled = screen.count * bands
        }
        // A palette that is the gray scale itself makes a gray picture of it, which is interpolated.
        let layout = SampleLayout(color: .rgb, alpha: hasAlpha ? .key : .none, isIndexed: !isGray)
        return DecodedSamples(samples: samples, layout: layout, width: width, height: height)
    }
}

/// GIF's compression: Lempel, Ziv and Welch's, codes of 3 to 12 bits from the low bit on, in blocks of 255 bytes.
enum LZW {
    static func decode(_ reader: inout ByteReader, count: Int) throws -> [UInt8] {
        let root = try reader.next()
        guard (1...11).contains(root) else { throw reader.damaged("codes of \(root) bits") }
        var blocks: [UInt8] = []
        while true {
            // Many files lack the last, empty block.
            let size = reader.place < reader.bytes.count ? try reader.next() : 0
            if size == 0 { break }
            blocks.append(contentsOf: try reader.slice(min(size, reader.bytes.count - reader.place)))
        }
        let out = decode(blocks, root: root, count: count)
        guard out.count == count else {
            throw reader.damaged("\(out.count) pixels where \(count) are announced")
        }
        return out
    }

    private static func decode(_ bytes: [UInt8], root: Int, count: Int) -> [UInt8] {
        let (clear, end) = (1 << root, 1 << root + 1)
        // A code's string: another code's, and one byte more.
        var prefix = [UInt16](repeating: 0, count: 4096)
        var last = [UInt8](repeating: 0, count: 4096)
        var lengths = [Int](repeating: 1, count: 4096)
        for code in 0..<min(clear, 256) { last[code] = UInt8(code) }
        var (next, bits, previous) = (end + 1, root + 1, -1)
        var (word, held) = (0, 0)
        // Growing with what is there: a tiny file does not get the memory it announces.
        var out: [UInt8] = []
        for byte in bytes {
            word |= Int(byte) << held
            held += 8
            while held >= bits {
                let code = word & (1 << bits - 1)
                word >>= bits
                held -= bits
                if code == clear {
                    (next, bits, previous) = (end + 1, root + 1, -1)
                    continue
                }
                guard code != end, code < next || code == next && previous >= 0 else { return out }
                if previous < 0, code >= clear { return out }
                // The string of a code that is only being defined is the previous one and its own first byte.
                let known = code < next ? code : previous
                let start = out.count
                let length = lengths[known]
                out.append(contentsOf: repeatElement(0, count: length))
                var walk = known
                for place in stride(from: start + length - 1, through: start, by: -1) {
                    out[place] = last[walk]
                    walk = Int(prefix[walk])
                }
                let first = out[start]
                if code == next { out.append(first) }
                if previous >= 0, next < 4096 {
                    prefix[next] = UInt16(previous)
                    last[next] = first
                    lengths[next] = lengths[previous] + 1
                    next += 1
                    if next == 1 << bits, bits < 12 { bits += 1 }
                }
                previous = code
                if out.count >= count { return Array(out.prefix(count)) }
            }
        }
        return out
    }
}

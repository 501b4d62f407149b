/// Netpbm's bitmaps, graymaps and pixmaps, plain and raw, up to 16 bits (netpbm's own pages pbm, pgm, ppm).
enum PNMReader {
    static func samples(
        _ bytes: UnsafeRawBufferPointer, name: String, options: DecodeOptions
    ) throws -> DecodedSamples {
        var reader = ByteReader(bytes, name: name, format: .pnm, at: 2)
        let kind = bytes[1] - UInt8(ascii: "0")  // 1...6
        let isPlain = kind <= 3
        let width = try number(&reader)
        let height = try number(&reader)
        let isBits = kind == 1 || kind == 4
        let most = isBits ? 1 : try number(&reader)
        guard width > 0, height > 0 else { throw reader.damaged("a size of \(width) x \(height)") }
        guard (1...65535).contains(most) else { throw reader.damaged("a largest value of \(most)") }
        // One white space ends the header; a number has taken it already.
        let layout = SampleLayout(color: kind % 3 == 0 ? .rgb : .gray, isIndexed: isBits)
        try options.checkMemory(
            width: width, height: height, bytesPerPixel: layout.bytesWhileConverting, name: name)
        let row = width * layout.bands
        let samples: [UInt8]
        switch (isPlain, isBits) {
        case (true, true): samples = try plainBits(&reader, count: row * height)
        case (true, false): samples = try plainNumbers(&reader, count: row * height, most: most)
        case (false, true): samples = try rawBits(&reader, width: width, height: height)
        case (false, false): samples = try rawNumbers(&reader, count: row * height, most: most)
        }
        return DecodedSamples(samples: samples, layout: layout, width: width, height: height)
    }

    /// 0...255, rounded to nearest; of 16 bits the more significant byte.
    @inline(__always)
    private static func scaled(_ value: Int, _ most: Int) -> UInt8 {
        switch most {
        case 255: UInt8(value)
        case 65535: UInt8(value >> 8)
        default: UInt8((value * 255 + most / 2) / most)
        }
    }

    /// The next number of a header or of plain samples, and the one white space behind it.
    private static func number(_ reader: inout ByteReader) throws -> Int {
        var value: Int?
        while reader.place < reader.bytes.count {
            let byte = reader.bytes[reader.place]
            reader.place += 1
            switch byte {
            case UInt8(ascii: "#"):
                while reader.place < reader.bytes.count, ![10, 13].contains(reader.bytes[reader.place]) {
                    reader.place += 1
                }
            case 9...13, 32:
                if let value { return value }
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
                guard value ?? 0 <= Int(Int32.max) else { throw reader.damaged("a number too large") }
            default: throw reader.damaged("a character where a number should be")
            }
        }
        guard let value else { throw reader.damaged("it is cut short") }
        return value
    }

    private static func plainBits(_ reader: inout ByteReader, count: Int) throws -> [UInt8] {
        var samples: [UInt8] = []
        while samples.count < count {
            let byte = UInt8(try reader.next())
            switch byte {
            case UInt8(ascii: "0"): samples.append(255)
            case UInt8(ascii: "1"): samples.append(0)
            case 9...13, 32: continue
            case UInt8(ascii: "#"): while ![10, 13].contains(try reader.next()) {}
            default: throw reader.damaged("a character where a bit should be")
            }
        }
        return samples
    }

    private static func plainNumbers(_ reader: inout ByteReader, count: Int, most: Int) throws -> [UInt8] {
        var samples: [UInt8] = []
        while samples.count < count {
            let value = try number(&reader)
            guard value <= most else { throw reader.damaged("\(value) above the largest value of \(most)") }
            samples.append(scaled(value, most))
        }
        return samples
    }

    private static func rawBits(_ reader: inout ByteReader, width: Int, height: Int) throws -> [UInt8] {
        let rowBytes = (width + 7) / 8
        let bytes = try reader.slice(rowBytes * height)
        return (0..<height).flatMap { y in
            (0..<width).map { x in bytes[y * rowBytes + x / 8] & (0x80 >> UInt8(x % 8)) == 0 ? 255 : 0 }
        }
    }

    private static func rawNumbers(_ reader: inout ByteReader, count: Int, most: Int) throws -> [UInt8] {
        let size = most > 255 ? 2 : 1
        let bytes = try reader.slice(count * size)
        if most == 255 { return Array(bytes) }
        return (0..<count).map { index in
            let value = size == 1 ? Int(bytes[index]) : Int(bytes[index * 2]) << 8 | Int(bytes[index * 2 + 1])
            return scaled(min(value, most), most)
        }
    }
}

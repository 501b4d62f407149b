/// Decompresses "deflate" (RFC 1951), for drawings in bundles and a dictionary.
struct Inflate {
    private let input: ArraySlice<UInt8>
    private var position: Int
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []
    private let limit: Int

    private struct Damaged: Error {}

    /// What `input` holds, or nil when it is damaged or holds more than `limit` bytes.
    static func bytes(_ input: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
        var inflate = Inflate(input: input, position: input.startIndex, limit: limit)
        do { try inflate.run() } catch { return nil }
        return inflate.output
    }

    /// What a file of gzip's (RFC 1952) holds; its checksum is not looked at.
    static func gzip(_ file: [UInt8], limit: Int) -> [UInt8]? {
        guard file.count > 18, file.starts(with: [0x1F, 0x8B, 8]) else { return nil }
        var position = 10
        let flags = file[3]
        if flags & 4 != 0 { position += 2 + Int(file[10]) + Int(file[11]) << 8 }
        for flag in [UInt8(8), 16] where flags & flag != 0 {
            // A name and a comment, each ended by a zero.
            guard position < file.count, let end = file[position...].firstIndex(of: 0) else { return nil }
            position = end + 1
        }
        if flags & 2 != 0 { position += 2 }
        return position < file.count ? bytes(file[position...], limit: limit) : nil
    }

    private init(input: ArraySlice<UInt8>, position: Int, limit: Int) {
        (self.input, self.position, self.limit) = (input, position, limit)
    }

    private mutating func take(_ count: Int) throws -> Int {
        while bitCount < count {
            guard position < input.endIndex else { throw Damaged() }
            bits |= UInt32(input[position]) << UInt32(bitCount)
            position += 1
            bitCount += 8
        }
        let value = Int(bits & ((1 << UInt32(count)) - 1))
        bits >>= UInt32(count)
        bitCount -= count
        return value
    }

    private mutating func run() throws {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try stored()
            case 1: try block(lengths: Self.fixedLengths, distances: Code(lengths: Array(repeating: 5, count: 30)))
            case 2: try dynamic()
            default: throw Damaged()
            }
        }
    }

    private mutating func stored() throws {
        (bits, bitCount) = (0, 0)
        let (count, inverse) = (try take(16), try take(16))
        guard count == ~inverse & 0xFFFF, count <= input.endIndex - position, output.count + count <= limit else {
            throw Damaged()
        }
        output += input[position..<(position + count)]
        position += count
    }

    private mutating func dynamic() throws {
        let (literals, distances) = (try take(5) + 257, try take(5) + 1)
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var codeLengths = Array(repeating: 0, count: 19)
        for index in 0..<(try take(4) + 4) { codeLengths[order[index]] = try take(3) }
        let code = Code(lengths: codeLengths)
        var lengths: [Int] = []
        while lengths.count < literals + distances {
            let symbol = try symbol(code)
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw Damaged() }
                lengths += Array(repeating: last, count: try take(2) + 3)
            case 17: lengths += Array(repeating: 0, count: try take(3) + 3)
            case 18: lengths += Array(repeating: 0, count: try take(7) + 11)
            default: lengths.append(symbol)
            }
        }
        guard lengths.count == literals + distances else { throw Damaged() }
        try block(
            lengths: Code(lengths: Array(lengths[..<literals])), distances: Code(lengths: Array(lengths[literals...])))
    }

    private mutating func block(lengths: Code, distances: Code) throws {
        while true {
            let symbol = try symbol(lengths)
            if symbol == 256 { return }
            if symbol < 256 {
                guard output.count < limit else { throw Damaged() }
                output.append(UInt8(symbol))
                continue
            }
            guard symbol - 257 < Self.lengthBase.count else { throw Damaged() }
            let length = Self.lengthBase[symbol - 257] + (try take(Self.lengthBits[symbol - 257]))
            let far = try self.symbol(distances)
            guard far < 30 else { throw Damaged() }
            let extra = max(0, far / 2 - 1)
            let distance = (far < 2 ? far : (2 + far % 2) << extra) + 1 + (try take(extra))
            guard distance <= output.count, output.count + length <= limit else { throw Damaged() }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    private mutating func symbol(_ code: Code) throws -> Int {
        var (value, first, index) = (0, 0, 0)
        for length in 1..<16 {
            value |= try take(1)
            let count = code.counts[length]
            if value - first < count { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Damaged()
    }

    /// A canonical Huffman code: how many symbols have each length, and the symbols in order of their codes.
    private struct Code {
        var counts = Array(repeating: 0, count: 16)
        var symbols: [Int] = []

        init(lengths: [Int]) {
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            for length in 1..<16 { symbols += lengths.indices.filter { lengths[$0] == length } }
        }
    }

    private static let fixedLengths = Code(
        lengths: Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112) + Array(repeating: 7, count: 24)
            + Array(repeating: 8, count: 8))
    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
}

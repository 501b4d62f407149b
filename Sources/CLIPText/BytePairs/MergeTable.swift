import Checksums

/// The vocabulary of CLIP's byte-level BPE: which two tokens merge into which, and the bytes of each token.
///
/// Tokens 0 to 255 are single bytes inside a word, 256 to 511 single bytes that end a word, then one token per merge
/// in order of priority, then start-of-text and end-of-text.
struct MergeTable: Sendable {
    static let resource = "merges.txt"

    /// Token of a byte inside a word.
    let byteTokens: [Int32]
    /// Where each token's bytes start in `blob`; one more entry than tokens.
    private(set) var starts: [Int] = [0]
    private(set) var blob: [UInt8] = []
    /// Whether each token ends a word.
    private(set) var endings: [Bool] = []
    /// Open addressing by the pair `left << 16 | right`: `pair << 32 | token`, or zero for an empty place.
    private var slots: [UInt64]
    private let slotMask: Int

    var count: Int { starts.count - 1 }
    var startToken: Int32 { Int32(count - 2) }
    var endToken: Int32 { Int32(count - 1) }

    /// Reads merges, one a line: two tokens in the printable alphabet of GPT-2, split by a space.
    ///
    /// - Throws: ``CLIPTextError/resourceMalformed(name:line:reason:)`` when a merge uses a token that no line before
    ///   it makes, or makes one a second time.
    init(_ file: [UInt8]) throws(CLIPTextError) {
        let lines = file.reduce(0) { $1 == 0x0A ? $0 + 1 : $0 }
        guard lines > 0, lines < 65536 - 514 else {
            throw .resourceMalformed(name: Self.resource, line: lines, reason: "expected 1 to 65021 merges")
        }
        let alphabet = PrintableAlphabet()
        var bits = 10
        while 1 << bits < lines * 2 { bits += 1 }
        slots = [UInt64](repeating: 0, count: 1 << bits)
        slotMask = 1 << bits - 1
        byteTokens = alphabet.tokens
        var index = TokenIndex(capacity: lines + 512)
        blob.reserveCapacity(file.count)
        starts.reserveCapacity(lines + 515)
        endings.reserveCapacity(lines + 514)
        for ending in [false, true] {
            for byte in alphabet.bytes {
                append([byte], ends: ending)
                _ = index.insert(count - 1, of: self)
            }
        }
        try readMerges(file, alphabet, &index)
        append("<start_of_text>".utf8, ends: false)
        append("<end_of_text>".utf8, ends: false)
    }

    private mutating func append(_ bytes: some Sequence<UInt8>, ends: Bool) {
        blob.append(contentsOf: bytes)
        starts.append(blob.count)
        endings.append(ends)
    }

    private mutating func appendCopy(of token: Int) {
        for index in starts[token]..<starts[token + 1] { blob.append(blob[index]) }
    }

    private mutating func readMerges(
        _ file: [UInt8], _ alphabet: PrintableAlphabet, _ index: inout TokenIndex
    ) throws(CLIPTextError) {
        var line = 0
        var scratch: [UInt8] = []
        var place = 0
        while place < file.count {
            line += 1
            var left: Int32 = -1
            var right: Int32 = -1
            if let ends = alphabet.read(file, &place, until: 0x20, into: &scratch), !ends {
                left = index.find(scratch, ends: false, in: self)
            }
            if let ends = alphabet.read(file, &place, until: 0x0A, into: &scratch) {
                right = index.find(scratch, ends: ends, in: self)
            }
            guard left >= 0, right >= 0 else {
                throw .resourceMalformed(name: Self.resource, line: line, reason: "expected two known tokens")
            }
            appendCopy(of: Int(left))
            appendCopy(of: Int(right))
            starts.append(blob.count)
            endings.append(endings[Int(right)])
            guard index.insert(count - 1, of: self) else {
                throw .resourceMalformed(name: Self.resource, line: line, reason: "the token exists already")
            }
            let pair = UInt32(left) << 16 | UInt32(right)
            var slot = Self.hash(pair) & slotMask
            while slots[slot] != 0 { slot = (slot + 1) & slotMask }
            slots[slot] = UInt64(pair) << 32 | UInt64(count - 1)
        }
    }

    /// The token that `left` and `right` merge into, if they do. A smaller token is the earlier merge.
    @inline(__always)
    func merged(_ left: Int32, _ right: Int32) -> Int32? {
        let pair = UInt32(truncatingIfNeeded: left) << 16 | UInt32(truncatingIfNeeded: right)
        var place = Self.hash(pair) & slotMask
        while slots[place] != 0 {
            if UInt32(truncatingIfNeeded: slots[place] >> 32) == pair {
                return Int32(truncatingIfNeeded: slots[place] & 0xFFFF_FFFF)
            }
            place = (place + 1) & slotMask
        }
        return nil
    }

    /// The bytes of a token, or nil when there is no such token.
    func bytes(of token: Int32) -> ArraySlice<UInt8>? {
        guard token >= 0, Int(token) < count else { return nil }
        return blob[starts[Int(token)]..<starts[Int(token) + 1]]
    }

    /// A hash of all tokens in order, which is that of their merges.
    func contentHash() -> String {
        var hash = ContentHash()
        blob.withUnsafeBytes { hash.update($0) }
        starts.map(UInt32.init(truncatingIfNeeded:)).withUnsafeBytes { hash.update($0) }
        endings.map { UInt8($0 ? 1 : 0) }.withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }

    private static func hash(_ pair: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(pair) &* 0x9E37_79B9_7F4A_7C15) >> 40)
    }
}

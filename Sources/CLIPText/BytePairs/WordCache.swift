/// Remembers the tokens of short words. Fixed in size: a word takes the place of another with the same hash.
///
/// One thread uses a cache at a time; ``WorkspacePool`` sees to that.
final class WordCache {
    /// Words up to this many bytes fit an entry's key.
    static let longestWord = 16
    private static let mostTokens = 6
    private static let bits = 14

    /// 32 bytes: two to a cache line.
    private struct Entry {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var tokens: (UInt16, UInt16, UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0, 0, 0)
        var tokenCount: UInt16 = 0
        var byteCount: UInt16 = 0  // zero when empty
    }

    private let vocabulary: CLIPVocabulary
    private let entries: UnsafeMutablePointer<Entry>
    private var scratch: [Int32] = []

    init(vocabulary: CLIPVocabulary) {
        self.vocabulary = vocabulary
        entries = .allocate(capacity: 1 << Self.bits)
        entries.initialize(repeating: Entry(), count: 1 << Self.bits)
    }

    deinit {
        entries.deallocate()
    }

    /// Appends the tokens of a word of 1 to 16 bytes, packed with its first byte lowest.
    @inline(__always)
    func append(low: UInt64, high: UInt64, byteCount: Int, to output: TokenBuffer) {
        let mixed = (low ^ high &* 0x9FB2_1C65_1E98_DF25) &* 0x9E37_79B9_7F4A_7C15
        let entry = entries + Int(truncatingIfNeeded: mixed >> UInt64(64 - Self.bits))
        if entry.pointee.low != low || entry.pointee.high != high || Int(entry.pointee.byteCount) != byteCount {
            guard fill(entry, low: low, high: high, byteCount: byteCount) else {
                for token in scratch { output.append(token) }
                return
            }
        }
        output.append(Int32(entry.pointee.tokens.0))
        let count = entry.pointee.tokenCount
        guard count > 1 else { return }
        output.append(Int32(entry.pointee.tokens.1))
        if count > 2 { output.append(Int32(entry.pointee.tokens.2)) }
        if count > 3 { output.append(Int32(entry.pointee.tokens.3)) }
        if count > 4 { output.append(Int32(entry.pointee.tokens.4)) }
        if count > 5 { output.append(Int32(entry.pointee.tokens.5)) }
    }

    /// Appends the tokens of a word of any length.
    func append(_ word: some RandomAccessCollection<UInt8>, to output: TokenBuffer) {
        if word.count <= Self.longestWord, !word.isEmpty {
            var low: UInt64 = 0
            var high: UInt64 = 0
            for (offset, byte) in word.enumerated() {
                let shifted = UInt64(byte) << UInt64(offset % 8 * 8)
                if offset < 8 { low |= shifted } else { high |= shifted }
            }
            append(low: low, high: high, byteCount: word.count, to: output)
        } else {
            scratch.removeAll(keepingCapacity: true)
            vocabulary.encode(word, into: &scratch)
            for token in scratch { output.append(token) }
        }
    }

    /// Encodes the word into `scratch`, and into the entry when it has room.
    @inline(never)
    private func fill(_ entry: UnsafeMutablePointer<Entry>, low: UInt64, high: UInt64, byteCount: Int) -> Bool {
        let word = (0..<byteCount).map { offset -> UInt8 in
            let half = offset < 8 ? low : high
            return UInt8(truncatingIfNeeded: half >> UInt64(offset % 8 * 8))
        }
        scratch.removeAll(keepingCapacity: true)
        vocabulary.encode(word, into: &scratch)
        guard scratch.count <= Self.mostTokens else { return false }
        var new = Entry(low: low, high: high)
        new.tokenCount = UInt16(scratch.count)
        new.byteCount = UInt16(byteCount)
        withUnsafeMutableBytes(of: &new.tokens) { raw in
            for (offset, token) in scratch.enumerated() {
                raw.storeBytes(of: UInt16(truncatingIfNeeded: token), toByteOffset: 2 * offset, as: UInt16.self)
            }
        }
        entry.pointee = new
        return true
    }
}

/// Tokens on their way out: a growing array without checks in the way.
final class TokenBuffer {
    private static let keptCapacity = 1 << 16

    private var storage: UnsafeMutablePointer<Int32>
    private var capacity = 1024
    private(set) var count = 0

    init() {
        storage = .allocate(capacity: capacity)
    }

    deinit {
        storage.deallocate()
    }

    /// Forgets the tokens, and gives back the memory that an extraordinarily long text took.
    func removeAll() {
        count = 0
        guard capacity > Self.keptCapacity else { return }
        storage.deallocate()
        capacity = Self.keptCapacity
        storage = .allocate(capacity: capacity)
    }

    @inline(__always)
    func append(_ token: Int32) {
        if count == capacity { grow() }
        storage[count] = token
        count += 1
    }

    /// The first `length` tokens.
    func prefix(_ length: Int) -> [Int32] {
        Array(UnsafeBufferPointer(start: storage, count: min(length, count)))
    }

    /// Copies the first `length` tokens into uninitialized memory.
    func copy(_ length: Int, to buffer: inout UnsafeMutableBufferPointer<Int32>, at offset: Int) {
        guard let base = buffer.baseAddress, offset + length <= buffer.count else { return }
        (base + offset).initialize(from: storage, count: min(length, count))
    }

    @inline(never)
    private func grow() {
        let larger = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: storage, count: count)
        storage.deallocate()
        storage = larger
        capacity *= 2
    }
}

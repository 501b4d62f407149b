/// A vocabulary read from a file: the bytes of each token, and the token of given bytes.
struct TokenStrings: Sendable {
    /// More than any vocabulary has; ids and entries are kept below.
    static let mostTokens: Int32 = 1 << 22

    private var blob: [UInt8] = []
    private var starts: [Int] = [0]
    /// The id of each entry.
    private(set) var ids: [Int32] = []
    /// Entries by the hash of their bytes; -1 for an empty place.
    private var slots: [Int32]

    /// Drawn anew for each vocabulary, so that no file can be made whose tokens all share one place.
    private let seed = UInt64.random(in: .min ... .max)

    /// - Parameters:
    ///   - capacity: how many tokens are expected; there may be more.
    ///   - byteCount: how many bytes they are expected to have together.
    init(capacity: Int = 1 << 11, byteCount: Int = 0) {
        var bits = 12
        while 1 << bits < capacity * 2 { bits += 1 }
        slots = [Int32](repeating: -1, count: 1 << bits)
        blob.reserveCapacity(byteCount)
    }

    /// How many tokens there are.
    var count: Int { ids.count }
    /// One more than the largest id.
    private(set) var bound: Int32 = 0

    enum Rejection: Error {
        case duplicate, tooMany

        func reason(_ token: some Collection<UInt8>) -> String {
            switch self {
            case .duplicate: "the token \"\(String(decoding: token.prefix(40), as: UTF8.self))\" stands twice"
            case .tooMany: "more tokens than any vocabulary has"
            }
        }
    }

    /// Adds a token.
    mutating func insert(_ bytes: some RandomAccessCollection<UInt8>, id: Int32) throws(Rejection) {
        guard count < Int(Self.mostTokens), blob.count + bytes.count < 1 << 31 else { throw .tooMany }
        if count * 2 >= slots.count { grow() }
        let slot = slot(of: bytes)
        guard slots[slot] < 0 else { throw .duplicate }
        slots[slot] = Int32(count)
        for byte in bytes { blob.append(byte) }
        starts.append(blob.count)
        ids.append(id)
        bound = max(bound, id + 1)
    }

    /// The token with these bytes.
    func find(_ bytes: some RandomAccessCollection<UInt8>) -> Int32? {
        let entry = slots[slot(of: bytes)]
        return entry < 0 ? nil : ids[Int(entry)]
    }

    func find(_ text: String) -> Int32? { find(Array(text.utf8)) }

    /// The bytes of the entry at `index`, in the order they were added.
    func bytes(at index: Int) -> ArraySlice<UInt8> { blob[starts[index]..<starts[index + 1]] }

    /// Two tokens that share one id, if there are such.
    func sharedID() -> Int32? {
        var seen = [Bool](repeating: false, count: Int(bound))
        for id in ids {
            if seen[Int(id)] { return id }
            seen[Int(id)] = true
        }
        return nil
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for entry in ids.indices { slots[slot(of: bytes(at: entry))] = Int32(entry) }
    }

    /// The place of these bytes, or the free place where they belong.
    private func slot(of bytes: some RandomAccessCollection<UInt8>) -> Int {
        var hash = seed
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let mask = slots.count - 1
        let start = Int(truncatingIfNeeded: hash ^ hash >> 29) & mask
        return blob.withUnsafeBufferPointer { blob in
            var slot = start
            while slots[slot] >= 0 {
                let entry = Int(slots[slot])
                let own = blob[starts[entry]..<starts[entry + 1]]
                if own.count == bytes.count, own.elementsEqual(bytes) { return slot }
                slot = (slot + 1) & mask
            }
            return slot
        }
    }
}

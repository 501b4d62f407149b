import Foundation

/// Packs a list of entries, in its order, into about three bytes each: first the shards that occur, in ascending
/// order, each with the place of its first entry; then for every entry its shard's number in that list and its own.
/// Numbers are unsigned LEB128.
enum EntryList {
    /// The most entries that are unpacked: more than any buffer holds.
    private static let maximumCount = 1 << 26

    static func packed(_ entries: [EntryPlace]) -> Data {
        var first: [Int: EntryPlace] = [:]
        for entry in entries where entry.entry < first[entry.ordinal]?.entry ?? .max { first[entry.ordinal] = entry }
        let shards = first.values.sorted { $0.ordinal < $1.ordinal }
        var slots: [Int: Int] = [:]
        var bytes: [UInt8] = []
        func put(_ value: Int) {
            var rest = UInt64(value)
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        put(shards.count)
        for (slot, shard) in shards.enumerated() {
            slots[shard.ordinal] = slot
            put(shard.ordinal)
            put(shard.offset.map { $0 + 1 } ?? 0)
        }
        put(entries.count)
        for entry in entries {
            put(slots[entry.ordinal] ?? 0)
            put(entry.entry)
        }
        return Data(bytes)
    }

    /// The offset of a shard's first entry goes with all its entries.
    ///
    /// - Throws: ``CLIPDataError/invalidCursor(reason:)`` for bytes that ``packed(_:)`` does not make.
    static func unpacked(_ data: Data) throws(CLIPDataError) -> [EntryPlace] {
        let damaged = CLIPDataError.invalidCursor(reason: "its list of entries is damaged")
        var rest = data[...]
        func take() throws(CLIPDataError) -> Int {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst(), shift < 63 {
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return Int(value) }
                shift += 7
            }
            throw damaged
        }
        let shardCount = try take()
        // Every entry takes at least two bytes, and so does every shard: no claim is worth more memory than was sent.
        guard shardCount <= rest.count / 2 else { throw damaged }
        var shards: [(ordinal: Int, offset: Int?)] = []
        for _ in 0..<shardCount {
            let ordinal = try take()
            let offset = try take()
            guard ordinal > shards.last?.ordinal ?? -1, ordinal < Int.max / 4 else { throw damaged }
            shards.append((ordinal, offset > 0 ? offset - 1 : nil))
        }
        let count = try take()
        guard count <= rest.count / 2, count <= maximumCount else { throw damaged }
        var entries: [EntryPlace] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let slot = try take()
            let entry = try take()
            guard slot < shards.count, entry < Int.max / 4 else { throw damaged }
            entries.append(EntryPlace(ordinal: shards[slot].ordinal, entry: entry, offset: shards[slot].offset))
        }
        guard rest.isEmpty else { throw damaged }
        return entries
    }
}

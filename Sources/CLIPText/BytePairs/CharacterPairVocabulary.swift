import Checksums

/// A byte-pair encoding over characters, with tokens for single bytes where a character has none.
struct CharacterPairVocabulary: Sendable {
    private let strings: TokenStrings
    private let merges: MergeTable
    /// The tokens `<0x00>` to `<0xFF>`; -1 where the vocabulary has none.
    private let bytes: [Int32]
    private let unknown: Int32?
    private let mergesHash: String

    init(_ json: TokenizerJSON, unknown: Int32?) throws(CLIPTextError) {
        strings = json.vocabulary
        merges = try json.merges.table(json.vocabulary, path: json.path)
        mergesHash = json.merges.contentHash()
        bytes = Self.byteNames.map { json.vocabulary.find($0) ?? -1 }
        self.unknown = unknown
    }

    /// `<0x00>` to `<0xFF>`.
    static let byteNames = (0..<256).map { byte in
        "<0x\(String(byte / 16, radix: 16, uppercase: true))\(String(byte % 16, radix: 16, uppercase: true))>"
    }

    /// Appends the tokens of a text.
    func encode(_ text: ArraySlice<UInt32>, into out: inout [Int32]) {
        let start = out.count
        out.reserveCapacity(start + text.count + 16)
        var wasUnknown = false
        for point in text {
            let spelled = utf8Bytes(CollectionOfOne(point))
            if let token = strings.find(spelled) {
                out.append(token)
                wasUnknown = false
            } else if spelled.allSatisfy({ bytes[Int($0)] >= 0 }) {
                out.append(contentsOf: spelled.map { bytes[Int($0)] })
                wasUnknown = false
            } else if let unknown, !wasUnknown {
                out.append(unknown)
                wasUnknown = true
            }
        }
        merges.apply(to: &out, from: start)
    }

    func add(to hash: inout ContentHash) {
        strings.add(to: &hash)
        hash.update(mergesHash)
    }
}

import Checksums

/// The vocabulary of CLIP's byte-level BPE: the bytes of each token, and which two tokens merge into which.
///
/// Tokens 0 to 255 are single bytes inside a word, 256 to 511 single bytes that end a word, then one token per merge
/// in order of priority, then start-of-text and end-of-text.
struct CLIPVocabulary: Sendable {
    static let resource = "merges.txt"

    /// CLIP's own, read when first asked for.
    static let bundled = Result<CLIPVocabulary, CLIPTextError> { () throws(CLIPTextError) in
        try CLIPVocabulary(ResourceFolder.own.read(resource))
    }

    /// Token of a byte inside a word; 256 more is the one that ends a word.
    let byteTokens: [Int32]
    let merges: MergeTable
    /// Each token's bytes and, after them, whether it ends a word: 1 or 0.
    private let strings: TokenStrings

    var count: Int { strings.count }
    var startToken: Int32 { Int32(count - 2) }
    var endToken: Int32 { Int32(count - 1) }

    /// Reads merges, one a line: two tokens in the printable alphabet of GPT-2, split by a space.
    ///
    /// - Throws: ``CLIPTextError/resourceMalformed(name:line:reason:)`` when a merge uses a token that no line before
    ///   it makes, or makes one a second time.
    init(_ file: [UInt8]) throws(CLIPTextError) {
        let lines = file.reduce(0) { $1 == 0x0A ? $0 + 1 : $0 }
        guard lines > 0, lines < 65536 - 514 else {
            throw Self.malformed(line: lines, "expected 1 to 65021 merges")
        }
        let alphabet = PrintableAlphabet()
        byteTokens = alphabet.tokens
        var merges = MergeTable(capacity: lines)
        var strings = TokenStrings(capacity: lines + 514, byteCount: file.count)
        for ending: UInt8 in [0, 1] {
            for byte in alphabet.bytes { try Self.append([byte, ending], to: &strings, line: 0) }
        }
        try Self.readMerges(file, alphabet, &strings, &merges)
        for special in ["<start_of_text>", "<end_of_text>"] {
            try Self.append(Array(special.utf8) + [0], to: &strings, line: lines)
        }
        self.merges = merges
        self.strings = strings
    }

    private static func append(_ token: [UInt8], to strings: inout TokenStrings, line: Int) throws(CLIPTextError) {
        do throws(TokenStrings.Rejection) {
            try strings.insert(token, id: Int32(strings.count))
        } catch {
            throw malformed(line: line, "the token exists already")
        }
    }

    private static func readMerges(
        _ file: [UInt8], _ alphabet: PrintableAlphabet, _ strings: inout TokenStrings, _ merges: inout MergeTable
    ) throws(CLIPTextError) {
        var line = 0
        var place = 0
        var left: [UInt8] = []
        var right: [UInt8] = []
        while place < file.count {
            line += 1
            let leftEnds = alphabet.read(file, &place, until: 0x20, into: &left)
            let rightEnds = leftEnds == nil ? nil : alphabet.read(file, &place, until: 0x0A, into: &right)
            guard leftEnds == false, let rightEnds else { throw malformed(line: line, unknownToken) }
            left.append(0)
            right.append(rightEnds ? 1 : 0)
            guard let first = strings.find(left), let second = strings.find(right) else {
                throw malformed(line: line, unknownToken)
            }
            merges.append(left: first, right: second, result: Int32(strings.count))
            left[left.count - 1] = right[0]  // in place of whether it ends a word
            for byte in right.dropFirst() { left.append(byte) }
            try append(left, to: &strings, line: line)
        }
    }

    private static let unknownToken = "expected two known tokens"

    private static func malformed(line: Int, _ reason: String) -> CLIPTextError {
        .resourceMalformed(name: resource, line: line, reason: reason)
    }

    /// Appends the tokens of a word.
    func encode(_ word: some Sequence<UInt8>, into tokens: inout [Int32]) {
        let start = tokens.count
        for byte in word { tokens.append(byteTokens[Int(byte)]) }
        guard tokens.count > start else { return }
        tokens[tokens.count - 1] += 256
        merges.apply(to: &tokens, from: start)
    }

    /// The bytes of a token, or nil when there is no such token.
    func bytes(of token: Int32) -> ArraySlice<UInt8>? {
        guard token >= 0, Int(token) < count else { return nil }
        return strings.bytes(at: Int(token)).dropLast()
    }

    /// Whether a token of the vocabulary ends a word.
    func endsWord(_ token: Int32) -> Bool { strings.bytes(at: Int(token)).last == 1 }

    /// A hash of all tokens in order, which is that of their merges.
    func contentHash() -> String {
        var blob: [UInt8] = []
        var starts: [UInt32] = [0]
        var endings: [UInt8] = []
        for token in 0..<count {
            let bytes = strings.bytes(at: token)
            blob.append(contentsOf: bytes.dropLast())
            starts.append(UInt32(truncatingIfNeeded: blob.count))
            endings.append(bytes.last ?? 0)
        }
        var hash = ContentHash()
        blob.withUnsafeBytes { hash.update($0) }
        starts.withUnsafeBytes { hash.update($0) }
        endings.withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }
}

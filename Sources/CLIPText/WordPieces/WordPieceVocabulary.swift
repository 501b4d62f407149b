/// WordPiece's vocabulary: pieces that begin a word, and pieces, written with "##", that continue one.
struct WordPieceVocabulary: Sendable {
    let path: String
    /// All tokens as they are written.
    let strings: TokenStrings
    /// The continuing pieces without their "##".
    private var continuing = TokenStrings()
    private var longestPiece = 0
    private var unknown: Int32 = 0

    var bound: Int32 { strings.bound }

    init(_ strings: TokenStrings, path: String) {
        self.path = path
        self.strings = strings
        for entry in 0..<strings.count {
            let token = strings.bytes(at: entry)
            longestPiece = max(longestPiece, token.count)
            guard token.starts(with: "##".utf8) else { continue }
            // Different tokens have different rests, so this cannot be refused.
            try? continuing.insert(token.dropFirst(2), id: strings.ids[entry])
        }
    }

    /// Reads a `vocab.txt`: a token on each line, its id the number of lines before.
    ///
    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)``.
    init(lines file: [UInt8], path: String, rules: TextRules) throws(CLIPTextError) {
        guard String(decoding: file, as: UTF8.self).utf8.elementsEqual(file) else {
            throw .fileMalformed(path: path, place: "the file", reason: "it is not UTF-8")
        }
        let tables = try RuleTables.load().unicode
        var strings = TokenStrings()
        var lines = file.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (id, line) in lines.enumerated() {
            var token = line.last == 0x0D ? Array(line.dropLast()) : Array(line)
            if rules == .authors { token = Self.trimmed(token, tables) }
            do throws(TokenStrings.Rejection) {
                try strings.insert(token, id: Int32(truncatingIfNeeded: id))
            } catch {
                throw .fileMalformed(path: path, place: "line \(id + 1)", reason: error.reason(token))
            }
        }
        self.init(strings, path: path)
    }

    private static func trimmed(_ token: [UInt8], _ tables: UnicodeTables) -> [UInt8] {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { tables[scalar.value].contains(.space) }
        let scalars = String(decoding: token, as: UTF8.self).unicodeScalars
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return [] }
        return Array(String(scalars[first...last]).utf8)
    }

    func with(unknown: Int32) -> WordPieceVocabulary {
        var copy = self
        copy.unknown = unknown
        return copy
    }

    func find(_ token: String) -> Int32? { strings.find(token) }

    /// Appends the tokens of a word: always the longest piece that fits, or one unknown token for the whole word where
    /// none does or it has more than `longest` characters.
    func encode(_ word: ArraySlice<UInt32>, longest: Int, into out: inout [Int32]) {
        guard word.count <= longest else { return out.append(unknown) }
        let bytes = utf8Bytes(word)
        let count = out.count
        var start = 0
        while start < bytes.count {
            var end = min(bytes.count, start + longestPiece)
            var found: Int32?
            while end > start {
                // Only whole characters can match, since the vocabulary is UTF-8.
                found = start == 0 ? strings.find(bytes[..<end]) : continuing.find(bytes[start..<end])
                if found != nil { break }
                end -= 1
            }
            guard let found else {
                out.removeSubrange(count...)
                return out.append(unknown)
            }
            out.append(found)
            start = end
        }
    }
}

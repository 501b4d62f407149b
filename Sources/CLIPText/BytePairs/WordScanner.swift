/// Finds the words of CLIP's token pattern and appends their tokens:
/// `<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`, ignoring case.
///
/// There are two scanners. The one for plain ASCII reads the text as it comes, since cleaning would only change case
/// and white space; the other reads cleaned code points.
struct WordScanner {
    let cache: WordCache
    let output: TokenBuffer
    let startToken: Int32
    let endToken: Int32
    let byteTokens: [Int32]

    typealias Bytes = UnsafeBufferPointer<UInt8>

    private enum Kind {
        static let letter: UInt8 = 0
        static let digit: UInt8 = 1
        static let space: UInt8 = 2
        static let other: UInt8 = 3
        /// Needs cleaning: an ampersand (HTML), a control character, or no ASCII.
        static let unclean: UInt8 = 4
    }

    private static let kinds: [UInt8] = (0..<256).map { byte in
        switch UInt8(byte) {
        case 0x41...0x5A, 0x61...0x7A: Kind.letter
        case 0x30...0x39: Kind.digit
        case 0x09, 0x0A, 0x0C, 0x0D, 0x20: Kind.space
        case 0x26: Kind.unclean
        case 0x21...0x7E: Kind.other
        default: Kind.unclean
        }
    }

    // MARK: - Plain ASCII

    /// Appends the tokens of text that needs no cleaning.
    ///
    /// - Returns: False when the text does need it; then what was appended has to be thrown away.
    func scanPlain(_ text: Bytes) -> Bool {
        Self.kinds.withUnsafeBufferPointer { kinds in
            var index = 0
            while index < text.count {
                let byte = text[index]
                switch kinds[Int(byte)] {
                case Kind.letter:
                    index = letters(text, kinds, from: index)
                case Kind.digit:
                    output.append(byteTokens[Int(byte)] + 256)
                    index += 1
                case Kind.space:
                    index += 1
                case Kind.other:
                    index = others(text, kinds, from: index)
                default:
                    return false
                }
            }
            return true
        }
    }

    @inline(__always)
    private func letters(_ text: Bytes, _ kinds: Bytes, from start: Int) -> Int {
        var index = start
        var low: UInt64 = 0
        var high: UInt64 = 0
        while index < text.count, kinds[Int(text[index])] == Kind.letter {
            let offset = index - start
            let byte = UInt64(text[index] | 0x20)
            if offset < 8 {
                low |= byte << UInt64(truncatingIfNeeded: 8 &* offset)
            } else if offset < 16 {
                high |= byte << UInt64(truncatingIfNeeded: 8 &* (offset &- 8))
            }
            index += 1
        }
        if index - start <= WordCache.longestWord {
            cache.append(low: low, high: high, byteCount: index - start, to: output)
        } else {
            cache.append(text[start..<index].map { $0 | 0x20 }, to: output)
        }
        return index
    }

    private func others(_ text: Bytes, _ kinds: Bytes, from start: Int) -> Int {
        func letter(_ index: Int) -> UInt32 {
            guard index < text.count else { return 0 }
            let byte = text[index]
            return UInt32(kinds[Int(byte)] == Kind.letter ? byte | 0x20 : byte)
        }
        if let (length, token) = special(start, letter) {
            if let token { output.append(token) } else { cache.append(text[start..<(start + length)], to: output) }
            return start + length
        }
        if let length = contraction(start, letter) {
            cache.append(text[start..<(start + length)].map { $0 < 0x40 ? $0 : $0 | 0x20 }, to: output)
            return start + length
        }
        var end = start + 1
        while end < text.count, kinds[Int(text[end])] == Kind.other { end += 1 }
        cache.append(UnsafeBufferPointer(rebasing: text[start..<end]), to: output)
        return end
    }

    // MARK: - Cleaned text

    /// Appends the tokens of cleaned text.
    func scan(_ text: [UInt32], _ tables: UnicodeTables) {
        func at(_ index: Int) -> UInt32 { index < text.count ? text[index] : 0 }
        var index = 0
        while index < text.count {
            let facts = tables[text[index]]
            var end = index + 1
            if let (length, token) = special(index, at) {
                end = index + length
                if let token {
                    output.append(token)
                    index = end
                    continue
                }
            } else if let length = contraction(index, at) {
                end = index + length
            } else if facts.contains(.letter) {
                while end < text.count, tables[text[end]].contains(.letter) { end += 1 }
            } else if isOther(text[index], facts) {
                while end < text.count, isOther(text[end], tables[text[end]]) { end += 1 }
            } else if !facts.contains(.number) {
                index = end
                continue
            }
            cache.append(utf8(text[index..<end]), to: output)
            index = end
        }
    }

    private func isOther(_ point: UInt32, _ facts: PointFacts) -> Bool {
        guard facts.isDisjoint(with: [.letter, .number, .unmatched, .space]) else {
            // To the pattern's `\s` the four separators 1C to 1F are no white space.
            return facts.contains(.space) && (0x1C...0x1F).contains(point)
        }
        return true
    }

    private func utf8(_ points: ArraySlice<UInt32>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(points.count * 3)
        for point in points {
            if point < 0x80 {
                out.append(UInt8(point))
            } else if let scalar = Unicode.Scalar(point) {
                out.append(contentsOf: Unicode.UTF8.encode(scalar).map(Array.init) ?? [])
            }
        }
        return out
    }

    // MARK: - Both

    private static let specials = [Array("<start_of_text>".unicodeScalars), Array("<end_of_text>".unicodeScalars)]

    /// A special token at `start`: its length, and its id when it is written exactly. Ignoring case, the pattern also
    /// accepts a long s (U+017F), but such a spelling has no id of its own and is an ordinary word.
    private func special(_ start: Int, _ at: (Int) -> UInt32) -> (length: Int, token: Int32?)? {
        guard at(start) == 0x3C, at(start + 1) == 0x65 || Self.isS(at(start + 1)) else { return nil }
        for (name, token) in zip(Self.specials, [startToken, endToken]) {
            var exact = true
            let matches = name.indices.allSatisfy { offset in
                let point = at(start + offset)
                if point == name[offset].value { return true }
                exact = false
                return name[offset] == "s" && Self.isS(point)
            }
            if matches { return (name.count, exact ? token : nil) }
        }
        return nil
    }

    private static func isS(_ point: UInt32) -> Bool { point == 0x73 || point == 0x17F }

    /// The length of an English contraction at `start`.
    private func contraction(_ start: Int, _ at: (Int) -> UInt32) -> Int? {
        guard at(start) == 0x27 else { return nil }
        let first = at(start + 1)
        if Self.isS(first) || first == 0x74 || first == 0x6D || first == 0x64 { return 2 }  // 's 't 'm 'd
        let second = at(start + 2)
        if (first == 0x72 || first == 0x76) && second == 0x65 { return 3 }  // 're 've
        return first == 0x6C && second == 0x6C ? 3 : nil  // 'll
    }
}

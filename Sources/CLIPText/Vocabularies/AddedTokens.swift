/// Tokens that are found in a text as they are written, before it is split into words (Hugging Face's added tokens).
struct AddedTokens: Sendable {
    struct Entry: Sendable, Equatable {
        var content: String
        var id: Int32
        /// Found in the normalized text instead of the text as it came.
        var isNormalized = false
        var stripsLeft = false
        var stripsRight = false
        var isSingleWord = false
    }

    /// A stretch of a text: ordinary text, or a token found in it.
    enum Piece {
        case text(ArraySlice<UInt32>)
        case token(Int32)
    }

    /// A trie of code points: `node << 32 | point` to node, the root being 0.
    private var children: [UInt64: UInt32] = [:]
    /// The token that ends at a node.
    private var ends: [UInt32: Entry] = [:]
    private let tables: RuleTables

    var isEmpty: Bool { ends.isEmpty }

    /// - Parameter normalize: brings the tokens' own spelling to the form of the text they are looked for in.
    init(_ entries: [Entry], tables: RuleTables, normalize: ([UInt32]) -> [UInt32] = { $0 }) {
        self.tables = tables
        for entry in entries {
            var node: UInt32 = 0
            for point in normalize(entry.content.unicodeScalars.map(\.value)) {
                let key = UInt64(node) << 32 | UInt64(point)
                let next = children[key] ?? UInt32(truncatingIfNeeded: children.count + 1)
                children[key] = next
                node = next
            }
            if node > 0 { ends[node] = entry }
        }
    }

    /// Splits the text at the tokens found in it: the leftmost first, of those the longest.
    func split(_ text: ArraySlice<UInt32>) -> [Piece] {
        guard !isEmpty, text.contains(where: { children[UInt64($0)] != nil }) else {
            return text.isEmpty ? [] : [.text(text)]
        }
        var pieces: [Piece] = []
        var written = text.startIndex
        var place = text.startIndex
        while place < text.endIndex {
            guard let found = match(text, at: place) else {
                place += 1
                continue
            }
            var start = place
            var end = found.end
            place = end
            let entry = found.entry
            if entry.isSingleWord {
                let before = start > text.startIndex ? text[start - 1] : 0x20
                let after = end < text.endIndex ? text[end] : 0x20
                guard !tables.isWord(before), !tables.isWord(after) else { continue }
            }
            if entry.stripsLeft { while start > written, tables.isSpace(text[start - 1]) { start -= 1 } }
            if entry.stripsRight { while end < text.endIndex, tables.isSpace(text[end]) { end += 1 } }
            if start > written { pieces.append(.text(text[written..<start])) }
            pieces.append(.token(entry.id))
            written = end
            place = max(place, end)
        }
        if written < text.endIndex { pieces.append(.text(text[written...])) }
        return pieces
    }

    /// The longest token that begins at a place, and where it ends.
    private func match(_ text: ArraySlice<UInt32>, at place: Int) -> (entry: Entry, end: Int)? {
        var node: UInt32 = 0
        var found: (Entry, Int)?
        for index in place..<text.endIndex {
            guard let next = children[UInt64(node) << 32 | UInt64(text[index])] else { break }
            node = next
            if let entry = ends[node] { found = (entry, index + 1) }
        }
        return found
    }
}

/// The added tokens of one tokenizer: those looked for in a text as it came, and those looked for in the normalized rest.
struct AddedTokenSearch: Sendable {
    private let raw: AddedTokens
    private let normalized: AddedTokens
    private let normalize: @Sendable (ArraySlice<UInt32>) -> [UInt32]

    init(
        _ entries: [AddedTokens.Entry], tables: RuleTables,
        normalize: @escaping @Sendable (ArraySlice<UInt32>) -> [UInt32]
    ) {
        raw = AddedTokens(entries.filter { !$0.isNormalized }, tables: tables)
        normalized = AddedTokens(entries.filter(\.isNormalized), tables: tables) { normalize($0[...]) }
        self.normalize = normalize
    }

    /// All tokens of a text: the added ones that are found, and those that `words` appends for what lies between.
    func encode(_ text: [UInt32], words: (ArraySlice<UInt32>, inout [Int32]) -> Void) -> [Int32] {
        var out: [Int32] = []
        for piece in raw.split(text[...]) {
            switch piece {
            case .token(let id): out.append(id)
            case .text(let text):
                for piece in normalized.split(normalize(text)[...]) {
                    switch piece {
                    case .token(let id): out.append(id)
                    case .text(let text): words(text, &out)
                    }
                }
            }
        }
        return out
    }
}

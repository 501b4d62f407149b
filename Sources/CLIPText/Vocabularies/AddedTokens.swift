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

    private struct Pattern {
        var points: [UInt32]
        var entry: Entry
    }

    /// By first code point, longest first.
    private var patterns: [UInt32: [Pattern]] = [:]
    private let tables: RuleTables

    var isEmpty: Bool { patterns.isEmpty }

    /// - Parameter normalize: brings the tokens' own spelling to the form of the text they are looked for in.
    init(_ entries: [Entry], tables: RuleTables, normalize: ([UInt32]) -> [UInt32] = { $0 }) {
        self.tables = tables
        for entry in entries {
            let points = normalize(entry.content.unicodeScalars.map(\.value))
            guard let first = points.first else { continue }
            patterns[first, default: []].append(Pattern(points: points, entry: entry))
        }
        for first in patterns.keys { patterns[first]?.sort { $0.points.count > $1.points.count } }
    }

    /// Splits the text at the tokens found in it: the leftmost first, of those the longest.
    func split(_ text: ArraySlice<UInt32>) -> [Piece] {
        guard !isEmpty, text.contains(where: { patterns[$0] != nil }) else { return text.isEmpty ? [] : [.text(text)] }
        var pieces: [Piece] = []
        var written = text.startIndex
        var place = text.startIndex
        while place < text.endIndex {
            guard let found = match(text, at: place) else {
                place += 1
                continue
            }
            var start = place
            var end = place + found.points.count
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

    private func match(_ text: ArraySlice<UInt32>, at place: Int) -> Pattern? {
        patterns[text[place]]?.first { text[place...].starts(with: $0.points) }
    }
}

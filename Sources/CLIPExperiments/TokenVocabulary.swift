import CLIPText

/// The tokens that training captions have, numbered without gaps: a language model need not score the tens of thousands
/// that never occur.
package struct TokenVocabulary: Sendable, Equatable {
    /// The tokenizer's ids in ascending order. Their places are the numbers, and one more stands for every other id.
    package let tokens: [Int32]
    private let places: [Int32: Int32]

    package init(captions: [[Int32]]) {
        tokens = Set(captions.joined()).sorted()
        places = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, Int32($0)) })
    }

    /// With the number for unknown ids.
    package var count: Int { tokens.count + 1 }

    func numbers(_ caption: [Int32]) -> [Int32] { caption.map { places[$0] ?? Int32(tokens.count) } }
}

/// Captions as a language model reads and predicts them: `[N, L]`, each token to predict the next.
struct CaptionRectangle {
    /// What is read, row by row and filled with 0 at the ends, which nothing before them sees.
    var input: [Int32] = []
    /// The places of tokens that have a next one, among all `N · L`, row by row.
    var places: [Int64] = []
    /// What follows at these places.
    var targets: [Int64] = []
    /// The row each of these places is in.
    var rows: [Int] = []
    let count: Int
    let length: Int

    /// - Parameter captions: numbers of a ``TokenVocabulary``, with start and end.
    init(_ captions: [[Int32]], contextLength: Int) {
        let captions = captions.map { $0.prefix(contextLength) }
        count = captions.count
        length = max(1, (captions.map(\.count).max() ?? 0) - 1)
        for (row, caption) in captions.enumerated() {
            let read = caption.dropLast()
            input += read + [Int32](repeating: 0, count: length - read.count)
            for (column, target) in caption.dropFirst().enumerated() {
                places.append(Int64(row * length + column))
                targets.append(Int64(target))
                rows.append(row)
            }
        }
    }
}

extension TextTokenizer {
    /// A caption's ids without the padding that some tokenizers fill rows with.
    func unpadded(_ tokens: [Int32]) -> [Int32] {
        guard tokens.count == contextLength, let last = tokens.lastIndex(where: { $0 != padToken }) else {
            return tokens
        }
        return Array(tokens[...last])
    }
}

import Torch

/// Captions sorted by length and split where that spares work: one long caption must not make a whole batch long.
struct CaptionBatches {
    /// Which captions go together, by their places in the input; shortest first.
    let rows: [[Int]]

    /// A further pass through the tower costs about as much as this many tokens.
    private static let passCost = 512

    /// - Parameter ends: where each caption ends; see ``ends(of:configuration:)``.
    init(ends: [Int]) {
        let order = ends.indices.sorted { (ends[$0], $0) < (ends[$1], $1) }
        var rows: [[Int]] = []
        var current: [Int] = []
        var tokens = 0  // in `current`, without padding
        for row in order {
            let padding = current.count * (ends[row] + 1) - tokens
            if padding > Self.passCost {
                rows.append(current)
                current = []
                tokens = 0
            }
            current.append(row)
            tokens += ends[row] + 1
        }
        if !current.isEmpty { rows.append(current) }
        self.rows = rows
    }

    /// Whether the batches, one after another, are the captions in their own order.
    var isInOrder: Bool { rows.joined().enumerated().allSatisfy { $0 == $1 } }

    /// For each caption, its place among the batches' results.
    var places: [Int64] {
        var places = [Int64](repeating: 0, count: rows.reduce(0) { $0 + $1.count })
        for (place, row) in rows.joined().enumerated() { places[row] = Int64(place) }
        return places
    }

    /// Where each caption ends: the first place of its highest id, as the paper's code pools.
    /// - Throws: `TorchError` for a caption without tokens, too long, or with an id outside the vocabulary.
    static func ends(of captions: [[Int32]], configuration: TextTransformerConfiguration) throws -> [Int] {
        try captions.enumerated().map { row, caption in
            func problem(_ text: String) -> TorchError {
                TorchError(context: "TextTransformer", message: "caption \(row) \(text)")
            }
            guard let highest = caption.max(), let end = caption.firstIndex(of: highest) else {
                throw problem("has no tokens")
            }
            guard end < configuration.contextLength else {
                throw problem("has more than the \(configuration.contextLength) tokens the model takes")
            }
            if let bad = caption.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
                throw problem("has token \(bad), outside the vocabulary of \(configuration.vocabularySize)")
            }
            return end
        }
    }
}

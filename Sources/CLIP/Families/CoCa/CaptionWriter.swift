import Torch
import TorchNN

/// Captions being written side by side, a token at a time: what earlier tokens contribute to attention is kept, so that
/// each step costs one token.
struct CaptionWriter {
    private let text: TextTransformer
    private let decoder: CaptionDecoder
    /// Of the text tower's blocks, then of the decoder's.
    private var caches: [AttentionCache]
    /// Each cross-attention block's keys and values of the pictures, `[2, B, heads, M, d]`.
    private let pictures: [Tensor]
    /// What has been written, as many tokens in each row.
    private(set) var rows: [[Int32]]

    /// - Parameters:
    ///   - pictureTokens: `[B, M, W]`.
    ///   - copies: how many captions are written of each picture; rows of one picture stand together.
    init(text: TextTransformer, decoder: CaptionDecoder, pictureTokens: Tensor, copies: Int) throws {
        self.text = text
        self.decoder = decoder
        caches = Array(repeating: AttentionCache(), count: text.blocks.count + decoder.blocks.count)
        let count = pictureTokens.shape[0]
        let repeated = (0..<count).flatMap { Array(repeating: Int64($0), count: copies) }
        let indices = try Tensor(repeated).moved(to: pictureTokens.device)
        pictures = try decoder.crossBlocks.map { block in
            let own = try block.keysAndValues(pictureTokens)
            return copies == 1 ? own : try own.rows(indices, dimension: 1)
        }
        rows = Array(repeating: [], count: count * copies)
    }

    /// Writes one token to each row.
    /// - Returns: the scores of the next, 32-bit on the CPU: `[B, vocabulary]`.
    mutating func append(_ tokens: [Int32]) throws -> Tensor {
        let place = rows.first?.count ?? 0
        for (row, token) in tokens.enumerated() { rows[row].append(token) }
        let device = text.device
        let ids = try Tensor(tokens, shape: [tokens.count, 1]).moved(to: device)
        let positions = text.positionalEmbedding.tensor
        var states = try text.tokenEmbedding(ids) + positions.slice(place..<place + 1)  // [B, 1, W]
        let visible = try self.visible(dtype: states.dtype, device: device)
        for (index, block) in text.blocks.enumerated() {
            states = try block(next: states, cache: &caches[index], visible: visible)
        }
        for (index, (block, cross)) in zip(decoder.blocks, decoder.crossBlocks).enumerated() {
            states = try block(next: states, cache: &caches[text.blocks.count + index], visible: nil)
            states = try cross(states, over: pictures[index])
        }
        return try decoder.scores(states).select(0, dimension: 1).converted(to: .float32).moved(to: .cpu)
    }

    /// The text tower hides what stands after padding, see ``TextTransformer``; nil where nothing does.
    private func visible(dtype: DType, device: Device) throws -> Tensor? {
        let padToken = text.configuration.padToken
        guard text.configuration.hasClassEmbedding, rows.contains(where: { $0.dropLast().contains(padToken) })
        else { return nil }
        let flags = rows.map { row in [true] + row.dropLast().map { $0 != padToken } }
        return try CaptionRows.visibility(flags, dtype: dtype, device: device)
    }

    /// Replaces each row by another of the same picture.
    mutating func keep(_ chosen: [Int]) throws {
        rows = chosen.map { rows[$0] }
        if chosen.elementsEqual(rows.indices) { return }
        let indices = try Tensor(chosen.map(Int64.init)).moved(to: text.device)
        for index in caches.indices { try caches[index].keep(indices) }
    }
}

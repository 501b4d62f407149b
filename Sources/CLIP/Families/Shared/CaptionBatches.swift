import Torch

/// Captions sorted by length and split where that spares work: one long caption must not make a whole batch long.
struct CaptionBatches {
    /// Which captions go together, by their places in the input; shortest first.
    let rows: [[Int]]

    /// A further pass through the tower costs about as much as this many tokens. A GPU does in the time it takes to
    /// start a pass's kernels what a processor does in seconds.
    private static func passCost(on device: Device) -> Int { device.kind == .cuda ? 8192 : 512 }

    /// Where only attention lays captions out as a rectangle, padding costs little.
    static let packedPassCost = 8192

    /// Columns of a rectangle for captions that end there. On a GPU they come in eights, so that its memory is asked for
    /// in few sizes again and again and its kernels find rows aligned; what is added is never read.
    /// - Parameter limit: the context length.
    static func columns(_ ends: [Int], limit: Int, on device: Device) -> Int {
        let needed = (ends.max() ?? 0) + 1
        return device.kind == .cuda ? max(needed, min(limit, (needed + 7) / 8 * 8)) : needed
    }

    /// - Parameters:
    ///   - ends: the place of the last token that matters of each caption.
    ///   - passCost: how many tokens of padding a further pass is worth; by default what suits the device.
    init(ends: [Int], device: Device = .cpu, passCost: Int? = nil) {
        let passCost = passCost ?? Self.passCost(on: device)
        let order = ends.indices.sorted { (ends[$0], $0) < (ends[$1], $1) }
        var rows: [[Int]] = []
        var current: [Int] = []
        var tokens = 0  // in `current`, without padding
        for row in order {
            let padding = current.count * (ends[row] + 1) - tokens
            if padding > passCost {
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

    /// Runs `encode` on each batch and puts the results in the captions' own order.
    /// - Parameter encode: takes captions' places and gives one row for each.
    func map(device: Device, _ encode: ([Int]) throws -> Tensor) throws -> Tensor {
        let parts = try rows.map(encode)
        if parts.count == 1, isInOrder { return parts[0] }
        return try Tensor.concatenated(parts).rows(Tensor(places).uploaded(to: device))
    }
}

/// Captions as a text tower reads them, checked.
struct CaptionRows {
    /// The tower's name in messages.
    let tower: String
    let contextLength: Int
    let vocabularySize: Int

    func problem(_ row: Int, _ text: String) -> TorchError {
        TorchError(context: tower, message: "caption \(row) \(text)")
    }

    /// - Throws: `TorchError` for a caption without tokens or with an id outside the vocabulary.
    func checkTokens(_ captions: [[Int32]]) throws {
        for (row, caption) in captions.enumerated() {
            if caption.isEmpty { throw problem(row, "has no tokens") }
            if let bad = caption.first(where: { $0 < 0 || $0 >= vocabularySize }) {
                throw problem(row, "has token \(bad), outside the vocabulary of \(vocabularySize)")
            }
        }
    }

    /// - Throws: `TorchError` if the last token that matters is outside the context.
    func checkEnd(_ end: Int, row: Int) throws {
        if end >= contextLength { throw problem(row, "has more than the \(contextLength) tokens the model takes") }
    }

    /// - Throws: `TorchError` if a caption is not of the context's length.
    func checkWhole(_ captions: [[Int32]]) throws {
        for (row, caption) in captions.enumerated() where caption.count != contextLength {
            throw problem(
                row,
                "has \(caption.count) tokens where exactly \(contextLength) are needed: this model reads its padding. "
                    + "Pad it as its tokenizer does")
        }
    }

    /// As one rectangle `[B, length]`; rows are cut or filled with `padding`.
    static func rectangle(_ captions: [[Int32]], length: Int, padding: Int32, device: Device) throws -> Tensor {
        var ids = [Int32](repeating: padding, count: captions.count * length)
        for (row, caption) in captions.enumerated() {
            for (column, token) in caption.prefix(length).enumerated() { ids[row * length + column] = token }
        }
        return try Tensor(ids, shape: [captions.count, length]).uploaded(to: device)
    }

    /// 0 where a flag is set and -infinity elsewhere: `[B, L]`, to be added to scores.
    static func visibility(_ flags: [[Bool]], dtype: DType, device: Device) throws -> Tensor {
        let values: [Float] = flags.flatMap { $0.map { $0 ? 0 : -.infinity } }
        return try Tensor(values, shape: [flags.count, flags.first?.count ?? 0]).converted(to: dtype).uploaded(
            to: device)
    }
}

import Torch

/// The pairs of the global batch that share a caption.
struct CaptionGroups {
    /// Each pair's group, from 0: int64 `[N]`.
    let groups: Tensor
    let groupCount: Int
    /// The size of each pair's group, float32 `[N]`.
    let sizes: Tensor
    /// Each pair's group, or -1 where it is alone.
    private let repeated: [Int32]
    /// - Parameter keys: this process's.
    /// - Returns: nil where no caption occurs twice.
    static func find(_ keys: [Int64], over communicator: any Communicator, on device: Device) throws -> CaptionGroups? {
        let gathered = try communicator.gatherRows(Tensor(keys).moved(to: device))
        let all = try gathered.elements(Int64.self)
        var places: [Int64: Int] = [:]
        let groups = all.map { key in
            let next = places.count
            return places[key]
                ?? {
                    places[key] = next
                    return next
                }()
        }
        guard places.count < all.count else { return nil }
        return try CaptionGroups(groups, count: places.count, on: device)
    }

    private init(_ members: [Int], count: Int, on device: Device) throws {
        var sizes = [Int](repeating: 0, count: count)
        for group in members { sizes[group] += 1 }
        groupCount = count
        groups = try Tensor(members.map(Int64.init)).moved(to: device)
        self.sizes = try Tensor(members.map { Float(sizes[$0]) }).moved(to: device)
        repeated = members.map { sizes[$0] > 1 ? Int32($0) : -1 }
    }

    /// 1 where a pair's caption is repeated, else 0: float32 `[N]`.
    func isRepeated() throws -> Tensor {
        try Tensor(repeated.map { Float($0 < 0 ? 0 : 1) }).moved(to: groups.device)
    }

    /// Where the captions of a tile's rows and columns are equal.
    /// - Parameter own: this process's rows among all.
    func masks(for tiles: Tiles, own: Range<Int>) throws -> CaptionMasks {
        func held(_ ranges: [Range<Int>], from first: Int) -> [Set<Int32>] {
            ranges.map { Set(repeated[($0.lowerBound + first)..<($0.upperBound + first)]).subtracting([-1]) }
        }
        // A caption that is not repeated is to equal nothing, itself included.
        let rows = try Tensor(Array(repeated[own])).moved(to: groups.device)
        let columns = try Tensor(repeated.map { $0 < 0 ? -2 : $0 }).moved(to: groups.device)
        return CaptionMasks(
            tiles: tiles, rows: rows, columns: columns, rowGroups: held(tiles.rows, from: own.lowerBound),
            columnGroups: held(tiles.columns, from: 0), ownRows: try isRepeated().slice(own))
    }
}

/// Masks of equal captions, made for one tile at a time. Where a caption is repeated, its own pair is masked too, and
/// whoever uses the masks puts it back.
struct CaptionMasks {
    fileprivate let tiles: Tiles
    /// int32 `[b]` and `[N]`.
    fileprivate let rows: Tensor
    fileprivate let columns: Tensor
    fileprivate let rowGroups: [Set<Int32>]
    fileprivate let columnGroups: [Set<Int32>]
    /// 1 for the rows whose own pair is masked, else 0: float32 `[b]`.
    let ownRows: Tensor

    /// Writes `value` where captions are equal into a tile `[a, n]`.
    func fill(_ tile: Tensor, _ row: Int, _ column: Int, with value: Double) throws {
        if rowGroups[row].isDisjoint(with: columnGroups[column]) { return }
        let equal = try rows.slice(tiles.rows[row]).unsqueezed(1)
            .equal(to: columns.slice(tiles.columns[column]).unsqueezed(0))
        try tile.fillInPlace(where: equal, with: value)
    }
}

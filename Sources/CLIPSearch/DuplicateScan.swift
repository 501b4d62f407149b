import CScan
import Dispatch
import Foundation

/// The search for pairs that are alike, over all pairs: by 8-bit integers, then by the vectors themselves.
struct DuplicateScan {
    private let header: ScanFile.Header
    private let dimension: Int
    private var pictures: [IndexedPicture] = []
    private var vectors: [UnitVector] = []
    /// A row for each picture in the order of ``sort()``; its id is its place.
    private var rows: [UInt8] = []
    /// 1 / length of each vector as it is kept.
    private var factors: [Float] = []
    private var largestScale: Float = 0

    /// Rows that are compared with all others at a time, and rows they are compared with: both fit in a core's cache.
    private static let block = 256
    private static let tile = 512

    init(dimension: Int) {
        self.dimension = dimension
        header = ScanFile.Header(dimension: dimension, fingerprint: "", generation: 0)
    }

    mutating func add(_ picture: PictureVector) {
        pictures.append(picture.picture)
        vectors.append(UnitVector(picture.vector))
    }

    /// Puts the best first and makes the rows.
    mutating func sort() {
        let order = pictures.indices.sorted { pictures[$0].isBetter(than: pictures[$1]) }
        pictures = order.map { pictures[$0] }
        vectors = order.map { vectors[$0] }
        rows = [UInt8](repeating: 0, count: pictures.count * header.stride)
        factors = []
        factors.reserveCapacity(pictures.count)
        for (place, vector) in vectors.enumerated() {
            let values = vector.values
            rows.withUnsafeMutableBufferPointer {
                cs_row(
                    Int64(place), values, dimension, header.width, $0.baseAddress.map { $0 + place * header.stride })
            }
            let scale = rows.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: place * header.stride + 8, as: Float.self)
            }
            largestScale = max(largestScale, scale)
            let length = vector.dot(values).squareRoot()
            factors.append(length > 0 ? 1 / length : 0)
        }
    }

    /// Who took each picture, at what cosine; written by whoever works on its tile.
    private struct Taken {
        var leader: Int32 = -1
        var similarity: Float = 0
    }

    func groups(threshold: Float, onProgress: (Double) -> Void) -> [DuplicateGroup] {
        let count = pictures.count
        var taken = [Taken](repeating: Taken(), count: count)
        taken.withUnsafeMutableBufferPointer { taken in
            for start in stride(from: 0, to: count, by: Self.block) {
                let end = min(count, start + Self.block)
                var leaders: [Leader] = []
                for place in start..<end where taken[place].leader < 0 && factors[place] > 0 {
                    let leader = Leader(place, in: self)
                    take(place + 1..<end, [leader], threshold, Shared(taken))
                    leaders.append(leader)
                }
                takeAll(from: end, leaders, threshold, Shared(taken))
                let rest = Double(count - end) / Double(max(1, count))
                onProgress(1 - rest * rest)
            }
        }
        return groups(taken)
    }

    private func groups(_ taken: [Taken]) -> [DuplicateGroup] {
        var members: [Int: [Int]] = [:]
        for (place, one) in taken.enumerated() where one.leader >= 0 {
            members[Int(one.leader), default: []].append(place)
        }
        let groups = members.map { leader, places in
            let kept = pictures[leader]
            return DuplicateGroup(
                kept: kept,
                others: places.map {
                    .init(
                        picture: pictures[$0], similarity: taken[$0].similarity,
                        isExact: pictures[$0].hasContents(of: kept))
                })
        }
        return groups.sorted { ($1.freeableBytes, $0.kept.path) < ($0.freeableBytes, $1.kept.path) }
    }

    /// A picture that is kept, as rows are compared with it.
    private struct Leader: Sendable {
        let place: Int
        let values: [Float]
        let quantized: QuantizedVector
        let padded: [Int8]

        init(_ place: Int, in scan: DuplicateScan) {
            self.place = place
            values = scan.vectors[place].values
            quantized = QuantizedVector(values)
            padded = quantized.integers + Array(repeating: 0, count: scan.header.width - scan.dimension)
        }
    }

    /// Each tile's places are one thread's to write.
    private struct Shared: @unchecked Sendable {
        let taken: UnsafeMutableBufferPointer<Taken>

        init(_ taken: UnsafeMutableBufferPointer<Taken>) { self.taken = taken }
    }

    private func takeAll(from start: Int, _ leaders: [Leader], _ threshold: Float, _ shared: Shared) {
        let count = pictures.count
        let tiles = (count - start + Self.tile - 1) / Self.tile
        guard tiles > 0, !leaders.isEmpty else { return }
        DispatchQueue.concurrentPerform(iterations: tiles) { tile in
            let first = start + tile * Self.tile
            take(first..<min(count, first + Self.tile), leaders, threshold, shared)
        }
    }

    /// Gives rows that nobody has taken to the first leader that they are like.
    private func take(_ places: Range<Int>, _ leaders: [Leader], _ threshold: Float, _ shared: Shared) {
        guard !places.isEmpty else { return }
        var hits = [cs_hit](repeating: cs_hit(), count: places.count)
        let kernel = cs_best_kernel()
        for leader in leaders {
            let least = threshold - QuantizedVector.margin(largestScale, leader.quantized.scale)
            var next = 0
            let found = rows.withUnsafeBufferPointer { rows in
                cs_above(
                    rows.baseAddress.map { $0 + places.lowerBound * header.stride }, places.count, header.stride,
                    header.width, leader.padded, leader.quantized.scale, least, &hits, hits.count, &next, kernel)
            }
            for hit in hits.prefix(found) {
                let place = Int(hit.id)
                guard shared.taken[place].leader < 0 else { continue }
                let cosine = min(1, vectors[place].dot(leader.values) * factors[place] * factors[leader.place])
                if cosine >= threshold { shared.taken[place] = Taken(leader: Int32(leader.place), similarity: cosine) }
            }
        }
    }
}

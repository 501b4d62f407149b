import CScan

/// A picture that a search found, with others that show nearly the same.
public struct SearchGroup: Sendable, Equatable {
    /// The most similar to the query.
    public let best: SearchHit
    /// Those like it, in the order of the search.
    public internal(set) var similar: [SearchHit]

    public init(best: SearchHit, similar: [SearchHit] = []) {
        (self.best, self.similar) = (best, similar)
    }

    /// The cosine from which two pictures count as alike where nobody says another: one picture in several sizes, crops of
    /// some percent, a burst. Different pictures of one kind are seldom so near.
    public static let defaultThreshold: Float = 0.95

    /// A threshold as people give it, up to 1: a cosine of 1 has the rounding of its vectors.
    package static func leastCosine(_ threshold: Double) -> Float { min(Float(threshold), 0.9999) }

    /// Puts each hit to the first better one that it is like, best first.
    /// - Parameters:
    ///   - hits: best first.
    ///   - vectors: of length 1, by numbers; a hit without one stands alone.
    ///   - threshold: the least cosine of two pictures that are alike.
    ///   - count: how many groups to make; hits from the one on that would begin another are left out.
    public static func grouped(
        _ hits: [SearchHit], vectors: [Int64: [Float]], threshold: Float, count: Int = .max
    ) -> [SearchGroup] {
        var builder = Builder(threshold: threshold, count: count)
        for hit in hits where !builder.add(hit, vectors[hit.picture.id]) { break }
        return builder.groups
    }

    /// Groups that grow hit by hit.
    fileprivate struct Builder {
        let threshold: Float
        let count: Int
        private(set) var groups: [SearchGroup] = []
        private var leaders: [(vector: UnitVector, group: Int)] = []
        /// Theirs in 8-bit integers, one after another: many answers are compared with many.
        private var rows: [UInt8] = []
        private var largestScale: Float = 0

        init(threshold: Float, count: Int) { (self.threshold, self.count) = (threshold, count) }

        /// - Returns: whether there was room.
        mutating func add(_ hit: SearchHit, _ vector: [Float]?) -> Bool {
            if let vector, let group = group(like: vector) {
                groups[group].similar.append(hit)
                return true
            }
            guard groups.count < count else { return false }
            if let vector {
                leaders.append((UnitVector(vector), groups.count))
                rows += ScanFile.bytes(id: Int64(leaders.count - 1), vector, header: header(vector.count))
                largestScale = max(largestScale, QuantizedVector(vector).scale)
            }
            groups.append(SearchGroup(best: hit))
            return true
        }

        private func header(_ dimension: Int) -> ScanFile.Header {
            ScanFile.Header(dimension: dimension, fingerprint: "", generation: 0)
        }

        /// The first group whose best a vector is like.
        private func group(like vector: [Float]) -> Int? {
            let header = header(vector.count)
            let quantized = QuantizedVector(vector)
            let padded = quantized.integers + Array(repeating: 0, count: header.width - vector.count)
            let least = threshold - QuantizedVector.margin(largestScale, quantized.scale)
            var next = 0
            var hit = cs_hit()
            while cs_above(
                rows, leaders.count, header.stride, header.width, padded, quantized.scale, least, &hit, 1, &next,
                cs_best_kernel()) == 1
            {
                let leader = leaders[Int(hit.id)]
                if leader.vector.dot(vector) >= threshold { return leader.group }
            }
            return nil
        }
    }
}

extension PictureIndex {
    /// The groups of pictures that are nearest to a vector, best first: like ``search(_:count:filter:leaving:)``, except
    /// that a picture nearly the same as a better one is told with it and takes no place of its own.
    /// - Parameters:
    ///   - query: `[E]`, of any length above 0.
    ///   - groups: how many to give; fewer where there are not so many.
    ///   - threshold: the least cosine of two pictures that are alike.
    ///   - filter: which pictures may be found.
    ///   - leaving: numbers of pictures that are left out.
    public func search(
        _ query: [Float], groups count: Int, threshold: Float = SearchGroup.defaultThreshold,
        filter: SearchFilter = SearchFilter(), leaving: Set<Int64> = []
    ) throws -> [SearchGroup] {
        guard count > 0 else { return [] }
        var builder = SearchGroup.Builder(threshold: threshold, count: count)
        var wanted = 2 * count + 32
        var taken = 0
        while true {
            let hits = try search(query, count: wanted, filter: filter, leaving: leaving)
            // The first ones are as before, unless somebody writes meanwhile.
            let new = hits.dropFirst(taken)
            let pictures = try pictures(new.map(\.picture.id))
            for hit in new where !builder.add(hit, pictures[hit.picture.id]?.vector) { return builder.groups }
            if hits.count < wanted { return builder.groups }
            taken = hits.count
            wanted *= 4
        }
    }

    /// What a search answers: groups, or where none are asked for, each picture alone.
    /// - Parameters:
    ///   - group: the least cosine of two pictures that are alike; nil for no groups.
    ///   - least: the least similarity to the query.
    public func answers(
        to query: [Float], count: Int, group: Double? = nil, least: Double? = nil,
        filter: SearchFilter = SearchFilter(), leaving: Set<Int64> = []
    ) throws -> [SearchGroup] {
        func isNear(_ hit: SearchHit) -> Bool { least.map { Double(hit.similarity) >= $0 } ?? true }
        guard let group else {
            return try search(query, count: count, filter: filter, leaving: leaving).filter(isNear)
                .map { SearchGroup(best: $0) }
        }
        return try search(
            query, groups: count, threshold: SearchGroup.leastCosine(group), filter: filter, leaving: leaving
        ).filter { isNear($0.best) }.map { SearchGroup(best: $0.best, similar: $0.similar.filter(isNear)) }
    }
}

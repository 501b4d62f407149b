/// Pictures that are nearly the same, and the one of them to keep.
public struct DuplicateGroup: Sendable, Equatable {
    /// A picture that could go.
    public struct Other: Sendable, Equatable {
        /// The picture.
        public let picture: IndexedPicture
        /// The cosine with the one that is kept.
        public let similarity: Float
        /// Whether its file has the same bytes as the one that is kept.
        public let isExact: Bool
    }

    /// The best: of the most pixels, then of the most bytes, then the oldest.
    public let kept: IndexedPicture
    /// The others, the best first.
    public let others: [Other]

    /// Bytes that the others take.
    public var freeableBytes: Int { others.reduce(0) { $0 + $1.picture.size } }

    /// The cosine from which pictures count as duplicates where nobody says another.
    public static let defaultThreshold: Float = 0.97
}

extension PictureIndex {
    /// Pictures that are nearly the same as a better one, in groups; those that could free the most come first.
    ///
    /// All pairs are looked at. The pictures are gone through from the best on: one that is like no better one is kept, and
    /// takes to it all that are like it and not yet taken. So each picture that could go is like the one that is kept, which
    /// members of a chain need not be. The vectors are read into memory, one and a half kilobytes a picture at 512 numbers.
    /// - Parameters:
    ///   - threshold: the least cosine of two pictures that are alike.
    ///   - onProgress: told the share of the pairs that was looked at, 0 to 1.
    public func duplicates(
        threshold: Float = DuplicateGroup.defaultThreshold, onProgress: (Double) -> Void = { _ in }
    ) throws -> [DuplicateGroup] {
        var scan = DuplicateScan(dimension: dimension)
        try read { scan.add($0) }
        scan.sort()
        return scan.groups(threshold: threshold, onProgress: onProgress)
    }
}

extension IndexedPicture {
    /// Whether it is kept rather than another.
    func isBetter(than other: IndexedPicture) -> Bool {
        // The oldest, and at last the first that was added, have the smallest numbers.
        func rank(_ picture: IndexedPicture) -> (Int, Int, Int64, Int64) {
            (
                picture.width * picture.height, picture.size, -(picture.taken ?? picture.modified / 1_000_000_000),
                -picture.id
            )
        }
        return rank(self) > rank(other)
    }

    /// Whether the files' bytes are the same; where nobody hashed them, that is not known.
    func hasContents(of other: IndexedPicture) -> Bool { !hash.isEmpty && hash == other.hash && size == other.size }
}

import Foundation

/// What a search answers, as the command and the server print it: `{"model", "index", "results": [{"image", "id",
/// "similarity"}, …]}`, best first.
public struct SearchDocument: Codable, Sendable, Equatable {
    /// One picture.
    public struct Result: Codable, Sendable, Equatable {
        /// Its path; nil where only numbers were asked for.
        public var image: String?
        /// Its number in the index.
        public var id: Int64
        /// The cosine of the angle between its vector and the query.
        public var similarity: Double
        /// With groups: those nearly the same.
        public var similar: [Result]?
        /// What else is known of it, where that was asked for.
        public var details: PictureDetails?

        /// A group as one answer.
        /// - Parameter isGrouped: whether those like it are told.
        public init(_ group: SearchGroup, isGrouped: Bool, isBrief: Bool = false, isDetailed: Bool = false) {
            self.init(group.best, isBrief: isBrief, isDetailed: isDetailed)
            if isGrouped { similar = group.similar.map { Result($0, isBrief: isBrief, isDetailed: isDetailed) } }
        }

        public init(_ hit: SearchHit, isBrief: Bool = false, isDetailed: Bool = false) {
            image = isBrief ? nil : hit.picture.path
            id = hit.picture.id
            similarity = Double(hit.similarity)
            details = isDetailed ? PictureDetails(hit.picture) : nil
        }

        private enum Key: String, CodingKey { case image, id, similarity, similar }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            image = try container.decodeIfPresent(String.self, forKey: .image)
            id = try container.decode(Int64.self, forKey: .id)
            similarity = try container.decode(Double.self, forKey: .similarity)
            similar = try container.decodeIfPresent([Result].self, forKey: .similar)
            details = try? PictureDetails(from: decoder)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeIfPresent(image, forKey: .image)
            try container.encode(id, forKey: .id)
            try container.encode(similarity, forKey: .similarity)
            try container.encodeIfPresent(similar, forKey: .similar)
            try details?.encode(to: encoder)
        }
    }

    /// What the model is called.
    public var model: String
    /// What the index is called, or where it lies.
    public var index: String
    /// Best first.
    public var results: [Result]

    public init(model: String, index: String, results: [Result]) {
        self.model = model
        self.index = index
        self.results = results
    }
}

/// What an index knows of a picture beside its path, as documents have it.
public struct PictureDetails: Codable, Sendable, Equatable {
    /// Pixels; as it is shown.
    public var width: Int
    /// Likewise.
    public var height: Int
    /// Of the file.
    public var bytes: Int
    /// When the file was changed, as ISO 8601 has it.
    public var modified: String
    /// When the picture was taken, where it says so.
    public var taken: String?

    public init(_ picture: IndexedPicture) {
        width = picture.width
        height = picture.height
        bytes = picture.size
        modified = Self.text(picture.modified / 1_000_000_000)
        taken = picture.taken.map(Self.text)
    }

    private static func text(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
    }
}

/// Parts of a query, which are added as vectors of length 1.
public enum QueryVector {
    /// The sum of unit vectors times their weights; a negative weight keeps away.
    public static func sum(_ parts: [(vector: [Float], weight: Float)]) -> [Float] {
        guard let size = parts.first?.vector.count else { return [] }
        return parts.reduce(into: [Float](repeating: 0, count: size)) { sum, part in
            for (place, value) in part.vector.enumerated() { sum[place] += part.weight * value }
        }
    }
}

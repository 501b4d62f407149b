import Imaging
import Torch

/// Vectors of one space, and what each is the vector of.
///
///     let pictures = try await clip.embed(photographs)
///     let wish = try await clip.embed(texts: ["a sunny beach"])
///     for found in try pictures.nearest(to: wish, count: 5)[0].neighbors { print(found.row.name, found.similarity) }
///
/// Vectors of two models mean nothing to one another: whatever brings two ``Embeddings`` together first makes sure that
/// they are of one space.
public struct Embeddings: Sendable {
    /// What a row is the vector of.
    public struct Row: Codable, Sendable, Equatable {
        /// What was embedded.
        public enum Kind: String, Codable, Sendable {
            /// A picture.
            case image
            /// A text.
            case text
        }
        /// What was embedded.
        public var kind: Kind
        /// The picture's name, or the text.
        public var name: String

        public init(_ kind: Kind, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }

    /// Something that was to be embedded and could not be read.
    public struct LeftOut: Codable, Sendable, Equatable {
        /// The picture's name.
        public var name: String
        /// What stood in the way.
        public var reason: String

        public init(_ name: String, reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    /// One vector for each of ``rows``, float32 `[N, E]` on the CPU.
    public let vectors: Tensor
    /// What each vector is of.
    public let rows: [Row]
    /// What messages call them: the file they were read from, or the model's name.
    public var name: String
    /// What has no row because it could not be read: kept beside the vectors in their file.
    public var leftOut: [LeftOut] = []
    private let origin: Origin

    /// Who made the vectors. A model's weights are hashed only when somebody asks for the space.
    private enum Origin {
        case model(CLIPModel, normalized: Bool)
        case space(EmbeddingSpace)
    }

    /// Vectors from elsewhere.
    /// - Parameters:
    ///   - vectors: `[N, E]`, of any floating-point type.
    ///   - rows: what each vector is of.
    ///   - space: which the vectors are points of.
    ///   - name: what messages call them.
    /// - Throws: ``CLIPError/embeddingFile(path:problem:)`` unless there is one vector of the space's size for each row.
    public init(vectors: Tensor, rows: [Row], space: EmbeddingSpace, name: String = "embeddings") throws {
        guard vectors.rank == 2, vectors.shape == [rows.count, space.embeddingSize] else {
            throw CLIPError.embeddingFile(
                path: name,
                problem: "vectors of shape \(vectors.shape) do not go with \(rows.count) rows of length "
                    + "\(space.embeddingSize)")
        }
        self.init(try vectors.converted(to: .float32).moved(to: .cpu), rows, name, .space(space))
    }

    /// - Parameter vectors: what `clip` gave, a vector for each row.
    package init(vectors: Tensor, rows: [Row], of clip: CLIPModel, normalized: Bool) {
        self.init(vectors, rows, clip.name, .model(clip, normalized: normalized))
    }

    private init(_ vectors: Tensor, _ rows: [Row], _ name: String, _ origin: Origin) {
        self.vectors = vectors
        self.rows = rows
        self.name = name
        self.origin = origin
    }

    /// Which space the vectors are points of.
    /// - Throws: what reading the model's weights throws, which are hashed the first time.
    public var space: EmbeddingSpace {
        get throws {
            switch origin {
            case .model(let clip, let normalized): try clip.space(normalized: normalized)
            case .space(let space): space
            }
        }
    }

    /// The vectors as numbers, a list for each of ``rows``.
    public func values() throws -> [[Float]] {
        try vectors.elements(Float.self).batches(of: max(1, vectors.shape[1]))
    }

    /// These rows, then others of the same space.
    /// - Throws: ``CLIPError/spacesDiffer(left:right:differences:)``.
    public func appending(_ others: Embeddings) throws -> Embeddings {
        try requireSameSpace(as: others)
        let all = try Engine.inference { try Tensor.concatenated([vectors, others.vectors]) }
        var appended = Embeddings(all, rows + others.rows, name, origin)
        appended.leftOut = leftOut + others.leftOut
        return appended
    }

    /// Refuses to let vectors of two spaces meet.
    /// - Throws: ``CLIPError/spacesDiffer(left:right:differences:)`` naming what differs.
    func requireSameSpace(as others: Embeddings) throws {
        if case .model(let clip, let normalized) = origin, case .model(let other, let otherNormalized) = others.origin,
            clip === other, normalized == otherNormalized
        {
            return
        }
        let differences = try space.differences(from: others.space)
        guard differences.isEmpty else {
            throw CLIPError.spacesDiffer(left: name, right: others.name, differences: differences)
        }
    }
}

// MARK: Comparing

extension Embeddings {
    /// What is near to something.
    public struct Neighbors: Sendable, Equatable {
        /// What was asked for.
        public let query: Row
        /// The nearest first.
        public let neighbors: [Neighbor]
    }

    /// One of the nearest.
    public struct Neighbor: Sendable, Equatable {
        /// What it is.
        public let row: Row
        /// Its place among the rows that were searched.
        public let index: Int
        /// The cosine of the angle between the two, -1 to 1.
        public let similarity: Double
    }

    /// Queries compared at a time; this bounds the memory.
    private static let queryBatch = 256

    /// Cosines of every row with every row of others: float32 `[N, M]`.
    /// - Throws: ``CLIPError/spacesDiffer(left:right:differences:)``.
    public func similarities(to others: Embeddings) throws -> Tensor {
        try requireSameSpace(as: others)
        return try Engine.inference { try vectors.normalized().matmul(others.vectors.normalized().transposed()) }
    }

    /// The rows here that are nearest to each query; of equally near ones, the first.
    /// - Parameters:
    ///   - queries: what is asked for, of the same space.
    ///   - count: how many to give for each; fewer where there are not so many.
    /// - Returns: an answer for each query, in their order.
    /// - Throws: ``CLIPError/spacesDiffer(left:right:differences:)``.
    public func nearest(to queries: Embeddings, count: Int) throws -> [Neighbors] {
        try queries.requireSameSpace(as: self)
        let answers = try Engine.inference { try vectors.normalized().transposed() }  // [E, N]
        var found: [Neighbors] = []
        for start in stride(from: 0, to: queries.rows.count, by: Self.queryBatch) {
            let range = start..<min(start + Self.queryBatch, queries.rows.count)
            let cosines = try Engine.inference {
                try queries.vectors.slice(range).normalized().matmul(answers).elements(Double.self)
            }
            for (query, similarities) in zip(queries.rows[range], cosines.batches(of: max(1, rows.count))) {
                let best = similarities.indices.sorted { (-similarities[$0], $0) < (-similarities[$1], $1) }
                found.append(
                    Neighbors(
                        query: query,
                        neighbors: best.prefix(max(0, count)).map {
                            Neighbor(row: rows[$0], index: $0, similarity: similarities[$0])
                        }))
            }
        }
        return found
    }
}

// MARK: Making them

extension CLIPModel {
    /// Pictures as points of the model's space, a row for each, named by the picture.
    /// - Parameters:
    ///   - pictures: at least one.
    ///   - normalized: whether each vector is divided by its length.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for none, ``CLIPError/picture(name:problem:)`` for one that cannot be
    ///   brought to the model's size.
    public func embed(_ pictures: [Picture], normalized: Bool = true) async throws -> Embeddings {
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return Embeddings(
            vectors: try await vectors(of: pictures.batches(of: Self.batchSize)) {
                try self.vectors(pictures: $0, normalized: normalized)
            }, rows: pictures.map { .init(.image, $0.name) }, of: self, normalized: normalized)
    }

    /// Texts as points of the model's space, a row for each. Texts longer than the context length are cut; see
    /// `TokenizedText.wasTruncated`.
    /// - Parameters:
    ///   - texts: at least one.
    ///   - normalized: whether each vector is divided by its length.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for none.
    public func embed(texts: [String], normalized: Bool = true) async throws -> Embeddings {
        guard !texts.isEmpty else { throw CLIPError.emptyChoices(what: "texts") }
        let distinct = DistinctInputs(texts)
        let vectors = try await vectors(of: distinct.values.batches(of: Self.captionBatchSize)) {
            try self.vectors(texts: $0, normalized: normalized)
        }
        return Embeddings(
            vectors: try distinct.spread(vectors), rows: texts.map { .init(.text, $0) }, of: self,
            normalized: normalized)
    }

    /// One batch after another, so that others have their turn in between, and a canceled task ends.
    func vectors<Input: Sendable>(
        of batches: [[Input]], _ encode: @escaping @Sendable ([Input]) throws -> Tensor
    ) async throws -> Tensor {
        var parts: [Tensor] = []
        for batch in batches { parts.append(try await OffPool.computing { try encode(batch) }) }
        let all = parts
        return try Engine.inference { try Tensor.concatenated(all) }
    }
}

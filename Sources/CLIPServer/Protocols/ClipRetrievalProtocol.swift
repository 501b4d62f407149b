import CLIPSearch
import Foundation
import Hummingbird

/// clip-retrieval's service: `GET /indices-list`, `POST /knn-service`, `POST /metadata`.
struct ClipRetrievalProtocol: Sendable {
    let service: ClipService

    func add(to router: Router<ServerContext>) {
        router.get("indices-list") { _, _ in try Response.json(service.indexes.entries.map(\.name)) }
        router.post("knn-service") { request, _ in
            try await service.answer(Query.self, request) { try await knn($0) }
        }
        router.post("metadata") { request, _ in
            try await service.answer(MetadataQuery.self, request) { try await metadata($0) }
        }
    }

    /// What its clients send; what this server has no use for (safety, aesthetics) is taken and has no effect.
    private struct Query: Decodable {
        var text: String?
        var image: String?
        var imageUrl: String?
        var embeddingInput: [Float]?
        var modality: String
        var numImages: Int
        var indiceName: String
        var numResultIds: Int?
        var deduplicate: Bool?
    }

    /// Its own clients ask for three thousand numbers.
    private static let mostResults = 10_000
    /// Answers that are as alike as this are one for `deduplicate`.
    private static let duplicateSimilarity: Float = 0.94

    private func knn(_ query: Query) async throws -> Response {
        guard ["image", "text"].contains(query.modality) else {
            throw ServerError.bad("modality is image or text.", "modality")
        }
        guard query.modality == "image" else {
            throw ServerError.bad("The index holds pictures: modality is image.", "modality")
        }
        guard (0...Self.mostResults).contains(query.numImages),
            (0...Self.mostResults).contains(query.numResultIds ?? 0)
        else { throw ServerError.bad("num_images and num_result_ids go from 0 to \(Self.mostResults).", "num_images") }
        let entry = try service.indexes.find(query.indiceName)
        let vector = try await vector(query, entry)
        let count = max(query.numImages, query.numResultIds ?? query.numImages)
        let isDeduplicated = query.deduplicate == true
        let shown = query.numImages
        let found = try await service.searching.run {
            var hits = try entry.index.search(vector, count: isDeduplicated ? min(Self.mostResults, 2 * count) : count)
            if isDeduplicated {
                hits = try Self.withoutDuplicates(hits, entry.index)
            }
            return Array(hits.prefix(count))
        }
        var results: [[String: Any]] = []
        for (place, hit) in found.enumerated() {
            var result: [String: Any] = place < shown ? Self.metadata(hit.picture) : [:]
            result["id"] = hit.picture.id
            result["similarity"] = Double(hit.similarity)
            if place < min(shown, 60), let image = await thumbnail(entry, hit.picture) { result["image"] = image }
            results.append(result)
        }
        return try Self.json(results)
    }

    /// text, image, image_url, embedding_input: the first that is there.
    private func vector(_ query: Query, _ entry: ServedIndexes.Entry) async throws -> [Float] {
        if let text = query.text, !text.isEmpty { return try await service.vectors(texts: [text]).vectors[0] }
        if let image = query.image, !image.isEmpty {
            return try await service.vectors(of: [PictureInput(text: image)])[0]
        }
        if let address = query.imageUrl, !address.isEmpty {
            return try await service.vectors(of: [.address(address)])[0]
        }
        guard let vector = query.embeddingInput else {
            throw ServerError.bad("One of text, image, image_url and embedding_input is needed.", "text")
        }
        guard vector.count == entry.index.dimension, vector.allSatisfy(\.isFinite), vector.contains(where: { $0 != 0 })
        else {
            throw ServerError.bad(
                "embedding_input has \(entry.index.dimension) finite numbers, not all 0.", "embedding_input")
        }
        return vector
    }

    /// Among the nearest, each that is like a better one is left out.
    private static func withoutDuplicates(_ hits: [SearchHit], _ index: any PictureIndex) throws -> [SearchHit] {
        let near = Array(hits.prefix(500))
        let vectors = try index.pictures(near.map(\.picture.id)).mapValues(\.vector)
        return SearchGroup.grouped(near, vectors: vectors, threshold: duplicateSimilarity).map(\.best)
            + hits.dropFirst(500)
    }

    private func thumbnail(_ entry: ServedIndexes.Entry, _ picture: IndexedPicture) async -> String? {
        try? await service.thumbnail(entry, picture, size: 320).base64EncodedString()
    }

    static func metadata(_ picture: IndexedPicture) -> [String: Any] {
        var values: [String: Any] = [
            "image_path": picture.path, "width": picture.width, "height": picture.height, "bytes": picture.size,
        ]
        values["taken"] = picture.taken.map { Date(timeIntervalSince1970: Double($0)).ISO8601Format() }
        return values
    }

    private struct MetadataQuery: Decodable {
        var indiceName: String
        var ids: [Int64]
    }

    private func metadata(_ query: MetadataQuery) async throws -> Response {
        guard query.ids.count <= Self.mostResults else {
            throw ServerError.tooMuch("ids may be \(Self.mostResults).", "ids")
        }
        let entry = try service.indexes.find(query.indiceName)
        let found = try await service.searching.run { try entry.index.pictures(query.ids) }
        return try Self.json(
            query.ids.compactMap { id in
                found[id].map { ["id": id, "metadata": Self.metadata($0.picture)] as [String: Any] }
            })
    }

    private static func json(_ value: [[String: Any]]) throws -> Response {
        .json(try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]))
    }
}

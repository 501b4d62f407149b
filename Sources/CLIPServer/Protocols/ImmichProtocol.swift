import Foundation
import Hummingbird

/// immich's machine learning, as its server asks: `GET /ping`, and `POST /predict` with a form.
struct ImmichProtocol: Sendable {
    let service: ClipService

    func add(to router: Router<ServerContext>) {
        router.get("ping") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: "pong")))
        }
        router.post("predict") { request, _ in
            let type = request.headers[.contentType]
            return try await service.budget.reading(request, most: service.configuration.bodyBytes) { data in
                try await predict(Multipart.parse(data, contentType: type))
            }
        }
    }

    /// `{"clip": {"visual": {"modelName": …}}}`, or `textual`; both together in one request.
    private struct Entries: Decodable {
        struct Task: Decodable {
            var modelName: String
        }
        var clip: [String: Task]?
    }

    private func predict(_ form: [Multipart.Part]) async throws -> Response {
        func field(_ name: String) -> Data? { form.first { $0.name == name }?.contents }
        guard let text = field("entries") else {
            throw ServerError(422, "invalid_entries", "The form has no field called entries.", parameter: "entries")
        }
        let decoder = JSONDecoder()
        guard let known = try? JSONSerialization.jsonObject(with: text) as? [String: Any] else {
            throw ServerError(422, "invalid_entries", "entries is not a JSON object.", parameter: "entries")
        }
        if let other = known.keys.sorted().first(where: { $0 != "clip" }) {
            throw ServerError(
                422, "invalid_entries", "This server answers clip alone, not \(other.prefix(60)).",
                parameter: "entries")
        }
        guard let tasks = (try? decoder.decode(Entries.self, from: text))?.clip, !tasks.isEmpty,
            tasks.keys.allSatisfy({ ["visual", "textual"].contains($0) })
        else {
            throw ServerError(
                422, "invalid_entries", "entries names clip's visual or textual with a modelName.",
                parameter: "entries")
        }
        for task in tasks.values { try service.require(model: task.modelName) }
        if tasks["visual"] != nil {
            guard let image = field("image") else {
                throw ServerError(400, "no_image", "The form has no image.", parameter: "image")
            }
            let answer = try await service.vector(picture: image)
            return document(answer.vector, (answer.width, answer.height))
        }
        guard let text = field("text").map({ String(decoding: $0, as: UTF8.self) }) else {
            throw ServerError(400, "no_text", "The form has neither an image nor a text.", parameter: "text")
        }
        return document(try await service.vectors(texts: [text]).vectors[0], nil)
    }

    /// The vector is a JSON array inside a string.
    private func document(_ vector: [Float], _ size: (width: Int, height: Int)?) -> Response {
        var text = "{\"clip\":\"\(VectorText.list(vector))\""
        if let size { text += ",\"imageHeight\":\(size.height),\"imageWidth\":\(size.width)" }
        return .json(Data((text + "}").utf8))
    }
}

import Foundation
import Hummingbird

/// `POST /v1/embeddings` and `GET /v1/models` as OpenAI's clients ask, with infinity's `modality` and Jina's inputs.
struct OpenAIProtocol: Sendable {
    let service: ClipService

    func add(to router: Router<ServerContext>) {
        for prefix in ["v1/", ""] {
            router.post("\(prefix)embeddings") { request, _ in
                try await service.answer(EmbeddingsRequest.self, request) { try await embeddings($0) }
            }
            router.get("\(prefix)models") { _, _ in try Response.json(models) }
            // A directory's or hub's name may have slashes.
            router.get("\(prefix)models/**") { _, context in
                let name = context.parameters.getCatchAll().joined(separator: "/")
                try service.require(model: name.removingPercentEncoding ?? name)
                return try Response.json(models.data[0])
            }
        }
    }

    // MARK: Models

    private struct Models: Encodable {
        struct Model: Encodable {
            var id: String
            var object = "model"
            var created = 0
            var ownedBy = "swift-clip"
            var capabilities: [String]
            var embeddingSize: Int
            var contextLength: Int?
            var imageSize: Int?
        }
        var object = "list"
        var data: [Model]
    }

    private var models: Models {
        let configuration = service.clip.model.configuration
        let text = try? service.clip.tokenizer
        let image = try? service.clip.preprocessor
        return Models(data: [
            .init(
                id: service.modelName, capabilities: (text == nil ? [] : ["text"]) + (image == nil ? [] : ["image"]),
                embeddingSize: configuration.embeddingSize, contextLength: text?.contextLength,
                imageSize: image?.configuration.size)
        ])
    }

    // MARK: Embeddings

    struct EmbeddingsRequest: Decodable, Sendable {
        var model: String?
        var input: Input
        var modality: String?
        var encodingFormat: String?
        /// Jina's name for the same.
        var embeddingType: String?
        /// Whether vectors have length 1, which is the default.
        var normalized: Bool?
        var dimensions: Int?
    }

    /// A text, a picture, or a list of them.
    struct Input: Decodable, Sendable {
        enum Item: Sendable {
            case string(String)
            case text(String)
            case image(PictureInput)
        }

        private struct Named: Decodable {
            var text: String?
            var image: PictureInput?
        }

        var items: [Item]

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                items = [.string(text)]
                return
            }
            guard var list = try? decoder.unkeyedContainer() else {
                items = [try Self.item(Named(from: decoder))]
                return
            }
            items = []
            while !list.isAtEnd {
                if let text = try? list.decode(String.self) {
                    items.append(.string(text))
                } else if (try? list.decode(Double.self)) != nil {
                    throw ServerError.bad("Numbers of tokens are not read; send texts.", "input")
                } else {
                    items.append(try Self.item(list.decode(Named.self)))
                }
            }
        }

        private static func item(_ named: Named) throws -> Item {
            switch (named.text, named.image) {
            case (let text?, nil): .text(text)
            case (nil, let image?): .image(image)
            default: throw ServerError.bad("An input is a string, {\"text\": …} or {\"image\": …}.", "input")
            }
        }
    }

    private func embeddings(_ request: EmbeddingsRequest) async throws -> Response {
        try service.require(model: request.model)
        let isBase64 = try isBase64(request.encodingFormat ?? request.embeddingType)
        let size = service.clip.model.configuration.embeddingSize
        if let dimensions = request.dimensions, dimensions != 0, dimensions != size {
            throw ServerError.bad("This model's vectors have \(size) dimensions, and no others.", "dimensions")
        }
        if request.normalized == false {
            throw ServerError.bad("Vectors have length 1 here; \"normalized\": false is not offered.", "normalized")
        }
        if let modality = request.modality, !["text", "image"].contains(modality) {
            throw ServerError.bad("modality is text or image, not \(modality.prefix(40)).", "modality")
        }
        try service.check(count: request.input.items.count, "inputs")
        var texts: [(Int, String)] = []
        var pictures: [(Int, PictureInput)] = []
        for (place, item) in request.input.items.enumerated() {
            switch item {
            case .image(let picture): pictures.append((place, picture))
            case .text(let text): texts.append((place, text))
            case .string(let text):
                if request.modality == "image" || request.modality == nil && text.hasPrefix("data:image/") {
                    pictures.append((place, try PictureInput(text: text)))
                } else {
                    texts.append((place, text))
                }
            }
        }
        var vectors = [[Float]](repeating: [], count: request.input.items.count)
        var tokens = 0
        if !texts.isEmpty {
            let answer = try await service.vectors(texts: texts.map(\.1), called: "input")
            for (entry, vector) in zip(texts, answer.vectors) { vectors[entry.0] = vector }
            tokens = answer.tokens
        }
        if !pictures.isEmpty {
            let answer = try await service.vectors(of: pictures.map(\.1))
            for (entry, vector) in zip(pictures, answer) { vectors[entry.0] = vector }
        }
        return .json(document(vectors, tokens, isBase64))
    }

    private func isBase64(_ format: String?) throws -> Bool {
        switch format {
        case nil, "float": return false
        case "base64": return true
        default: throw ServerError.bad("encoding_format is float or base64.", "encoding_format")
        }
    }

    /// Written by hand: an encoder takes longer for thousands of numbers than the model does.
    private func document(_ vectors: [[Float]], _ tokens: Int, _ isBase64: Bool) -> Data {
        var text = "{\"object\":\"list\",\"model\":\(VectorText.string(service.modelName)),\"data\":["
        for (index, vector) in vectors.enumerated() {
            if index > 0 { text += "," }
            text += "{\"object\":\"embedding\",\"index\":\(index),\"embedding\":"
            text += isBase64 ? "\"\(VectorText.base64(vector))\"" : VectorText.list(vector)
            text += "}"
        }
        text += "],\"usage\":{\"prompt_tokens\":\(tokens),\"total_tokens\":\(tokens)}}"
        return Data(text.utf8)
    }
}

/// Vectors as JSON has them.
enum VectorText {
    /// `[0.1,-0.2]`, each number the shortest that reads back as the same.
    static func list(_ vector: [Float]) -> String {
        var text = "["
        text.reserveCapacity(vector.count * 13)
        for (place, value) in vector.enumerated() {
            if place > 0 { text += "," }
            text += value.isFinite ? value.description : "0"
        }
        return text + "]"
    }

    /// Little-endian float32.
    static func base64(_ vector: [Float]) -> String {
        var data = Data(capacity: 4 * vector.count)
        for value in vector { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        return data.base64EncodedString()
    }

    static func string(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

extension ClipService {
    /// Reads a JSON body, whatever its Content-Type says, and answers it.
    func answer<Body: Decodable & Sendable>(
        _ type: Body.Type, _ request: Request, _ use: (Body) async throws -> Response
    ) async throws -> Response {
        try await budget.reading(request, most: configuration.bodyBytes) { data in
            try await use(ServerJSON.decode(type, data))
        }
    }
}

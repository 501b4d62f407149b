import CLIPSearch
import Foundation
import Hummingbird

/// What indexes hold: their pictures' facts, small copies of them, and what there is to filter by.
struct IndexRoutes: Sendable {
    let service: ClipService

    func add(to router: Router<ServerContext>) {
        router.get("v1/indexes") { _, _ in try await list() }
        router.get("v1/indexes/{name}/pictures") { request, context in
            try await pictures(context.parameters.get("name"), request.uri.queryParameters.get("ids"))
        }
        router.get("v1/indexes/{name}/folders") { _, context in try await folders(context.parameters.get("name")) }
        router.get("v1/indexes/{name}/thumbnails/{id}") { request, context in
            try await thumbnail(request, context.parameters)
        }
    }

    private func entry(_ name: String?) throws -> ServedIndexes.Entry {
        try service.indexes.find(name.map { $0.removingPercentEncoding ?? $0 })
    }

    private struct List: Encodable {
        struct Entry: Encodable {
            var name: String
            var model: String
            var pictures: Int
            var dimension: Int
        }
        var indexes: [Entry]
        var `default`: String?
    }

    private func list() async throws -> Response {
        let entries = service.indexes.entries
        let list = try await service.searching.run { [name = service.modelName] in
            List(
                indexes: try entries.map {
                    .init(name: $0.name, model: name, pictures: try $0.index.count, dimension: $0.index.dimension)
                }, default: entries.first?.name)
        }
        return try .json(list)
    }

    // MARK: Facts

    private struct Pictures: Encodable {
        struct Picture: Encodable {
            var id: Int64
            var image: String
            var details: PictureDetails

            private enum Key: String, CodingKey { case id, image }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(id, forKey: .id)
                try container.encode(image, forKey: .image)
                try details.encode(to: encoder)
            }
        }
        var pictures: [Picture]
    }

    private func pictures(_ name: String?, _ text: String?) async throws -> Response {
        let entry = try entry(name)
        let parts = (text ?? "").split(separator: ",")
        let ids = parts.compactMap { Int64($0) }
        guard !ids.isEmpty, ids.count == parts.count, ids.count <= 500 else {
            throw ServerError.bad("ids is 1 to 500 numbers, with commas between.", "ids")
        }
        let found = try await service.searching.run { try entry.index.pictures(ids) }
        return try .json(
            Pictures(
                pictures: ids.compactMap { id in
                    found[id].map {
                        .init(id: id, image: $0.picture.path, details: PictureDetails($0.picture))
                    }
                }))
    }

    private struct Folders: Encodable {
        struct Folder: Encodable {
            var folder: String
            var pictures: Int
        }
        struct FileType: Encodable {
            var type: String
            var pictures: Int
        }
        var folders: [Folder]
        var types: [FileType]
    }

    private func folders(_ name: String?) async throws -> Response {
        let entry = try entry(name)
        let folders = try await service.searching.run {
            var folders: [Substring: Int] = [:]
            var types: [String: Int] = [:]
            let paths = try entry.index.paths().map(\.path)
            for path in paths {
                if let slash = path.lastIndex(of: "/") { folders[path[..<slash], default: 0] += 1 }
                let file = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
                if let dot = file.lastIndex(of: "."), dot > file.startIndex {
                    types[file[file.index(after: dot)...].lowercased(), default: 0] += 1
                }
            }
            // Those with most, in the order of their names.
            let most = folders.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(200)
            return Folders(
                folders: most.sorted { $0.key < $1.key }.map { .init(folder: String($0.key), pictures: $0.value) },
                types: types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(50)
                    .map { .init(type: $0.key, pictures: $0.value) })
        }
        return try .json(folders)
    }

    // MARK: Pictures

    private func thumbnail(_ request: Request, _ parameters: Parameters) async throws -> Response {
        let entry = try entry(parameters.get("name"))
        guard let id = parameters.get("id").flatMap({ Int64($0) }) else {
            throw ServerError.bad("A picture's id is a number.", "id")
        }
        let size = request.uri.queryParameters.get("size").map { Int($0) ?? 0 } ?? 320
        guard Thumbnails.sizes.contains(size) else {
            throw ServerError.bad(
                "size is one of \(Thumbnails.sizes.map(String.init).joined(separator: ", ")).", "size")
        }
        guard let picture = try await service.searching.run({ try entry.index.pictures([id])[id]?.picture }) else {
            throw ServerError(404, "picture_not_found", "Index \(entry.name) has no picture \(id).", parameter: "id")
        }
        let tag = "\"\(picture.hash)-\(size)\""
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "private, max-age=3600"]
        if request.has(tag) { return Response(status: .notModified, headers: headers) }
        let data = try await service.thumbnail(entry, picture, size: size)
        headers[.contentType] = "image/jpeg"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }
}

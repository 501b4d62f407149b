import CLIPText
import Files
import Foundation
import Hummingbird

/// How the server fares: `GET /health` and `GET /metrics`; and what it can be asked: `GET /openapi.json`.
struct StatusRoutes: Sendable {
    let service: ClipService
    let state: ServerState

    func add(to router: Router<ServerContext>) {
        router.get("health") { _, _ in try health() }
        router.get("metrics") { _, _ in metrics() }
        router.get("openapi.json") { _, _ in
            Response.json(try PageRoutes.resource("openapi.json"))
        }
    }

    private struct Health: Encodable {
        var status: String
        var model: String
        /// Texts and pictures that wait for the model.
        var queue: Int
        /// Seconds that the present batch has taken.
        var busySeconds: Double
        var unix: Double
    }

    /// A batch that takes longer than any request may is stuck: whoever watches had better start the server anew.
    private func health() throws -> Response {
        let seconds = service.worker.busy.seconds
        let isStuck = seconds > service.configuration.requestSeconds
        let status = state.isStopping ? "stopping" : isStuck ? "stuck" : "ok"
        var response = try Response.json(
            Health(
                status: status, model: service.modelName, queue: service.worker.waiting, busySeconds: seconds,
                unix: Date().timeIntervalSince1970))
        if status != "ok" { response.status = .serviceUnavailable }
        return response
    }

    private func metrics() -> Response {
        let metrics = service.metrics
        metrics.gauge("clip_requests_now", state.count)
        metrics.gauge("clip_queue", service.worker.waiting)
        metrics.gauge("clip_decoding", service.decoding.load)
        metrics.gauge("clip_searching", service.searching.load)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: metrics.factory.text())))
    }
}

/// The page to search by, and its parts.
struct PageRoutes: Sendable {
    private struct Part: Sendable {
        let data: Data
        let type: String
        let tag: String
    }

    private let parts: [String: Part]

    /// Scripts, styles and pictures come from here alone; nothing is written into the page that could be a script.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// Reads the page's files, which ship beside the executable.
    init() throws {
        var parts: [String: Part] = [:]
        for folder in ResourceFolder(target: "CLIPServer").candidates() {
            let place = folder.appendingPathComponent("Page").path
            guard let names = try? Folder.names(in: place) else { continue }
            for name in names {
                guard let type = Self.types[(name as NSString).pathExtension] else { continue }
                let data = try WholeFile.data("\(place)/\(name)", limit: 16 << 20)
                parts[name] = Part(data: data, type: type, tag: "\"\(data.count)-\(Self.sum(data))\"")
            }
            break
        }
        self.parts = parts
    }

    private static func sum(_ data: Data) -> String {
        // FNV-1a: a page's files are told apart, not secured.
        String(data.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
    }

    func add(to router: Router<ServerContext>) {
        router.get("/") { request, _ in try answer("index.html", request) }
        router.get("page/{name}") { request, context in try answer(context.parameters.get("name") ?? "", request) }
    }

    private func answer(_ name: String, _ request: Request) throws -> Response {
        guard let part = parts[name] else {
            throw ServerError(404, "not_found", "There is no \(name.prefix(100)) here.")
        }
        var headers: HTTPFields = [
            .contentType: part.type, .eTag: part.tag, .cacheControl: "no-cache", .contentSecurityPolicy: Self.policy,
        ]
        if request.has(part.tag) { return Response(status: .notModified, headers: headers) }
        headers[.contentLength] = "\(part.data.count)"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: part.data)))
    }

    /// A file that ships beside the executable.
    static func resource(_ name: String) throws -> Data {
        for folder in ResourceFolder(target: "CLIPServer").candidates() {
            let path = folder.appendingPathComponent(name).path
            if let data = try? WholeFile.data(path, limit: 16 << 20) { return data }
        }
        throw ServerError(500, "internal_error", "\(name) is missing beside the executable.")
    }
}

import CLIP
import CLIPSearch
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Imaging
import Logging
import NIOCore
import ServiceLifecycle
import Torch

/// Answers requests for embeddings, labels and searches over HTTP: OpenAI's protocol, clip-retrieval's, immich's, and its
/// own, with a page to search by.
///
///     let server = try SearchServer(clip, indexes: ServedIndexes([.init(name: "photos", index: index)]))
///     try await server.run()
///
/// Requests are put together into batches; what waits is bounded, and more is refused with 429. It runs until it is told
/// to stop by SIGTERM or SIGINT, or its task is canceled; requests that are being answered then are finished.
public struct SearchServer: Sendable {
    let service: ClipService
    let state = ServerState()
    private let logger: Logger
    private let ownKey: String?

    /// - Parameters:
    ///   - clip: the model that answers.
    ///   - indexes: of the model's space.
    ///   - configuration: how it listens, and its bounds.
    ///   - decoding: bounds of pictures.
    ///   - ownKey: a key beside the configuration's, for this machine's own commands.
    ///   - metrics: where figures are kept.
    ///   - logger: told of each request, and of failures.
    ///   - prepare: makes of a picture file's bytes, called by a name, what the image tower takes; nil for the model's own
    ///     preprocessing.
    /// - Throws: ``SearchError/spacesDiffer(path:differences:)`` for an index of another model.
    public init(
        _ clip: CLIPModel, indexes: ServedIndexes = ServedIndexes([]),
        configuration: ServerConfiguration = ServerConfiguration(),
        decoding: DecodeOptions = DecodeOptions(memoryLimit: 1_000_000_000), ownKey: String? = nil,
        metrics: PrometheusMetrics = PrometheusMetrics(), logger: Logger = Logger(label: "clip"),
        prepare: (@Sendable (Data, String) throws -> IndexUpdate.Input)? = nil
    ) throws {
        if !indexes.entries.isEmpty {
            let space = try clip.space(normalized: true)
            for entry in indexes.entries { try entry.index.require(space) }
        }
        service = ClipService(
            clip, indexes: indexes, configuration: configuration, decoding: decoding, metrics: metrics,
            prepare: prepare)
        self.logger = logger
        self.ownKey = ownKey
    }

    /// What answers, without a network: for tests, and to be put into another application.
    func application(
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        let configuration = service.configuration
        return Application(
            router: try router(),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ClientWatch()],
                    idleTimeout: .seconds(Int64(configuration.requestSeconds) + 15),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "swift-clip",
                backlog: 4096,
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.connections)),
            onServerRunning: onServerRunning, logger: logger)
    }

    private func router() throws -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware {
            SecurityHeaders()
            Answering(metrics: service.metrics)
            Door(configuration: service.configuration, ownKey: ownKey)
            Bounds(configuration: service.configuration, state: state)
        }
        OpenAIProtocol(service: service).add(to: router)
        ClipRetrievalProtocol(service: service).add(to: router)
        ImmichProtocol(service: service).add(to: router)
        OwnProtocol(service: service).add(to: router)
        IndexRoutes(service: service).add(to: router)
        StatusRoutes(service: service, state: state).add(to: router)
        try PageRoutes().add(to: router)
        return router
    }

    /// Every method and path that is answered, as `GET /v1/models`.
    func routes() throws -> [String] { try router().routes.map { "\($0.method) \($0.path)" } }

    /// Listens and answers until it is stopped.
    /// - Parameters:
    ///   - signals: whether SIGTERM and SIGINT stop it.
    ///   - onRunning: told its port once it answers.
    public func run(signals: Bool = true, onRunning: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let application = try application { channel in onRunning(channel.localAddress?.port ?? 0) }
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: application),
                .init(service: Stopping(state: state, worker: service.worker)),
            ], gracefulShutdownSignals: signals ? [.sigterm, .sigint] : [], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(service.configuration.drainSeconds)
        // What is canceled ends as fast as the machine lets it: past a bound of its own the group would end the whole process.
        try await ServiceGroup(configuration: group).run()
    }

    /// Has new requests refused once the server is told to stop.
    private struct Stopping: Service {
        let state: ServerState
        let worker: ModelWorker

        func run() async throws {
            try? await gracefulShutdown()
            state.stop()
        }
    }
}

/// What keeps browsers from doing more with an answer than it is meant for.
struct SecurityHeaders: RouterMiddleware {
    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[HTTPField.Name("Referrer-Policy")!] = "no-referrer"
        response.headers[HTTPField.Name("X-Frame-Options")!] = "DENY"
        response.headers[HTTPField.Name("Cross-Origin-Resource-Policy")!] =
            response.headers[.accessControlAllowOrigin] == nil ? "same-origin" : "cross-origin"
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        return response
    }
}

import AsyncHTTPClient
import CLIP
import Foundation
import Imaging
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Torch

@testable import CLIPSearch
@testable import CLIPServer

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A server on a free port with the bundled model, asked over the network as anybody asks it.
struct RunningFixture: Sendable {
    let address: String
    let clip: CLIPModel

    private static let model = Task { try await CLIPModel.load(ModelCatalog.bundledName) }
    static var clip: CLIPModel { get async throws { try await model.value } }

    /// How a request was answered.
    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let body: Data

        var text: String { String(decoding: body, as: UTF8.self) }
        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: body) as? [String: Any] ?? [:]
        }
        func list() throws -> [[String: Any]] {
            try JSONSerialization.jsonObject(with: body) as? [[String: Any]] ?? []
        }
        /// The word that an error's document has for programs.
        var code: String? { (try? json())?["error"].flatMap { ($0 as? [String: Any])?["code"] as? String } }
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: Data? = nil, headers: [(String, String)] = [],
        seconds: Int64 = 600
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(seconds))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Data(bytes.readableBytesView))
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer {
        try await send(.GET, path, headers: headers)
    }

    func post(_ path: String, _ body: [String: Any], headers: [(String, String)] = []) async throws -> Answer {
        try await send(.POST, path, JSONSerialization.data(withJSONObject: body), headers: headers)
    }
}

/// Runs a server while `body` asks it.
func withServer<R>(
    _ configuration: ServerConfiguration = ServerConfiguration(), indexes: ServedIndexes = ServedIndexes([]),
    ownKey: String? = nil, prepare: (@Sendable (Data, String) throws -> IndexUpdate.Input)? = nil,
    _ body: (RunningFixture) async throws -> R
) async throws -> R {
    let clip = try await RunningFixture.clip
    var configuration = configuration
    configuration.port = 0
    // Other tests keep the threads busy, for minutes on a small machine.
    if configuration.requestSeconds == ServerConfiguration().requestSeconds { configuration.requestSeconds = 600 }
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = try SearchServer(
        clip, indexes: indexes, configuration: configuration, ownKey: ownKey, logger: logger, prepare: prepare)
    let (ports, port) = AsyncStream<Int>.makeStream()
    let task = Task {
        defer { port.finish() }
        try await server.run(signals: false) { port.yield($0) }
    }
    var iterator = ports.makeAsyncIterator()
    guard let number = await iterator.next() else {
        try await task.value
        throw CancellationError()
    }
    do {
        let result = try await body(RunningFixture(address: "http://127.0.0.1:\(number)", clip: clip))
        task.cancel()
        _ = try? await task.value
        return result
    } catch {
        task.cancel()
        _ = try? await task.value
        throw error
    }
}

/// Pictures that are told apart.
enum Drawings {
    /// A gradient of colors, of which every number has its own.
    static func picture(_ number: Int, width: Int = 48, height: Int = 36) throws -> Picture {
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                pixels.append(UInt8(truncatingIfNeeded: row * (number % 7 + 1) * 3))
                pixels.append(UInt8(truncatingIfNeeded: column * (number % 5 + 1) * 2 + 40 * number))
                pixels.append(UInt8(truncatingIfNeeded: 90 * number + row + column))
            }
        }
        return try Picture(width: width, height: height, pixels: pixels)
    }

    static func png(_ number: Int) throws -> Data { try picture(number).encoded(as: .png(compression: 3)) }

    static func dataAddress(_ number: Int) throws -> String {
        "data:image/png;base64,\(try png(number).base64EncodedString())"
    }

    /// An index of so many drawings in a folder, which is `folder/index`; their files are `folder/N.png`.
    static func index(_ count: Int, in folder: String, _ clip: CLIPModel) throws -> SearchIndex {
        let index = try SearchIndex(path: folder + "/index", space: clip.space(normalized: true))
        var entries: [PictureVector] = []
        for number in 0..<count {
            let data = try png(number)
            let path = "\(folder)/\(number).png"
            try data.write(to: URL(fileURLWithPath: path))
            let picture = try Picture.decode(data, name: path)
            let vector = try clip.vectors(pictures: [picture]).elements(Float.self)
            entries.append(
                PictureVector(
                    picture: IndexedPicture(
                        path: path, size: data.count, modified: Int64(number) * 86_400_000_000_000,
                        hash: digest(data), width: picture.width, height: picture.height), vector: vector))
        }
        try index.add(entries)
        return index
    }

    private static func digest(_ data: Data) -> String { IndexUpdate.hash(data) }
}

/// A folder for one test's files.
func withFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    return try await body(folder.url.path)
}

/// A connection byte by byte, for what no client sends. Reading ends after some minutes, and waits on a thread of its own:
/// the server needs those of the tests.
final class RawConnection: Sendable {
    private let descriptor: Int32
    private static let queue = DispatchQueue(label: "raw connections", attributes: .concurrent)

    init(_ address: String) throws {
        let port = UInt16(address.split(separator: ":").last.flatMap { Int($0) } ?? 0)
        #if canImport(Glibc)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw POSIXError(.ECONNREFUSED) }
        var limit = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Some bytes; nil at the end, and after some minutes without any.
    func read() async -> (text: String?, isEnd: Bool) {
        await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: self.wait()) }
        }
    }

    private func wait() -> (text: String?, isEnd: Bool) {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count > 0 ? (String(decoding: bytes[..<count], as: UTF8.self), false) : (nil, count == 0)
    }

    /// Everything until the other side closes.
    func readToEnd() async -> (text: String, isClosed: Bool) {
        var all = ""
        while true {
            let (text, isEnd) = await read()
            guard let text else { return (all, isEnd) }
            all += text
        }
    }
}

extension CLIPModel {
    /// Numbers of an embedding.
    var embeddingSize: Int { model.configuration.embeddingSize }
}

import Foundation
import LoopbackServer
import Testing

@testable import ModelHub

/// Runs `body` with a server, which is stopped afterwards.
func withServer(
    _ handler: @escaping @Sendable (_ asked: Asked, _ earlier: Int) -> Reply, body: (TestServer) throws -> Void
) throws {
    let server = try TestServer(handler)
    defer { server.stop() }
    try body(server)
}

/// Runs `body` with the path of an empty folder, which is removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "model-hub-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

/// The seconds that a downloader would have waited.
final class Pauses: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [Double] = []

    var seconds: [Double] { lock.withLock { all } }

    /// Options that wait in this list only.
    func options(attempts: Int = 5, maximumBytes: Int = 1 << 30) -> DownloadOptions {
        var options = DownloadOptions()
        options.attempts = attempts
        options.maximumBytes = maximumBytes
        options.pause = { [self] seconds in lock.withLock { all.append(seconds) } }
        return options
    }
}

/// Bytes that look like noise, the same for the same seed.
func sampleBytes(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
        var state = seed &* 2_654_435_769 | 1
        for index in 0..<count {
            state = state &* 1_664_525 &+ 1_013_904_223
            bytes[index] = UInt8(truncatingIfNeeded: state >> 24)
        }
        initialized = count
    }
}

/// What distinguishes a file from the bytes that it should hold; `nil` if nothing does.
func difference(_ path: String, _ expected: [UInt8]?) -> String? {
    guard let expected else { return "nothing to compare with" }
    guard let found = contents(path) else { return "\(path) is missing" }
    guard found != expected else { return nil }
    let index = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return
        "\(path): \(found.count) bytes, not \(expected.count); first difference at \(index.map(String.init) ?? "the end")"
}

func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

func write(_ bytes: [UInt8], _ path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
}

/// The error of the hub that `body` throws.
func hubError(_ body: () throws -> Void) -> ModelHubError? {
    do {
        try body()
        return nil
    } catch { return error as? ModelHubError }
}

/// A configuration for a server and a folder of the test's own.
func configuration(_ server: TestServer, _ folder: String, token: String? = nil, offline: Bool = false) throws
    -> HubConfiguration
{
    var environment = [
        "HF_ENDPOINT": try server.url().absoluteString, "HF_HUB_CACHE": folder + "/hub", "HOME": folder,
        "HF_HUB_OFFLINE": offline ? "1" : "0",
    ]
    environment["HF_TOKEN"] = token
    var configuration = try HubConfiguration(environment: environment)
    configuration.openAIEndpoint = try server.url("/clip/models")
    return configuration
}

/// Runs `body` with a hub, the host of its large files, and an empty folder.
func withHub(
    _ hub: FakeHub,
    store: @escaping @Sendable (Asked, Int, [UInt8]) -> Reply = { asked, _, bytes in .file(bytes, to: asked) },
    body: (_ server: TestServer, _ store: TestServer, _ folder: String) throws -> Void
) throws {
    try withFolder { folder in
        try withServer({ asked, earlier in
            let name = asked.path.dropFirst().prefix { $0 != "?" }
            return hub.files[String(name)].map { store(asked, earlier, $0) } ?? Reply(status: 404)
        }) { storeServer in
            var hub = hub
            hub.store = try storeServer.url().absoluteString
            try withServer({ [hub] asked, _ in hub.reply(to: asked) }) { server in
                try body(server, storeServer, folder)
            }
        }
    }
}

import Checksums
import Foundation
import Transfer

/// Runs `body` with a server, which is stopped afterwards.
package func withServer(
    _ handler: @escaping @Sendable (_ asked: Asked, _ earlier: Int) -> Reply, body: (TestServer) throws -> Void
) throws {
    let server = try TestServer(handler)
    defer { server.stop() }
    try body(server)
}

/// Runs `body` with the path of an empty folder, which is removed afterwards.
package func withFolder(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "model-hub-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

/// The seconds that a downloader would have waited.
package final class Pauses: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [Double] = []

    package var seconds: [Double] { lock.withLock { all } }

    package init() {}

    /// Options that wait in this list only.
    package func options(attempts: Int = 5, maximumBytes: Int = 1 << 30) -> DownloadOptions {
        var options = DownloadOptions()
        options.attempts = attempts
        options.maximumBytes = maximumBytes
        options.pause = { [self] seconds in lock.withLock { all.append(seconds) } }
        return options
    }
}

/// Bytes that look like noise, the same for the same seed.
package func sampleBytes(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
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
package func difference(_ path: String, _ expected: [UInt8]?) -> String? {
    guard let expected else { return "nothing to compare with" }
    guard let found = contents(path) else { return "\(path) is missing" }
    guard found != expected else { return nil }
    let index = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return
        "\(path): \(found.count) bytes, not \(expected.count); first difference at \(index.map(String.init) ?? "the end")"
}

package func sha256(_ bytes: [UInt8]) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.hexadecimal()
}

package func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

package func write(_ bytes: [UInt8], _ path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
}

import AsyncHTTPClient
import Files
import Foundation
import NIOCore

/// A server on this machine that answers for an index, as a file beside the index says: what lets a search go without
/// loading a model.
///
/// The file is its owner's alone to read, and has a key that this server made for itself.
public struct RunningServer: Codable, Sendable, Equatable {
    /// `http://127.0.0.1:7997`
    public var address: String
    /// A key of its own.
    public var key: String
    /// What it calls the index.
    public var index: String
    /// The process.
    public var process: Int32

    private static let name = "server.json"

    public init(address: String, key: String, index: String, process: Int32 = ProcessInfo.processInfo.processIdentifier)
    {
        self.address = address
        self.key = key
        self.index = index
        self.process = process
    }

    /// A key that nobody guesses: 32 bytes of the system's random numbers.
    public static func newKey() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Says that the server is running.
    /// - Parameter folder: the index's.
    /// - Throws: `FileFault` where the file cannot be written: then searches load the model, as without a server.
    public func write(in folder: String) throws {
        let file = try FileWriter("\(folder)/\(Self.name)", permissions: 0o600)
        try file.write(JSONEncoder().encode(self))
        try file.commit()
    }

    /// Says that it is not any more, unless another has taken its place.
    public func remove(in folder: String) {
        if Self.read(in: folder) == self { unlink("\(folder)/\(Self.name)") }
    }

    /// What a folder says; nil where there is nothing, or something else.
    public static func read(in folder: String) -> RunningServer? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"), data.count < 1 << 16 else {
            return nil
        }
        return try? JSONDecoder().decode(Self.self, from: data)
    }

    /// Asks it.
    /// - Parameters:
    ///   - path: as `/v1/search`.
    ///   - body: a JSON document.
    /// - Returns: the answer's body; nil where no server answers there any more, or it does not know what is asked.
    public func post(_ path: String, _ body: Data) async -> Data? {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(2)
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var request = HTTPClientRequest(url: address + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Authorization", value: "Bearer \(key)")
        request.body = .bytes(ByteBuffer(bytes: body))
        var answer: Data?
        if let response = try? await client.execute(request, timeout: .seconds(120)), response.status.code == 200,
            let bytes = try? await response.body.collect(upTo: 64 << 20)
        {
            answer = Data(bytes.readableBytesView)
        }
        try? await client.shutdown()
        return answer
    }
}

#if os(Linux)
import CForkServer
import Foundation
import Testing

/// A process with everything loaded that is the process of each command, one after another and side by side: a third of what a
/// command takes by itself goes into libtorch's start. It ends with the tests.
final class ClipHost: Sendable {
    static let started = Result { try ClipHost() }

    private let socket: String
    /// Its standard input; it ends when this does.
    private let tether = Pipe()

    private init() throws {
        socket = NSTemporaryDirectory() + "swift-clip-host-\(UUID().uuidString.prefix(8))"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try ClipProcess.executable("ClipHost"))
        process.arguments = [socket]
        process.environment = ClipProcess.surroundings
        let ready = Pipe()
        process.standardInput = tether
        process.standardOutput = ready
        try process.run()
        try #require(ready.fileHandleForReading.readData(ofLength: 1).count == 1, "ClipHost did not start")
    }

    /// Runs `clip` to its end.
    func run(_ arguments: [String], environment: [String: String]) throws -> ClipProcess.Outcome {
        let files = try ClipProcess.Files()
        defer { files.remove() }
        let settings = files.environment.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        let words =
            try [files.output, files.error, String(settings.count)] + settings + [ClipProcess.executable()] + arguments
        let bytes = words.flatMap { $0.utf8CString }
        var status: Int32 = 0
        guard fork_server_run(socket, bytes, bytes.count, &status) else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        let signal = status & 0x7f
        return try files.outcome(status: signal == 0 ? status >> 8 & 0xff : signal, wasKilled: signal != 0)
    }
}
#endif

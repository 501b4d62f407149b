import Foundation
import Testing

/// Runs the `clip` that was built with these tests, as people run it.
struct ClipProcess {
    let process = Process()
    private let folder: String

    /// How it ended, and what it wrote.
    struct Outcome {
        let status: Int32
        let wasKilled: Bool
        let output: Data
        let complaints: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var errors: [String] {
            complaints.split(separator: "\n").map(String.init).filter { $0.hasPrefix("clip: error: ") }
        }
    }

    private final class BundleMarker {}

    /// Beside the test bundle, where the package manager puts it.
    static func executable() throws -> String {
        #if os(macOS)
        let folder = Bundle(for: BundleMarker.self).bundleURL.deletingLastPathComponent()
        #else
        let folder = Bundle.main.bundleURL
        #endif
        let path = folder.appendingPathComponent("clip").path
        try #require(FileManager.default.isExecutableFile(atPath: path), "no built clip at \(path)")
        return path
    }

    /// Starts it.
    /// - Parameters:
    ///   - launcher: a program and its arguments that start the command given after them.
    ///   - environment: variables besides those of the tests.
    init(_ arguments: [String], launcher: [String] = [], environment: [String: String] = [:]) throws {
        folder = NSTemporaryDirectory() + "swift-clip-run-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let command = try launcher + [Self.executable()] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        // What is kept, is kept for this run: tests neither read nor fill the cache of whoever runs them.
        process.environment = ProcessInfo.processInfo.environment.merging(["CLIP_CACHE": folder + "/cache"]) { $1 }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: a full pipe that nobody empties would stop the command.
        process.standardOutput = try Self.newFile(folder + "/output")
        process.standardError = try Self.newFile(folder + "/error")
        try process.run()
    }

    private static func newFile(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Waits for its end.
    func finish() throws -> Outcome {
        process.waitUntilExit()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return Outcome(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            output: try Data(contentsOf: URL(fileURLWithPath: folder + "/output")),
            complaints: String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/error")), as: UTF8.self))
    }
}

/// Runs `clip` to its end. One thread each, since tests run side by side.
func clip(_ arguments: String..., launcher: [String] = []) throws -> ClipProcess.Outcome {
    try clip(arguments, launcher: launcher)
}

func clip(_ arguments: [String], launcher: [String] = []) throws -> ClipProcess.Outcome {
    try ClipProcess(arguments, launcher: launcher).finish()
}

extension ClipProcess.Outcome {
    /// Expects that all went well.
    @discardableResult
    func succeeded(sourceLocation: SourceLocation = #_sourceLocation) -> Self {
        #expect(status == 0 && !wasKilled, "\(status) \(complaints)", sourceLocation: sourceLocation)
        return self
    }

    /// Expects one clear message, no crash and no answer.
    /// - Parameter words: what the message must say.
    func failed(_ code: Int32, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!wasKilled && status == code, "\(status) \(complaints)", sourceLocation: sourceLocation)
        #expect(errors.count == 1, "\(complaints)", sourceLocation: sourceLocation)
        #expect(output.isEmpty, "\(text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                errors.first?.contains(word) == true, "no \(word) in: \(complaints)", sourceLocation: sourceLocation)
        }
    }

    /// The one document on standard output. Anything beside it is refused by the parser.
    func json() throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: output) as? [String: Any], "\(text)\(complaints)")
    }
}

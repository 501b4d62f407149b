import Foundation
import Testing

/// Runs the `clip` that was built with these tests, as people run it. Most commands run faster by ``clip(_:launcher:)``.
struct ClipProcess {
    let process = Process()
    private let files: Files

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

    /// The tests' environment. Many commands run side by side: threads that wait for their next piece of work leave the processor to
    /// others meanwhile.
    static var surroundings: [String: String] {
        ProcessInfo.processInfo.environment.merging(["OMP_WAIT_POLICY": "passive"]) { mine, _ in mine }
    }

    /// What is built beside the test bundle.
    static func executable(_ name: String = "clip") throws -> String {
        #if os(macOS)
        let folder = Bundle(for: BundleMarker.self).bundleURL.deletingLastPathComponent()
        #else
        let folder = Bundle.main.bundleURL
        #endif
        let path = folder.appendingPathComponent(name).path
        try #require(FileManager.default.isExecutableFile(atPath: path), "no built \(name) at \(path)")
        return path
    }

    /// Starts it.
    /// - Parameters:
    ///   - launcher: a program and its arguments that start the command given after them.
    ///   - environment: variables besides those of the tests.
    init(_ arguments: [String], launcher: [String] = [], environment: [String: String] = [:]) throws {
        files = try Files()
        let command = try launcher + [Self.executable()] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = Self.surroundings.merging(files.environment) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: files.output)
        process.standardError = FileHandle(forWritingAtPath: files.error)
        try process.run()
    }

    /// Where one run of it writes.
    struct Files {
        private let folder: String
        // Not pipes: a full pipe that nobody empties would stop the command.
        var output: String { folder + "/output" }
        var error: String { folder + "/error" }
        /// What is kept, is kept for this run: tests neither read nor fill the cache of whoever runs them.
        var environment: [String: String] { ["CLIP_CACHE": folder + "/cache"] }

        init() throws {
            folder = NSTemporaryDirectory() + "swift-clip-run-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in [output, error] { try Data().write(to: URL(fileURLWithPath: file)) }
        }

        func outcome(status: Int32, wasKilled: Bool) throws -> Outcome {
            Outcome(
                status: status, wasKilled: wasKilled, output: try Data(contentsOf: URL(fileURLWithPath: output)),
                complaints: String(decoding: try Data(contentsOf: URL(fileURLWithPath: error)), as: UTF8.self))
        }

        func remove() { try? FileManager.default.removeItem(atPath: folder) }
    }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Waits for its end.
    func finish() throws -> Outcome {
        process.waitUntilExit()
        defer { files.remove() }
        return try files.outcome(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal)
    }
}

/// Runs `clip` to its end: on Linux what ``ClipHost`` has loaded already, elsewhere and with a launcher the program itself.
func clip(_ arguments: String..., launcher: [String] = []) throws -> ClipProcess.Outcome {
    try clip(arguments, launcher: launcher)
}

/// - Parameter environment: variables besides those of the tests.
func clip(
    _ arguments: [String], launcher: [String] = [], environment: [String: String] = [:]
) throws -> ClipProcess.Outcome {
    #if os(Linux)
    if launcher.isEmpty { return try ClipHost.started.get().run(arguments, environment: environment) }
    #endif
    return try ClipProcess(arguments, launcher: launcher, environment: environment).finish()
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

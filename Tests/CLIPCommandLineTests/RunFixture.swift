import Foundation
import TestSupport
import Testing

/// Small runs, ended in every way.
enum RunFixture {
    static let checkpoints = "/checkpoints"

    static func names(_ run: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: run + checkpoints).sorted()
    }

    static func weights(_ run: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: run + "/final/open_clip_model.safetensors"))
    }

    static func lineCount(_ run: String) -> Int {
        FileManager.default.contents(atPath: run + "/metrics.jsonl")?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    /// Waits until a run has written lines of its log, or has ended.
    static func wait(for lines: Int, of run: String, _ process: ClipProcess) {
        while process.process.isRunning,
            !FileManager.default.fileExists(atPath: run + "/metrics.jsonl") || lineCount(run) < lines
        {
            usleep(1000)
        }
    }

    /// Nothing of what is written under a temporary name is left.
    static func expectNoLeftovers(_ run: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let all = try FileManager.default.subpathsOfDirectory(atPath: run)
        let hidden = all.filter { URL(fileURLWithPath: $0).lastPathComponent.hasPrefix(".") }
        #expect(hidden.isEmpty, "\(hidden)", sourceLocation: sourceLocation)
    }
}

import Files
import Foundation

/// `RUN/run.json`: the command a run was begun with, so that it goes on without a word of it being said again.
public struct RunRecord: Sendable, Equatable, Codable {
    /// The options, as they were given.
    public var arguments: [String]
    /// What relative paths among them are relative to.
    public var workingDirectory: String
    public var version: String

    public init(arguments: [String], workingDirectory: String, version: String) {
        self.arguments = arguments
        self.workingDirectory = workingDirectory
        self.version = version
    }

    private static let name = "run.json"

    /// - Returns: nil where a run has none.
    /// - Throws: ``TrainingError/checkpointMismatch(path:problem:)`` for one that cannot be read.
    public static func read(run: String) throws -> RunRecord? {
        let path = run + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = try? WholeFile.data(path, limit: 1 << 20),
            let record = try? JSONDecoder().decode(RunRecord.self, from: data)
        else {
            throw TrainingError.checkpointMismatch(
                path: path, problem: "it cannot be read. Remove it and give the options the run began with")
        }
        return record
    }

    func write(run: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(self), to: run + "/" + Self.name)
    }
}

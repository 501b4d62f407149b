import Files
import Foundation

/// `RUN/run.json`: what a run was asked to do, so that it goes on without a word of it being said again.
public struct RunRecord: Sendable, Equatable {
    /// The form of `run.json`: 1 for settings. What has none is of an `ArgumentRecord`.
    public static let formatVersion = 1

    /// As they were asked for: what was not is nil, and relative paths stay relative.
    public var settings: TrainingSettings
    /// What relative paths among the settings are relative to.
    public var workingDirectory: String
    /// What wrote it.
    public var version: String
    /// What was changed on purpose and may not be in a checkpoint yet.
    var changes: SettingChanges?

    public init(settings: TrainingSettings, workingDirectory: String, version: String) {
        self.settings = settings
        self.workingDirectory = workingDirectory
        self.version = version
    }

    private static let name = "run.json"

    /// - Parameters:
    ///   - run: the run's directory.
    ///   - interpret: what the options of an old run's `ArgumentRecord` mean; only whoever took them knows.
    /// - Returns: nil where a run has none.
    /// - Throws: ``TrainingError/checkpointMismatch(path:problem:)`` for one that cannot be read, or is of a later form.
    public static func read(
        run: String, interpret: (_ arguments: [String]) throws -> TrainingSettings
    ) throws -> RunRecord? {
        let path = run + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        func unreadable(_ problem: String) -> TrainingError {
            .checkpointMismatch(
                path: path, problem: problem + ". Remove it and give the options the run began with")
        }
        guard let data = try? WholeFile.data(path, limit: 1 << 20),
            let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
        else { throw unreadable("it cannot be read") }
        if object["format"] == nil, let old = try? JSONDecoder().decode(ArgumentRecord.self, from: data) {
            return RunRecord(
                settings: try interpret(old.arguments), workingDirectory: old.workingDirectory, version: old.version)
        }
        guard let form = object["format"] as? Int, form <= formatVersion else {
            throw unreadable("it is not of a form that this version reads")
        }
        guard let settings = object["settings"] as? [String: Any],
            let workingDirectory = object["workingDirectory"] as? String
        else { throw unreadable("it cannot be read") }
        do {
            var record = RunRecord(
                settings: try TrainingSettings(jsonObject: settings), workingDirectory: workingDirectory,
                version: object["version"] as? String ?? "")
            record.changes = try object["changes"].map {
                try JSONDecoder().decode(SettingChanges.self, from: JSONSerialization.data(withJSONObject: $0))
            }
            return record
        } catch let error as UnknownSettings {
            throw unreadable("it has settings that this version does not know: \(error.names.joined(separator: ", "))")
        } catch { throw unreadable("it cannot be read") }
    }

    func write(run: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(Coded(self)), to: run + "/" + Self.name)
    }

    private struct Coded: Encodable {
        let format = RunRecord.formatVersion
        let settings: TrainingSettings
        let workingDirectory: String
        let version: String
        let changes: SettingChanges?

        init(_ record: RunRecord) {
            (settings, workingDirectory, version) = (record.settings, record.workingDirectory, record.version)
            changes = record.changes
        }
    }
}

/// Settings that were changed on purpose when a run went on. `run.json` has their new values at once, the checkpoint gone
/// on from the old ones until the next is written: a run killed between the two goes on without the change being
/// allowed again.
struct SettingChanges: Sendable, Equatable, Codable {
    /// Steps of the checkpoint that the run went on from with them.
    var step: Int
    /// As ``SettingDifference/setting`` names them.
    var settings: Set<String>
    /// Whether the data is another.
    var isOtherData: Bool

    /// - Returns: nil where nothing was changed.
    init?(step: Int, settings: Set<String>, isOtherData: Bool) {
        if settings.isEmpty, !isOtherData { return nil }
        (self.step, self.settings, self.isOtherData) = (step, settings, isOtherData)
    }
}

/// `run.json` as it was before settings: the options of the command, as they were given.
struct ArgumentRecord: Decodable {
    let arguments: [String]
    let workingDirectory: String
    let version: String
}

/// Settings of a later version, by their names.
private struct UnknownSettings: Error {
    let names: [String]
}

extension TrainingSettings {
    /// A run's settings; one that its version did not have yet is what it is by default.
    fileprivate init(jsonObject: [String: Any]) throws {
        let standard = try JSONSerialization.jsonObject(with: JSONEncoder().encode(TrainingSettings()))
        let whole = Self.merged(jsonObject, over: standard as? [String: Any] ?? [:])
        self = try JSONDecoder().decode(Self.self, from: JSONSerialization.data(withJSONObject: whole))
        let known = try SettingsComparison.values(self)
        let unknown = Self.names(jsonObject, under: "").filter { known[$0] == nil }
        guard unknown.isEmpty else { throw UnknownSettings(names: unknown.sorted()) }
    }

    private static func merged(_ object: [String: Any], over standard: [String: Any]) -> [String: Any] {
        standard.merging(object) { old, new in
            guard let old = old as? [String: Any], let new = new as? [String: Any] else { return new }
            return merged(new, over: old)
        }
    }

    private static func names(_ object: [String: Any], under name: String) -> [String] {
        object.flatMap { key, value in
            (value as? [String: Any]).map { names($0, under: name + key + ".") } ?? [name + key]
        }
    }
}

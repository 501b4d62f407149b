import Foundation
import Torch

/// A model directory in open_clip's layout: `open_clip_config.json` and `open_clip_model.safetensors`.
public struct ModelDirectory: Sendable {
    public static let configurationName = "open_clip_config.json"
    public static let weightsName = "open_clip_model.safetensors"

    public let path: String
    public var configurationPath: String { path + "/" + Self.configurationName }
    public var weightsPath: String { path + "/" + Self.weightsName }

    public init(_ path: String) { self.path = path }

    /// Reads `open_clip_config.json`.
    public func configuration() throws -> (model: ModelConfiguration, preprocess: PreprocessConfiguration) {
        try Self.readConfiguration(configurationPath)
    }

    /// Reads a JSON file that is an `open_clip_config.json`, or only its `model_cfg`.
    /// - Throws: ``CLIPError/missingInput(path:hint:)`` or ``CLIPError/configuration(source:key:problem:)``.
    public static func readConfiguration(
        _ path: String
    ) throws -> (model: ModelConfiguration, preprocess: PreprocessConfiguration) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CLIPError.missingInput(
                path: path, hint: "A model directory holds \(configurationName) and \(weightsName).")
        }
        let object = try ConfigurationObject(data, source: path)
        guard object.has("model_cfg") else {
            let model = try ModelConfiguration(object)
            return (model, PreprocessConfiguration(size: model.vision.imageSize))
        }
        let model = try ModelConfiguration(object.object("model_cfg"))
        let preprocess =
            object.has("preprocess_cfg")
            ? try PreprocessConfiguration(object.object("preprocess_cfg"), imageSize: model.vision.imageSize)
            : PreprocessConfiguration(size: model.vision.imageSize)
        return (model, preprocess)
    }

    /// Writes model and preprocessing; the directory appears under its name only when it is whole.
    /// - Parameter dtype: see ``Weights``.
    public func write(_ model: DualEncoder, preprocess: PreprocessConfiguration, dtype: DType? = nil) throws {
        let object: [String: Any] = [
            "model_cfg": try model.configuration.openCLIPObject(), "preprocess_cfg": preprocess.jsonObject,
        ]
        let json = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try AtomicDirectory.write(path) { temporary in
            try json.write(to: URL(fileURLWithPath: temporary + "/" + Self.configurationName))
            try Weights.save(model, to: temporary + "/" + Self.weightsName, dtype: dtype)
        }
    }
}

/// Directories that appear whole or not at all.
public enum AtomicDirectory {
    private static func temporaryPrefix(_ target: URL) -> String { ".\(target.lastPathComponent)." }

    /// Removes what processes that were killed while they wrote `path` left beside it.
    public static func removeLeftovers(of path: String) {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent()
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in found where name.hasPrefix(temporaryPrefix(target)) {
            guard name.hasSuffix(".tmp") || name.hasSuffix(".tmp.old") else { continue }
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    /// Fills a new directory beside `path` under a temporary name, then puts it in the place of `path`.
    /// If `fill` throws, the temporary directory is removed and whatever was at `path` stays.
    public static func write(_ path: String, fill: (_ temporary: String) throws -> Void) throws {
        let manager = FileManager.default
        let target = URL(fileURLWithPath: path)
        let name = temporaryPrefix(target) + "\(ProcessInfo.processInfo.processIdentifier).tmp"
        let temporary = target.deletingLastPathComponent().appendingPathComponent(name).path
        do {
            try manager.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        } catch {
            throw CLIPError.writing(path: path, reason: "\(error.localizedDescription)")
        }
        do {
            try fill(temporary)
            // rename(2) cannot replace a directory that is not empty, so the old one steps aside first.
            let old = temporary + ".old"
            if manager.fileExists(atPath: path) { try manager.moveItem(atPath: path, toPath: old) }
            try manager.moveItem(atPath: temporary, toPath: path)
            if manager.fileExists(atPath: old) { try manager.removeItem(atPath: old) }
        } catch {
            try? manager.removeItem(atPath: temporary)
            throw error
        }
    }
}

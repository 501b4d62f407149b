import Files
import Foundation
import ModelHub
import Torch

/// A directory that holds a model: open_clip's (`open_clip_config.json`), Hugging Face's (`config.json`), a repository in
/// a hub's cache, whose newest snapshot is taken, or a model of sentence-transformers around a CLIP.
public struct ModelDirectory: Sendable {
    /// Whose files they are.
    public enum Layout: Sendable {
        case openCLIP
        case huggingFace
    }

    /// open_clip's name for the configuration.
    public static let configurationName = ModelFiles.openCLIPConfiguration
    /// open_clip's name for weights in safetensors.
    public static let weightsName = "open_clip_model.safetensors"

    /// As it was given, without a slash at its end; the snapshot or the folder in it that holds the model.
    public let path: String
    /// Where open_clip's configuration lies, if the directory is open_clip's.
    public var configurationPath: String { path + "/" + Self.configurationName }
    /// Where ``write(_:preprocess:dtype:)`` puts weights.
    public var weightsPath: String { path + "/" + Self.weightsName }
    private var huggingFaceConfigurationPath: String { path + "/" + ModelFiles.huggingFaceConfiguration }

    /// - Parameter path: the directory, or a repository's in a hub's cache (`models--owner--name`).
    public init(_ path: String) {
        let folder = Self.snapshot(of: path) ?? path
        self.path = Self.folderOfSentenceTransformers(in: folder) ?? folder
    }

    /// The snapshot that a cached repository's `main` points to; of several without one, the newest.
    private static func snapshot(of path: String) -> String? {
        let manager = FileManager.default
        let snapshots = path + "/snapshots"
        guard let found = try? manager.contentsOfDirectory(atPath: snapshots), !found.isEmpty else { return nil }
        if let commit = try? WholeFile.bytes(path + "/refs/main", limit: 4096) {
            let name = String(decoding: commit, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if found.contains(name) { return snapshots + "/" + name }
        }
        func date(_ name: String) -> Date {
            let attributes = try? manager.attributesOfItem(atPath: snapshots + "/" + name)
            return attributes?[.modificationDate] as? Date ?? .distantPast
        }
        return found.max { date($0) < date($1) }.map { snapshots + "/" + $0 }
    }

    /// Whose directory it is, by the configuration that belongs to the weights that are read.
    public var layout: Layout {
        let isOpenCLIPs = has(Self.configurationName)
        guard isOpenCLIPs, has(ModelFiles.huggingFaceConfiguration) else {
            return !isOpenCLIPs && has(ModelFiles.huggingFaceConfiguration) ? .huggingFace : .openCLIP
        }
        guard let weights = ModelFiles.weights(isThere: has), !ModelFiles.isOpenCLIPs(weights) else { return .openCLIP }
        // Beside weights in Hugging Face's layout may lie a configuration that says nothing of them.
        let object = try? Self.object(huggingFaceConfigurationPath)
        return object.map(HuggingFaceConfiguration.isKnown) == true ? .huggingFace : .openCLIP
    }

    /// The weights that are read; nil where there are none. See `ModelFiles`.
    public var existingWeightsPath: String? { ModelFiles.weights(isThere: has).map { path + "/" + $0 } }

    private func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    /// Reads the configuration and how pictures are prepared, nil for a model that reads none.
    /// - Throws: ``CLIPError/foreignDirectory(path:missing:holds:)`` where there is none, ``CLIPError/file(_:hint:)`` or
    ///   ``CLIPError/configuration(source:key:problem:)``.
    public func configuration() throws -> (model: ModelConfiguration, preprocess: PreprocessConfiguration?) {
        if !has(Self.configurationName), !has(ModelFiles.huggingFaceConfiguration), let foreignFiles {
            throw CLIPError.foreignDirectory(
                path: path, missing: "\(Self.configurationName) or \(ModelFiles.huggingFaceConfiguration)",
                holds: foreignFiles)
        }
        switch layout {
        case .openCLIP: return try Self.readConfiguration(configurationPath)
        case .huggingFace:
            let object = try Self.object(huggingFaceConfigurationPath)
            let model = try HuggingFaceConfiguration.model(object)
            return (model, try huggingFacePreprocess(model, object))
        }
    }

    private func huggingFacePreprocess(
        _ model: ModelConfiguration, _ object: ConfigurationObject
    ) throws -> PreprocessConfiguration? {
        guard let size = model.imageSize else { return nil }
        let folders =
            [path] + [sibling(of: ["image_encoder"], in: ["feature_extractor", "image_processor"])].compactMap { $0 }
        for (folder, name) in folders.flatMap({ folder in ModelFiles.preprocessing.map { (folder, $0) } }) {
            let file = folder + "/" + name
            guard FileManager.default.fileExists(atPath: file) else { continue }
            let processor = try Self.object(file)
            // A processor's own file may say nothing of pictures.
            if name == "processor_config.json", !processor.has("image_processor") { continue }
            return try PreprocessConfiguration(huggingFace: processor, imageSize: size)
        }
        throw CLIPError.missingInput(
            path: path + "/preprocessor_config.json",
            hint: "It says how pictures are prepared for this model, which cannot be guessed.")
    }

    /// Where the tokenizer's files are: in the directory itself, or, of a pipeline of diffusers (`text_encoder_2`), in the
    /// folder beside it (`tokenizer_2`).
    var tokenizerDirectory: String {
        if Self.tokenizerFiles.contains(where: has) { return path }
        let encoders = ["", "_2", "_3"].map { ("text_encoder" + $0, "tokenizer" + $0) }
        return encoders.lazy.compactMap { sibling(of: [$0.0], in: [$0.1]) }.first ?? path
    }

    /// Files a tokenizer may be made of.
    static let tokenizerFiles = ModelFiles.tokenizer

    /// Larger than any tokenizer file known (Gemma 3's tokenizer.json has 33 MB).
    private static let mostTokenizerBytes = 256 << 20

    /// The tokenizer's files that a directory holds.
    /// - Throws: ``CLIPError/file(_:hint:)``.
    static func tokenizerFiles(in directory: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in tokenizerFiles {
            do throws(FileFault) {
                files[name] = try WholeFile.data(directory + "/" + name, limit: mostTokenizerBytes)
            } catch {
                guard error.isMissing else { throw CLIPError.file(error) }
            }
        }
        return files
    }

    /// The first folder of such names beside this one, if this one has one of its own names.
    private func sibling(of own: [String], in names: [String]) -> String? {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        guard own.contains(url.lastPathComponent) else { return nil }
        let parent = url.deletingLastPathComponent()
        return names.map { parent.appendingPathComponent($0).path }.first {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    /// Reads a JSON file that is an `open_clip_config.json`, only its `model_cfg`, or Hugging Face's `config.json`.
    /// - Throws: ``CLIPError/file(_:hint:)`` or ``CLIPError/configuration(source:key:problem:)``.
    public static func readConfiguration(
        _ path: String
    ) throws -> (model: ModelConfiguration, preprocess: PreprocessConfiguration?) {
        let object = try object(path)
        guard object.has("model_cfg") else {
            let isHuggingFaces = object.has("model_type") && !object.has("embed_dim")
            let model = try isHuggingFaces ? HuggingFaceConfiguration.model(object) : ModelConfiguration(object)
            return (model, PreprocessConfiguration(for: model))
        }
        let model = try ModelConfiguration(object.object("model_cfg"))
        guard object.has("preprocess_cfg"), let size = model.imageSize else {
            return (model, PreprocessConfiguration(for: model))
        }
        return (model, try PreprocessConfiguration(object.object("preprocess_cfg"), imageSize: size))
    }

    static func object(_ path: String) throws -> ConfigurationObject {
        let data: Data
        do throws(FileFault) {
            data = try WholeFile.data(path, limit: 16 << 20)
        } catch {
            if case .tooLarge = error.cause {
                throw CLIPError.configuration(source: path, key: "file", problem: "a configuration of more than 16 MiB")
            }
            throw CLIPError.file(
                error,
                hint: "A model directory holds \(configurationName) and \(weightsName), or Hugging Face's config.json "
                    + "and model.safetensors.")
        }
        return try ConfigurationObject(data, source: path)
    }

    /// Writes model and preprocessing in open_clip's layout; the directory appears under its name only when it is whole.
    /// - Parameters:
    ///   - model: the model.
    ///   - preprocess: how its pictures are prepared.
    ///   - dtype: see ``Weights``.
    ///   - tokenizerFiles: by their names; see ``CLIPModel/tokenizerFiles()``. Without any, the family's own tokenizer, which
    ///     comes with this package, is read with the model.
    public func write(
        _ model: DualEncoder, preprocess: PreprocessConfiguration, dtype: DType? = nil,
        tokenizerFiles: [String: Data] = [:]
    ) throws {
        let object: [String: Any] = [
            "model_cfg": try model.configuration.openCLIPObject(), "preprocess_cfg": preprocess.jsonObject,
        ]
        let json = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try Self.write(path) { temporary in
            try WholeFile.write(json, to: temporary + "/" + Self.configurationName)
            try Weights.save(model, to: temporary + "/" + Self.weightsName, dtype: dtype)
            for (name, data) in tokenizerFiles { try WholeFile.write(data, to: temporary + "/" + name) }
        }
    }

    /// Fills a directory that takes the place of what was at a path when it is whole.
    /// - Throws: ``CLIPError/file(_:hint:)``, or what `fill` throws.
    static func write(_ path: String, fill: (_ temporary: String) throws -> Void) throws {
        try CLIPError.wrapping { try WholeDirectory.write(path, fill: fill) }
    }
}

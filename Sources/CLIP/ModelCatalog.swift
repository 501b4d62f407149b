import CLIPText
import Foundation
import Torch
import TorchNN

/// What a name, a directory or a configuration file stands for, before any weights are read.
public struct ModelDescription: Sendable {
    public let name: String
    public let configuration: ModelConfiguration
    public let preprocess: PreprocessConfiguration
    /// Where its weights are; nil for an architecture without any.
    public let weightsPath: String?

    /// A model of this shape with random weights.
    public func untrained(device: Device = .cpu) throws -> PretrainedModel {
        try check(device)
        return try assembled(DualEncoder(configuration), device: device, precision: .float32)
    }

    /// The model with its weights, or another file's.
    /// - Parameters:
    ///   - weights: a file to read instead of the model's own.
    ///   - precision: what the towers compute in.
    /// - Throws: ``CLIPError/weightsNeeded(model:)`` where there is no file to read.
    public func loaded(
        weights: String? = nil, device: Device = .cpu, precision: DType = .float32
    ) throws -> PretrainedModel {
        guard let path = weights ?? weightsPath else { throw CLIPError.weightsNeeded(model: name) }
        try check(device)
        let model = try Initializer.skipping { try DualEncoder(configuration) }
        try Weights.load(path, into: model, called: name)
        return try assembled(model, device: device, precision: precision)
    }

    /// Before minutes are spent on reading or drawing weights.
    private func check(_ device: Device) throws {
        guard device.isAvailable else { throw CLIPError.deviceUnavailable(device.description) }
    }

    private func assembled(_ model: DualEncoder, device: Device, precision: DType) throws -> PretrainedModel {
        let tokenizer = try self.tokenizer()
        try model.prepare(computingIn: precision, on: device)
        return PretrainedModel(
            name: name, model: model, tokenizer: tokenizer, preprocessor: PicturePreprocessor(preprocess))
    }

    /// The tokenizer the model's text tower takes.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` where the vocabulary is not CLIP's.
    public func tokenizer() throws -> any TextTokenizer {
        let tokenizer = try CLIPTokenizer(contextLength: configuration.text.contextLength)
        guard tokenizer.vocabularySize == configuration.text.vocabularySize else {
            throw CLIPError.configuration(
                source: name, key: "text_cfg.vocab_size",
                problem:
                    "\(configuration.text.vocabularySize) is not the \(tokenizer.vocabularySize) of CLIP's tokenizer")
        }
        return tokenizer
    }
}

/// Finds models by name or path.
public enum ModelCatalog {
    /// The model this package brings along.
    public static let bundledName = "pictures"

    /// Every name ``description(of:)`` knows: the bundled model first, then architectures without weights.
    public static var names: [String] { [bundledName] + BuiltInModels.names }

    /// - Parameter name: a model directory, a JSON configuration, the bundled model's name, or an architecture's.
    /// - Throws: ``CLIPError/unknownModel(name:known:)``, ``CLIPError/missingInput(path:hint:)`` or
    ///   ``CLIPError/configuration(source:key:problem:)``.
    public static func description(of name: String) throws -> ModelDescription {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isDirectory) {
            return isDirectory.boolValue ? try directory(name, called: name) : try file(name)
        }
        if name.hasSuffix(".json") {
            throw CLIPError.missingInput(path: name, hint: "Give a JSON file with open_clip's model_cfg.")
        }
        if name == bundledName { return try directory(bundledPath(), called: name) }
        guard let configuration = BuiltInModels.configuration(named: name) else {
            throw CLIPError.unknownModel(name: name, known: names)
        }
        return ModelDescription(
            name: name, configuration: configuration,
            preprocess: PreprocessConfiguration(size: configuration.vision.imageSize), weightsPath: nil)
    }

    private static func directory(_ path: String, called name: String) throws -> ModelDescription {
        let directory = ModelDirectory(path)
        let (model, preprocess) = try directory.configuration()
        let hasWeights = FileManager.default.fileExists(atPath: directory.weightsPath)
        return ModelDescription(
            name: name, configuration: model, preprocess: preprocess,
            weightsPath: hasWeights ? directory.weightsPath : nil)
    }

    private static func file(_ path: String) throws -> ModelDescription {
        guard path.hasSuffix(".json") else {
            throw CLIPError.configuration(
                source: path, key: "file",
                problem: "a model is a directory, a name, or a .json configuration; give a weights file with --weights")
        }
        let (model, preprocess) = try ModelDirectory.readConfiguration(path)
        return ModelDescription(name: path, configuration: model, preprocess: preprocess, weightsPath: nil)
    }

    private static func bundledPath() throws -> String {
        let folders = ResourceFolder(target: "CLIP").candidates()
        for folder in folders {
            let path = folder.appendingPathComponent("Models/\(bundledName)").path
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw CLIPError.missingInput(
            path: "the bundled model \"\(bundledName)\"",
            hint: "Keep the folder swift-clip_CLIP.resources beside the executable, or name another model.")
    }
}

import CLIPText
import Files
import Foundation
import Torch
import TorchNN

/// Rewrites a model in another project's layout, offline: the same numbers under other names.
public enum ModelConversion {
    /// Whose files are written.
    public enum Target: String, Sendable, CaseIterable {
        /// A directory for open_clip: `open_clip_config.json` and `open_clip_model.safetensors`.
        case openCLIP = "open_clip"
        /// A directory for Hugging Face's transformers: `config.json`, `preprocessor_config.json`, `model.safetensors`,
        /// and the tokenizer's files.
        case huggingFace = "huggingface"
        /// One file for OpenAI's code: a state dictionary, `model.pt`.
        case openAI = "openai"
    }

    /// What weights are stored as.
    public enum Storage: String, Sendable, CaseIterable {
        case fp32
        case fp16
        case bf16

        /// As tensors store it.
        public var dtype: DType {
            switch self {
            case .fp32: .float32
            case .fp16: .float16
            case .bf16: .bfloat16
            }
        }
    }

    /// Writes a model in another layout. The directory appears under its name only when it is whole.
    /// - Parameters:
    ///   - description: the model, and where its tokenizer's files are.
    ///   - weights: a file in place of the model's own.
    ///   - target: whose layout.
    ///   - storage: what learned weights are stored as; nil keeps each as it is. Statistics and counters stay as they
    ///     are.
    ///   - path: the directory to write.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for towers the target has no words for;
    ///   ``CLIPError/weightsMismatch(path:model:_:)`` for weights that are not the model's.
    public static func convert(
        _ description: ModelDescription, weights: String? = nil, to target: Target, storage: Storage? = nil,
        at path: String
    ) throws {
        let source = try description.weightsSource(weights)
        let state = try checkedState(source, called: description.name, storage: storage)
        let configuration = source.configuration
        let layout = try layout(for: target, configuration)
        if target == .openAI { try checkForOpenAI(description, configuration) }
        let entries = try StateTranslation(layout: layout).checkpointState(state)
        try ModelDirectory.write(path) { folder in
            switch target {
            case .openCLIP:
                let object: [String: Any] = [
                    "model_cfg": try openCLIPObject(configuration, description),
                    "preprocess_cfg": try description.preprocess.jsonObject,
                ]
                try write(object, to: folder + "/" + ModelDirectory.configurationName)
                try TensorFile.write(entries, to: folder + "/" + ModelDirectory.weightsName)
            case .huggingFace:
                let writing = try HuggingFaceConfiguration.writing(configuration)
                try write(writing.object, to: folder + "/config.json")
                if let preprocess = description.preparation {
                    let processor = writing.kind.imageProcessor(for: preprocess)
                    try write(
                        preprocess.huggingFaceObject(processor: processor), to: folder + "/preprocessor_config.json")
                }
                try TensorFile.write(entries, to: folder + "/model.safetensors")
            case .openAI:
                let constants = try openAIConstants(configuration)
                try TorchStateFile.write(entries.merging(constants) { $1 }, to: folder + "/model.pt")
            }
            if target != .openAI { try copyTokenizer(description, for: target, to: folder) }
        }
    }

    /// The weights under the model's own names, each as it was stored or as asked.
    private static func checkedState(
        _ source: WeightsSource, called name: String, storage: Storage?
    ) throws -> [String: Tensor] {
        // Loading is the strict check of names, shapes and values.
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        var state = try Weights.load(source, into: model, called: name)
        if let storage {
            for parameter in model.namedParameters.map(\.name) {
                guard let tensor = state[parameter] else { continue }
                let stored = try tensor.converted(to: storage.dtype)
                guard try stored.isAllFinite() else {
                    throw CLIPError.unsupportedConversion(
                        what: "values in \(parameter) that are too large for \(storage.rawValue)")
                }
                state[parameter] = stored
            }
        }
        return state
    }

    /// OpenAI's code has one tokenizer and one way to prepare pictures, whatever it loads.
    private static func checkForOpenAI(_ description: ModelDescription, _ model: ModelConfiguration) throws {
        var own = PreprocessConfiguration(size: try model.imageTower().imageSize)
        own.interpolation = .bicubic
        guard try description.preprocess == own else {
            throw CLIPError.unsupportedConversion(what: "pictures prepared otherwise than OpenAI's code prepares them")
        }
        guard model.readsCLIPsVocabulary else {
            throw CLIPError.unsupportedConversion(what: "another vocabulary than OpenAI's code has")
        }
    }

    /// The three numbers that OpenAI's archives state, by which the file is known for what it is: QuickGELU.
    private static func openAIConstants(_ configuration: ModelConfiguration) throws -> [String: Tensor] {
        let (vision, text) = (try configuration.imageTower(), try configuration.textTower())
        let values = [vision.imageSize, text.contextLength, text.vocabularySize]
        let tensors = try values.map { try Tensor([Int64($0)], shape: []) }
        return Dictionary(uniqueKeysWithValues: zip(TowerNaming.openAIConstants, tensors))
    }

    /// The configuration, and whether open_clip must take the tokenizer from the files beside it.
    private static func openCLIPObject(
        _ configuration: ModelConfiguration, _ description: ModelDescription
    ) throws -> [String: Any] {
        var object = try configuration.openCLIPObject()
        let isCLIPs = description.tokenizerFamily == .clip && configuration.readsCLIPsVocabulary
        guard !isCLIPs, var text = object["text_cfg"] as? [String: Any] else { return object }
        text["hf_tokenizer_name"] = "."  // the files beside it
        if ![.clip, .bert].contains(description.tokenizerFamily) {
            text["tokenizer_kwargs"] = ["clean": "canonicalize"]
        }
        object["text_cfg"] = text
        return object
    }

    private static func layout(
        for target: Target, _ configuration: ModelConfiguration
    ) throws -> ParameterLayout {
        switch target {
        case .openCLIP: return try configuration.openCLIPLayout()
        case .huggingFace: return try HuggingFaceConfiguration.writing(configuration).kind.layout
        case .openAI:
            guard configuration.isOpenAIs else {
                throw CLIPError.unsupportedConversion(
                    what: "something that OpenAI's code does not compute, such as GELU in place of QuickGELU or heads "
                        + "that are not 64 wide")
            }
            return try configuration.openCLIPLayout()
        }
    }

    private static func write(_ object: [String: Any], to path: String) throws {
        let data = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try WholeFile.write(data, to: path)
    }

    /// The directory's own tokenizer files; for Hugging Face's library, those that this package brings along where there
    /// are none and the vocabulary is theirs.
    private static func copyTokenizer(
        _ description: ModelDescription, for target: Target, to folder: String
    ) throws {
        var files = try description.tokenizerDirectory.map(ModelDirectory.tokenizerFiles) ?? [:]
        if files.isEmpty, target == .huggingFace {
            guard let text = description.configuration.text else { return }
            switch description.tokenizerFamily {
            case .clip where description.configuration.readsCLIPsVocabulary:
                files = try CLIPTokenizer.huggingFaceFiles(contextLength: text.contextLength)
            case .chineseCLIP where text.vocabularySize == WordPieceTokenizer.ownVocabularySize:
                files = try WordPieceTokenizer.huggingFaceFiles(contextLength: text.contextLength)
            default: break
            }
        }
        for (name, data) in files { try WholeFile.write(data, to: folder + "/" + name) }
    }
}

extension ModelConfiguration {
    fileprivate var readsCLIPsVocabulary: Bool {
        text?.vocabularySize == TextTransformerConfiguration.clipVocabularySize
    }

    /// Whether OpenAI's code, which finds a model's shape in its weights, would find this one.
    var isOpenAIs: Bool {
        captionDecoder == nil && initialLogitBias == nil && vision?.isOpenAIs == true && text?.isOpenAIs == true
    }
}

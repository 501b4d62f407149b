import Foundation
import TorchNN

/// Shapes as Hugging Face's `config.json` states them. What a kind of model's file holds is its own; see
/// ``HuggingFaceModel``.
enum HuggingFaceConfiguration {
    static func kind(_ object: ConfigurationObject) throws -> any HuggingFaceModel.Type {
        let known = TowerFamilies.huggingFace.map { $0.modelType }.joined(separator: ", ")
        guard object.has("model_type") else { throw try foreign(object, known: known) }
        let name = try object.string("model_type", default: "")
        guard let kind = TowerFamilies.huggingFace.first(where: { $0.modelType == name }) else {
            throw object.problem("model_type", "\"\(name)\" is not supported. Known: \(known)")
        }
        if let other = try object.strings("architectures").first(where: { others.contains($0) }) {
            throw object.problem(
                "architectures",
                "\(other) is diffusers' own: a tower with parts that no library's class of this type has")
        }
        return kind
    }

    /// Classes of diffusers that say they are of a kind of transformers', and have other parts.
    private static let others = [
        "StableDiffusionSafetyChecker", "IFSafetyChecker", "PaintByExampleImageEncoder",
        "FlaxStableDiffusionSafetyChecker",
    ]

    /// Whether a file states a model of a kind that is read.
    static func isKnown(_ object: ConfigurationObject) -> Bool { (try? kind(object)) != nil }

    /// Why a `config.json` that states no `model_type` is not Hugging Face's: other projects call theirs so too.
    private static func foreign(_ object: ConfigurationObject, known: String) throws -> CLIPError {
        if object.has("architecture") {
            let name = try object.string("architecture", default: "")
            return object.problem(
                "architecture",
                "timm's \"\(name)\" is an image tower alone, without a text tower, in a layout that is not read; a pair of "
                    + "towers has an open_clip_config.json beside it")
        }
        if object.has("_class_name") {
            let name = try object.string("_class_name", default: "")
            return object.problem("_class_name", "\"\(name)\" is a part of diffusers' that is no tower of CLIP's kind")
        }
        return object.problem("model_type", "it is missing. Known: \(known)")
    }

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        let model = try kind(object).model(object)
        try model.validate(source: object.source)
        return model
    }

    /// What a model is written as.
    struct Writing {
        let kind: any HuggingFaceModel.Type
        /// `config.json`.
        let object: [String: Any]
    }

    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape that Hugging Face's library has no class for.
    static func writing(_ model: ModelConfiguration) throws -> Writing {
        for kind in TowerFamilies.huggingFace {
            guard var object = kind.object(of: model) else { continue }
            object["model_type"] = kind.modelType
            return Writing(kind: kind, object: object)
        }
        throw CLIPError.unsupportedConversion(what: "towers that Hugging Face's CLIP classes do not have")
    }
}

extension ConfigurationObject {
    /// Both towers' settings. Old files repeat a tower's under a second name, which counts for the library.
    func huggingFaceTowers() throws -> (vision: ConfigurationObject, text: ConfigurationObject) {
        (
            try object("vision_config", replacedBy: "vision_config_dict"),
            try object("text_config", replacedBy: "text_config_dict")
        )
    }

    /// Hugging Face's names of the non-linearities that CLIP's descendants use.
    func activation(_ key: String, default fallback: Activation) throws -> Activation {
        guard has(key) else { return fallback }
        let name = try string(key, default: "")
        guard let activation = Activation(huggingFace: name) else {
            throw problem(key, "\"\(name)\" is not supported: use quick_gelu, gelu or gelu_pytorch_tanh")
        }
        return activation
    }

    func hiddenRatio(width: Int, default fallback: Int) throws -> Double {
        TransformerShape.ratio(try size("intermediate_size", default: fallback), over: width)
    }
}

extension Activation {
    init?(huggingFace name: String) {
        switch name {
        case "quick_gelu": self = .quickGELU
        case "gelu": self = .gelu
        case "gelu_pytorch_tanh", "gelu_new": self = .tanhGELU
        default: return nil
        }
    }

    /// What Hugging Face's `hidden_act` calls it.
    var huggingFaceName: String {
        switch self {
        case .quickGELU: "quick_gelu"
        case .gelu: "gelu"
        case .tanhGELU: "gelu_pytorch_tanh"
        }
    }
}

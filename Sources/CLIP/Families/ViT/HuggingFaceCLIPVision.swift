/// Hugging Face's `clip_vision_model`: CLIP's image tower published alone, as an `image_encoder` beside a diffusion model.
///
/// `CLIPVisionModelWithProjection` ends in CLIP's projection, and its embedding is what a whole CLIP gives (the library's
/// `image_embeds`). `CLIPVisionModel` has none: its embedding is the class token's state after the final norm (the
/// library's `pooler_output`), which lies in no space shared with texts.
enum HuggingFaceCLIPVision: HuggingFaceModel {
    static let modelType = "clip_vision_model"

    private static let plain = "CLIPVisionModel"
    private static let projecting = "CLIPVisionModelWithProjection"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        var vision = try VisionTransformerConfiguration(huggingFace: object, activation: .quickGELU, patchSize: 32)
        // Even without a projection, `projection_dim` is stated.
        let projectionSize = try object.size("projection_dim", default: 512)
        // A class may be left out of the file; the library then takes the one without.
        let name = try object.strings("architectures").first ?? plain
        switch name {
        case plain: vision.projection = .none
        case projecting: vision.projection = .matrix
        default:
            throw object.problem("architectures", "\"\(name)\" is not supported: use \(plain) or \(projecting)")
        }
        return ModelConfiguration(
            embeddingSize: vision.projection == .none ? vision.width : projectionSize, vision: vision, text: nil)
    }

    static func object(of model: ModelConfiguration) -> [String: Any]? {
        guard model.text == nil, model.captionDecoder == nil,
            let vision = model.vision as? VisionTransformerConfiguration
        else { return nil }
        var usual = vision
        usual.projection = .matrix
        guard usual.isPlain, vision.projection == .matrix || vision.projection == .none else { return nil }
        var object = vision.huggingFaceObject
        object["architectures"] = [vision.projection == .matrix ? projecting : plain]
        object["projection_dim"] = model.embeddingSize
        return object
    }

    /// With the prefix, which every version of the library reads.
    static let layout = ParameterLayout(vision: .huggingFaceVision, text: nil)

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String { "CLIPImageProcessor" }
}

/// Hugging Face's `chinese_clip_vision_model`: the same tower as CLIP's, never with a projection.
enum HuggingFaceChineseCLIPVision: HuggingFaceModel {
    static let modelType = "chinese_clip_vision_model"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        var vision = try VisionTransformerConfiguration(huggingFace: object, activation: .quickGELU, patchSize: 32)
        vision.projection = .none
        return ModelConfiguration(embeddingSize: vision.width, vision: vision, text: nil)
    }

    /// Such a tower is written as CLIP's.
    static func object(of model: ModelConfiguration) -> [String: Any]? { nil }

    static let layout = HuggingFaceCLIPVision.layout

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String { "ChineseCLIPImageProcessor" }
}

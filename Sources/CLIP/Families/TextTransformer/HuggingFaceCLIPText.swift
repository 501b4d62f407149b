/// Hugging Face's `clip_text_model`: CLIP's text tower published alone, as Stable Diffusion's `text_encoder` is.
///
/// `CLIPTextModelWithProjection` ends in CLIP's projection, and its embedding is what a whole CLIP gives (the library's
/// `text_embeds`).
/// `CLIPTextModel` has none: its embedding is the state of the token that ends the text, after the final
/// norm (the library's `pooler_output`), which lies in no space shared with pictures.
enum HuggingFaceCLIPText: HuggingFaceModel {
    static let modelType = "clip_text_model"

    private static let plain = "CLIPTextModel"
    private static let projecting = "CLIPTextModelWithProjection"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        var text = try TextTransformerConfiguration(huggingFaceCLIP: object)
        // Even without a projection, `projection_dim` is stated.
        let projectionSize = try object.size("projection_dim", default: 512)
        // A class may be left out of the file; the library then takes the one without.
        let name = try object.strings("architectures").first ?? plain
        switch name {
        case plain: text.projection = .none
        case projecting: text.projection = .matrix
        default:
            throw object.problem("architectures", "\"\(name)\" is not supported: use \(plain) or \(projecting)")
        }
        return ModelConfiguration(
            embeddingSize: text.projection == .none ? text.width : projectionSize, vision: nil, text: text)
    }

    static func object(of model: ModelConfiguration) -> [String: Any]? {
        guard model.vision == nil, model.captionDecoder == nil,
            let text = model.text as? TextTransformerConfiguration,
            text.projection == .matrix || text.projection == .none,
            var object = text.huggingFaceCLIPObject
        else { return nil }
        object["architectures"] = [text.projection == .matrix ? projecting : plain]
        object["projection_dim"] = model.embeddingSize
        return object
    }

    /// With the prefix, which every version of the library reads.
    static let layout = ParameterLayout(vision: nil, text: .huggingFaceText)

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String { "CLIPImageProcessor" }
}

extension TowerNaming {
    /// Hugging Face's `CLIPTextModel` as newer versions save it: without `text_model.` in front.
    static let huggingFaceLoneText = TowerNaming(
        project: huggingFace, variant: "text tower", signature: ["embeddings.token_embedding.weight"],
        rules: huggingFaceTextRules(prefix: "") + [Rule("text.projection", "text_projection.weight", .transposed)],
        ignored: ["embeddings.position_ids"], unneeded: ["text_projection.weight"])
}

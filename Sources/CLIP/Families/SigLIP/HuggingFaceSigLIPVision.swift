/// Hugging Face's `siglip_vision_model`: SigLIP's image tower published alone. Its embedding is what a whole SigLIP gives
/// (the library's `pooler_output`).
enum HuggingFaceSigLIPVision: HuggingFaceModel {
    static let modelType = "siglip_vision_model"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        let vision = try VisionTransformerConfiguration(huggingFaceSigLIP: object)
        return ModelConfiguration(embeddingSize: vision.width, vision: vision, text: nil)
    }

    static func object(of model: ModelConfiguration) -> [String: Any]? {
        guard model.text == nil, model.captionDecoder == nil,
            let vision = model.vision as? VisionTransformerConfiguration, vision.isSigLIP
        else { return nil }
        return vision.huggingFaceObject.merging(["architectures": ["SiglipVisionModel"]]) { $1 }
    }

    /// With the prefix, which every version of the library reads.
    static let layout = ParameterLayout(vision: .sigLIPHuggingFaceVision, text: nil)

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String {
        HuggingFaceSigLIP.imageProcessor(for: preprocessing)
    }
}

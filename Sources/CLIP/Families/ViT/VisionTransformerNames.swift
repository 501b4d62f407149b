/// Names of Hugging Face's transformers.
extension ParameterLayout {
    /// Its `CLIPModel`.
    static let huggingFace = ParameterLayout(
        name: "Hugging Face", rules: scalars + huggingFaceVision + huggingFaceText + huggingFaceProjections,
        ignored: huggingFaceConstants)

    /// Numbers from 0 on, which older versions stored.
    static let huggingFaceConstants = [
        "text_model.embeddings.position_ids", "vision_model.embeddings.position_ids",
    ]

    static let huggingFaceProjections = [
        Rule("visual.projection", "visual_projection.weight", .transposed),
        Rule("text.projection", "text_projection.weight", .transposed),
    ]

    static let huggingFaceVision =
        [
            Rule("visual.class_embedding", "vision_model.embeddings.class_embedding"),
            Rule("visual.patches.weight", "vision_model.embeddings.patch_embedding.weight"),
            Rule("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
            Rule("visual.pre_norm.**", "vision_model.pre_layrnorm.**"),  // their spelling
            Rule("visual.post_norm.**", "vision_model.post_layernorm.**"),
        ] + huggingFaceBlocks("visual.blocks", "vision_model.encoder.layers")

    static let huggingFaceText =
        [
            Rule("text.token_embedding.weight", "text_model.embeddings.token_embedding.weight"),
            Rule("text.positional_embedding", "text_model.embeddings.position_embedding.weight"),
            Rule("text.final_norm.**", "text_model.final_layer_norm.**"),
        ] + huggingFaceBlocks("text.blocks", "text_model.encoder.layers")

    static func huggingFaceBlocks(_ module: String, _ checkpoint: String) -> [Rule] {
        [
            Rule("\(module).*.norm1.**", "\(checkpoint).*.layer_norm1.**"),
            Rule("\(module).*.norm2.**", "\(checkpoint).*.layer_norm2.**"),
            Rule("\(module).*.attention.out_projection.**", "\(checkpoint).*.self_attn.out_proj.**"),
            Rule("\(module).*.feed_forward.expand.**", "\(checkpoint).*.mlp.fc1.**"),
            Rule("\(module).*.feed_forward.contract.**", "\(checkpoint).*.mlp.fc2.**"),
        ]
            + ["weight", "bias"].map { kind in
                Rule(
                    "\(module).*.attention.in_\(kind)",
                    stacking: ["q", "k", "v"].map { "\(checkpoint).*.self_attn.\($0)_proj.\(kind)" })
            }
    }
}

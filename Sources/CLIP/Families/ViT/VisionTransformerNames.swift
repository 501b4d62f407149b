extension VisionTransformerConfiguration {
    package static var namings: [TowerNaming] {
        [
            .openCLIPVision, .openCLIPPooledVision, .sigLIPTimm, .huggingFaceVision, .huggingFaceLoneVision,
            .sigLIPHuggingFaceVision, .sigLIPHuggingFaceLoneVision,
        ]
    }
}

extension TowerNaming {
    /// OpenAI's, open_clip's and Chinese-CLIP's, which agree.
    static let openCLIPVision = TowerNaming(
        project: openCLIP, signature: ["visual.positional_embedding"], rules: openCLIPVisionRules,
        ignored: openAIConstants)

    /// With an attentional pooler (CoCa).
    static let openCLIPPooledVision = TowerNaming(
        project: openCLIP, variant: "CoCa", signature: ["visual.positional_embedding", "visual.attn_pool.query"],
        rules: openCLIPVisionRules + [
            Rule("visual.pooler.query", "visual.attn_pool.query"),
            Rule("visual.pooler.query_norm.**", "visual.attn_pool.ln_q.**"),
            Rule("visual.pooler.input_norm.**", "visual.attn_pool.ln_k.**"),
            Rule("visual.pooler.attention.in_weight", "visual.attn_pool.attn.in_proj_weight"),
            Rule("visual.pooler.attention.query_weight", "visual.attn_pool.attn.q_proj_weight"),
            Rule("visual.pooler.attention.key_weight", "visual.attn_pool.attn.k_proj_weight"),
            Rule("visual.pooler.attention.value_weight", "visual.attn_pool.attn.v_proj_weight"),
            Rule("visual.pooler.attention.in_bias", "visual.attn_pool.attn.in_proj_bias"),
            Rule("visual.pooler.attention.out_projection.**", "visual.attn_pool.attn.out_proj.**"),
        ])

    /// Hugging Face's, in its CLIP and Chinese-CLIP classes.
    static let huggingFaceVision = huggingFaceVision(prefix: "vision_model.")
    /// Hugging Face's `CLIPVisionModel` as newer versions save it: without `vision_model.` in front.
    static let huggingFaceLoneVision = huggingFaceVision(prefix: "", variant: "image tower")

    private static func huggingFaceVision(prefix: String, variant: String? = nil) -> TowerNaming {
        TowerNaming(
            project: huggingFace, variant: variant, signature: [prefix + "embeddings.class_embedding"],
            rules: [
                Rule("visual.class_embedding", prefix + "embeddings.class_embedding"),
                Rule("visual.patches.weight", prefix + "embeddings.patch_embedding.weight"),
                Rule("visual.positional_embedding", prefix + "embeddings.position_embedding.weight"),
                Rule("visual.pre_norm.**", prefix + "pre_layrnorm.**"),  // their spelling
                Rule("visual.post_norm.**", prefix + "post_layernorm.**"),
                Rule("visual.projection", "visual_projection.weight", .transposed),
            ] + huggingFaceBlocks("visual.blocks", prefix + "encoder.layers"),
            // Numbers from 0 on, which older versions stored.
            ignored: [prefix + "embeddings.position_ids"], unneeded: ["visual_projection.weight"])
    }

    private static let openCLIPVisionRules =
        [
            Rule("visual.class_embedding", "visual.class_embedding"),
            Rule("visual.positional_embedding", "visual.positional_embedding"),
            Rule("visual.patches.weight", "visual.conv1.weight"),
            Rule("visual.pre_norm.**", "visual.ln_pre.**"),
            Rule("visual.post_norm.**", "visual.ln_post.**"),
            Rule("visual.projection", "visual.proj"),
            Rule("visual.hidden_projection.expand.weight", "visual.proj.0.weight"),
            Rule("visual.hidden_projection.contract.weight", "visual.proj.2.weight"),
        ] + openCLIPBlocks("visual.blocks", "visual.transformer.resblocks")

    /// What OpenAI's archives state beside the weights.
    static let openAIConstants = ["input_resolution", "context_length", "vocab_size"]
}

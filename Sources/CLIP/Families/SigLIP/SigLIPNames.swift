/// Names of SigLIP's towers.
extension TowerNaming {
    /// As open_clip writes the image tower: timm's, under `visual.trunk.`.
    static let sigLIPTimm = TowerNaming(
        project: openCLIP, variant: "SigLIP", signature: ["visual.trunk.attn_pool.latent"],
        rules: [
            Rule("visual.patches.**", "visual.trunk.patch_embed.proj.**"),
            Rule("visual.positional_embedding", "visual.trunk.pos_embed", .leadingOnes(1)),
            Rule("visual.post_norm.**", "visual.trunk.norm.**"),
            Rule("visual.attention_head.probe", "visual.trunk.attn_pool.latent", .leadingOnes(1)),
            Rule("visual.attention_head.attention.out_projection.**", "visual.trunk.attn_pool.proj.**"),
            Rule("visual.attention_head.norm.**", "visual.trunk.attn_pool.norm.**"),
            Rule("visual.attention_head.feed_forward.expand.**", "visual.trunk.attn_pool.mlp.fc1.**"),
            Rule("visual.attention_head.feed_forward.contract.**", "visual.trunk.attn_pool.mlp.fc2.**"),
            Rule("visual.blocks.*.norm1.**", "visual.trunk.blocks.*.norm1.**"),
            Rule("visual.blocks.*.norm2.**", "visual.trunk.blocks.*.norm2.**"),
            Rule("visual.blocks.*.attention.in_weight", "visual.trunk.blocks.*.attn.qkv.weight"),
            Rule("visual.blocks.*.attention.in_bias", "visual.trunk.blocks.*.attn.qkv.bias"),
            Rule("visual.blocks.*.attention.out_projection.**", "visual.trunk.blocks.*.attn.proj.**"),
            Rule("visual.blocks.*.feed_forward.expand.**", "visual.trunk.blocks.*.mlp.fc1.**"),
            Rule("visual.blocks.*.feed_forward.contract.**", "visual.trunk.blocks.*.mlp.fc2.**"),
        ]
            + ["weight", "bias"].map { kind in
                Rule(
                    "visual.attention_head.attention.in_\(kind)",
                    stacking: ["visual.trunk.attn_pool.q.\(kind)", "visual.trunk.attn_pool.kv.\(kind)"],
                    proportions: [1, 2])
            })

    /// As Hugging Face's transformers writes the image tower, with the temperature as one number in a row.
    static let sigLIPHuggingFaceVision = sigLIPHuggingFaceVision(prefix: "vision_model.", variant: "SigLIP")
    /// Hugging Face's `SiglipVisionModel` as newer versions save it: without `vision_model.` in front.
    static let sigLIPHuggingFaceLoneVision = sigLIPHuggingFaceVision(prefix: "", variant: "SigLIP image tower")

    private static func sigLIPHuggingFaceVision(prefix: String, variant: String) -> TowerNaming {
        TowerNaming(
            project: huggingFace, variant: variant, signature: [prefix + "head.probe"],
            rules: [
                Rule("logit_scale", "logit_scale", .leadingOnes(1)),
                Rule("logit_bias", "logit_bias", .leadingOnes(1)),
                Rule("visual.patches.**", prefix + "embeddings.patch_embedding.**"),
                Rule("visual.positional_embedding", prefix + "embeddings.position_embedding.weight"),
                Rule("visual.post_norm.**", prefix + "post_layernorm.**"),
                Rule("visual.attention_head.probe", prefix + "head.probe", .leadingOnes(1)),
                Rule("visual.attention_head.attention.in_weight", prefix + "head.attention.in_proj_weight"),
                Rule("visual.attention_head.attention.in_bias", prefix + "head.attention.in_proj_bias"),
                Rule("visual.attention_head.attention.out_projection.**", prefix + "head.attention.out_proj.**"),
                Rule("visual.attention_head.norm.**", prefix + "head.layernorm.**"),
                Rule("visual.attention_head.feed_forward.expand.**", prefix + "head.mlp.fc1.**"),
                Rule("visual.attention_head.feed_forward.contract.**", prefix + "head.mlp.fc2.**"),
            ] + huggingFaceBlocks("visual.blocks", prefix + "encoder.layers"),
            ignored: [prefix + "embeddings.position_ids"])
    }
}

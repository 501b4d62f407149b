extension TextTransformerConfiguration {
    package static var namings: [TowerNaming] {
        [.openCLIPText, .openCLIPTextApart, .huggingFaceText, .huggingFaceLoneText, .sigLIPHuggingFaceText]
    }
}

extension TowerNaming {
    /// OpenAI's, and open_clip's `CLIP`: names stand at the root.
    static let openCLIPText = TowerNaming(
        project: openCLIP, signature: ["token_embedding.weight"], rules: openCLIPTextRules(prefix: ""), ignored: masks)

    /// open_clip's `CustomTextCLIP`: names stand under `text.`.
    static let openCLIPTextApart = TowerNaming(
        project: openCLIP, variant: "custom text", signature: ["text.token_embedding.weight"],
        rules: openCLIPTextRules(prefix: "text."), ignored: masks)

    /// Hugging Face's `CLIPModel`.
    static let huggingFaceText = TowerNaming(
        project: huggingFace, signature: ["text_model.embeddings.token_embedding.weight"],
        rules: huggingFaceTextRules(prefix: "text_model.")
            + [Rule("text.projection", "text_projection.weight", .transposed)],
        ignored: ["text_model.embeddings.position_ids"], unneeded: ["text_projection.weight"])

    /// Hugging Face's `SiglipModel`.
    static let sigLIPHuggingFaceText = TowerNaming(
        project: huggingFace, variant: "SigLIP",
        signature: ["text_model.embeddings.token_embedding.weight", "text_model.head.weight"],
        rules: huggingFaceTextRules(prefix: "text_model.") + [Rule("text.linear_projection.**", "text_model.head.**")],
        ignored: ["text_model.embeddings.position_ids"])

    /// Causal masks, which TorchScript archives hold though no one learns them.
    static let masks = ["", "text."].flatMap { [$0 + "attn_mask", $0 + "transformer.resblocks.*.attn_mask"] }

    private static func openCLIPTextRules(prefix: String) -> [Rule] {
        prefixed(
            prefix,
            [
                Rule("text.token_embedding.weight", "token_embedding.weight"),
                Rule("text.positional_embedding", "positional_embedding"),
                Rule("text.final_norm.**", "ln_final.**"),
                Rule("text.projection", "text_projection"),
                Rule("text.hidden_projection.expand.weight", "text_projection.0.weight"),
                Rule("text.hidden_projection.contract.weight", "text_projection.2.weight"),
                Rule("text.linear_projection.**", "text_projection.**"),
                Rule("text.class_embedding", "cls_emb"),
            ] + openCLIPBlocks("text.blocks", "transformer.resblocks"))
    }

    static func huggingFaceTextRules(prefix: String) -> [Rule] {
        [
            Rule("text.token_embedding.weight", prefix + "embeddings.token_embedding.weight"),
            Rule("text.positional_embedding", prefix + "embeddings.position_embedding.weight"),
            Rule("text.final_norm.**", prefix + "final_layer_norm.**"),
        ] + huggingFaceBlocks("text.blocks", prefix + "encoder.layers")
    }
}

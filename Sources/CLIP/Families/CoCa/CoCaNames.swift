/// CoCa's names.
extension ParameterLayout {
    /// As open_clip writes it.
    static let coCa = ParameterLayout(
        name: "open_clip (CoCa)",
        rules: scalars + openCLIPVision + openCLIPText(prefix: "text.") + [
            Rule("visual.pooler.query", "visual.attn_pool.query"),
            Rule("visual.pooler.query_norm.**", "visual.attn_pool.ln_q.**"),
            Rule("visual.pooler.input_norm.**", "visual.attn_pool.ln_k.**"),
            Rule("visual.pooler.attention.in_weight", "visual.attn_pool.attn.in_proj_weight"),
            Rule("visual.pooler.attention.query_weight", "visual.attn_pool.attn.q_proj_weight"),
            Rule("visual.pooler.attention.key_weight", "visual.attn_pool.attn.k_proj_weight"),
            Rule("visual.pooler.attention.value_weight", "visual.attn_pool.attn.v_proj_weight"),
            Rule("visual.pooler.attention.in_bias", "visual.attn_pool.attn.in_proj_bias"),
            Rule("visual.pooler.attention.out_projection.**", "visual.attn_pool.attn.out_proj.**"),
            Rule("caption_decoder.final_norm.**", "text_decoder.ln_final.**"),
            Rule("caption_decoder.projection", "text_decoder.text_projection"),
            Rule("caption_decoder.cross_blocks.*.input_norm.**", "text_decoder.cross_attn.*.ln_1_kv.**"),
        ] + openCLIPBlocks("caption_decoder.blocks", "text_decoder.resblocks")
            + openCLIPBlocks("caption_decoder.cross_blocks", "text_decoder.cross_attn"),
        ignored: ["text.attn_mask", "text_decoder.attn_mask"])
}

extension TowerNaming {
    /// open_clip's names of a caption decoder.
    static let openCLIPCaptionDecoder = TowerNaming(
        project: openCLIP, variant: "CoCa", signature: ["text_decoder.ln_final.weight"],
        rules: [
            Rule("caption_decoder.final_norm.**", "text_decoder.ln_final.**"),
            Rule("caption_decoder.projection", "text_decoder.text_projection"),
            Rule("caption_decoder.cross_blocks.*.input_norm.**", "text_decoder.cross_attn.*.ln_1_kv.**"),
        ] + openCLIPBlocks("caption_decoder.blocks", "text_decoder.resblocks")
            + openCLIPBlocks("caption_decoder.cross_blocks", "text_decoder.cross_attn"),
        ignored: ["text_decoder.attn_mask"])
}

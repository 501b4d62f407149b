/// open_clip's and OpenAI's names.
extension ParameterLayout {
    /// A model whose text tower's names stand at the root: OpenAI's, and open_clip's `CLIP`.
    static let openCLIP = ParameterLayout(
        name: "open_clip", rules: scalars + openCLIPVision + openCLIPText(prefix: ""),
        ignored: openAIConstants + masks)

    /// open_clip's `CustomTextCLIP`: the text tower's names stand under `text.`.
    static let openCLIPCustomText = ParameterLayout(
        name: "open_clip (custom text)", rules: scalars + openCLIPVision + openCLIPText(prefix: "text."),
        ignored: openAIConstants + masks)

    static let scalars = [Rule("logit_scale", "logit_scale"), Rule("logit_bias", "logit_bias")]

    /// What OpenAI's archives state beside the weights.
    static let openAIConstants = ["input_resolution", "context_length", "vocab_size"]

    /// Causal masks, which TorchScript archives hold though no one learns them.
    static let masks = ["", "text."].flatMap { [$0 + "attn_mask", $0 + "transformer.resblocks.*.attn_mask"] }

    static let openCLIPVision =
        [
            Rule("visual.class_embedding", "visual.class_embedding"),
            Rule("visual.positional_embedding", "visual.positional_embedding"),
            Rule("visual.patches.weight", "visual.conv1.weight"),
            Rule("visual.pre_norm.**", "visual.ln_pre.**"),
            Rule("visual.post_norm.**", "visual.ln_post.**"),
            Rule("visual.projection", "visual.proj"),
            Rule("visual.hidden_projection.expand.weight", "visual.proj.0.weight"),
            Rule("visual.hidden_projection.contract.weight", "visual.proj.2.weight"),
        ] + openCLIPBlocks("visual.blocks", "visual.transformer.resblocks") + openCLIPResNet

    static func openCLIPText(prefix: String) -> [Rule] {
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

    static func openCLIPBlocks(_ module: String, _ checkpoint: String) -> [Rule] {
        [
            Rule("\(module).*.norm1.**", "\(checkpoint).*.ln_1.**"),
            Rule("\(module).*.norm2.**", "\(checkpoint).*.ln_2.**"),
            Rule("\(module).*.scale1", "\(checkpoint).*.ls_1.gamma"),
            Rule("\(module).*.scale2", "\(checkpoint).*.ls_2.gamma"),
            Rule("\(module).*.attention.in_weight", "\(checkpoint).*.attn.in_proj_weight"),
            Rule("\(module).*.attention.in_bias", "\(checkpoint).*.attn.in_proj_bias"),
            Rule("\(module).*.attention.out_projection.**", "\(checkpoint).*.attn.out_proj.**"),
            Rule("\(module).*.feed_forward.expand.**", "\(checkpoint).*.mlp.c_fc.**"),
            Rule("\(module).*.feed_forward.contract.**", "\(checkpoint).*.mlp.c_proj.**"),
        ]
    }
}

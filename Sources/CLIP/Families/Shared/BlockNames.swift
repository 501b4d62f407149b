/// Names of transformer blocks, which several families' rules hold.
extension TowerNaming {
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

    /// Rules with every checkpoint name moved under a prefix such as "visual.".
    static func prefixed(_ prefix: String, _ rules: [Rule]) -> [Rule] {
        rules.map { $0.prefixed(prefix) }
    }
}

extension EVAConfiguration {
    package static var namings: [TowerNaming] { [.evaTimm, .eva02Timm, .evaOriginal, .eva02Original] }
    package var openCLIPNaming: TowerNaming { feedForward == .swiGLU ? .eva02Timm : .evaTimm }
}

/// Names of EVA's image towers.
///
/// The first generation and EVA-02 enormous keep queries, keys and values in one matrix and have a plain feed-forward
/// layer; EVA-02 base and large keep them apart and have a gated one. Names differ accordingly.
extension TowerNaming {
    /// open_clip's, which are timm's, for one matrix and a plain feed-forward layer.
    static let evaTimm = TowerNaming(
        project: openCLIP, variant: "EVA",
        signature: ["visual.trunk.cls_token", "visual.trunk.blocks.0.attn.q_bias"],
        rules: evaRules("visual.trunk.", fused + plain))

    /// open_clip's for separate matrices and a gated feed-forward layer.
    static let eva02Timm = TowerNaming(
        project: openCLIP, variant: "EVA-02",
        signature: ["visual.trunk.cls_token", "visual.trunk.blocks.0.attn.q_proj.weight"],
        rules: evaRules(
            "visual.trunk.",
            separate(queryBias: "q_proj.bias", valueBias: "v_proj.bias")
                + gated(gate: "fc1_g", expand: "fc1_x", norm: "norm", contract: "fc2") + [innerNorm("norm")]))

    /// Its authors' own for one matrix and a plain feed-forward layer.
    static let evaOriginal = TowerNaming(
        project: "EVA", signature: ["visual.cls_token", "visual.blocks.0.attn.q_bias"],
        rules: evaRules("visual.", fused + plain), ignored: evaConstants)

    /// Its authors' own for separate matrices and a gated feed-forward layer.
    static let eva02Original = TowerNaming(
        project: "EVA-02",
        signature: ["visual.cls_token", "visual.blocks.0.attn.q_bias", "visual.blocks.0.attn.q_proj.weight"],
        rules: evaRules(
            "visual.",
            separate(queryBias: "q_bias", valueBias: "v_bias")
                + gated(gate: "w1", expand: "w2", norm: "ffn_ln", contract: "w3") + [innerNorm("inner_attn_ln")]),
        ignored: evaConstants)

    /// Tables of angles, which follow from the shape.
    private static let evaConstants = ["visual.rope.**", "visual.blocks.*.attn.rope.**"]

    private static func evaRules(_ prefix: String, _ blocks: [Rule]) -> [Rule] {
        prefixed(
            prefix,
            [
                Rule("visual.class_embedding", "cls_token", .leadingOnes(2)),
                Rule("visual.positional_embedding", "pos_embed", .leadingOnes(1)),
                Rule("visual.patches.**", "patch_embed.proj.**"),
                Rule("visual.post_norm.**", "norm.**"),
                Rule("visual.head.**", "head.**"),
                Rule("visual.blocks.*.norm1.**", "blocks.*.norm1.**"),
                Rule("visual.blocks.*.norm2.**", "blocks.*.norm2.**"),
                Rule("visual.blocks.*.attention.out_projection.**", "blocks.*.attn.proj.**"),
            ] + blocks)
    }

    private static let fused = [
        Rule("visual.blocks.*.attention.in_weight", "blocks.*.attn.qkv.weight"),
        Rule("visual.blocks.*.attention.query_bias", "blocks.*.attn.q_bias"),
        Rule("visual.blocks.*.attention.value_bias", "blocks.*.attn.v_bias"),
    ]

    private static func separate(queryBias: String, valueBias: String) -> [Rule] {
        [
            Rule(
                "visual.blocks.*.attention.in_weight",
                stacking: ["q", "k", "v"].map { "blocks.*.attn.\($0)_proj.weight" }),
            Rule("visual.blocks.*.attention.query_bias", "blocks.*.attn.\(queryBias)"),
            Rule("visual.blocks.*.attention.value_bias", "blocks.*.attn.\(valueBias)"),
        ]
    }

    private static let plain = [
        Rule("visual.blocks.*.feed_forward.expand.**", "blocks.*.mlp.fc1.**"),
        Rule("visual.blocks.*.feed_forward.contract.**", "blocks.*.mlp.fc2.**"),
    ]

    private static func gated(gate: String, expand: String, norm: String, contract: String) -> [Rule] {
        [
            Rule("visual.blocks.*.feed_forward.gate.**", "blocks.*.mlp.\(gate).**"),
            Rule("visual.blocks.*.feed_forward.expand.**", "blocks.*.mlp.\(expand).**"),
            Rule("visual.blocks.*.feed_forward.norm.**", "blocks.*.mlp.\(norm).**"),
            Rule("visual.blocks.*.feed_forward.contract.**", "blocks.*.mlp.\(contract).**"),
        ]
    }

    private static func innerNorm(_ name: String) -> Rule {
        Rule("visual.blocks.*.attention.norm.**", "blocks.*.attn.\(name).**")
    }
}

/// Chinese-CLIP's names.
extension ParameterLayout {
    /// As its own project writes it: OpenAI's image tower, and BERT under `bert.`.
    static let chineseCLIP = ParameterLayout(
        name: "Chinese-CLIP",
        rules: scalars + openCLIPVision + bertText("bert.") + [
            Rule("text.projection", "text_projection")
        ],
        ignored: bertConstants("bert."))

    /// As Hugging Face's transformers writes it.
    static let chineseCLIPHuggingFace = ParameterLayout(
        name: "Hugging Face (Chinese-CLIP)",
        rules: scalars + huggingFaceVision + bertText("text_model.") + huggingFaceProjections,
        ignored: bertConstants("text_model.") + huggingFaceConstants)

    /// BERT's pooler reads the first token's state for a task that no tower has.
    private static func bertConstants(_ prefix: String) -> [String] {
        [prefix + "embeddings.position_ids", prefix + "pooler.**"]
    }

    private static func bertText(_ prefix: String) -> [Rule] {
        let layer = "encoder.layer.*"
        let rules =
            [
                Rule("text.token_embedding.weight", "embeddings.word_embeddings.weight"),
                Rule("text.positional_embedding", "embeddings.position_embeddings.weight"),
                Rule("text.type_embedding", "embeddings.token_type_embeddings.weight"),
                Rule("text.embedding_norm.**", "embeddings.LayerNorm.**"),
                Rule("text.blocks.*.attention.out_projection.**", "\(layer).attention.output.dense.**"),
                Rule("text.blocks.*.norm1.**", "\(layer).attention.output.LayerNorm.**"),
                Rule("text.blocks.*.feed_forward.expand.**", "\(layer).intermediate.dense.**"),
                Rule("text.blocks.*.feed_forward.contract.**", "\(layer).output.dense.**"),
                Rule("text.blocks.*.norm2.**", "\(layer).output.LayerNorm.**"),
            ]
            + ["weight", "bias"].map { kind in
                Rule(
                    "text.blocks.*.attention.in_\(kind)",
                    stacking: ["query", "key", "value"].map { "\(layer).attention.self.\($0).\(kind)" })
            }
        return prefixed(prefix, rules)
    }
}

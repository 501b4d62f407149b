extension BERTConfiguration {
    package static var namings: [TowerNaming] { [.chineseText, .chineseHuggingFaceText, .openCLIPBERT] }
}

extension TowerNaming {
    /// Chinese-CLIP's own, under `bert.`.
    static let chineseText = TowerNaming(
        project: "Chinese-CLIP", signature: ["bert.embeddings.word_embeddings.weight"],
        rules: bertRules("bert.") + [Rule("text.projection", "text_projection")], ignored: bertConstants("bert."))

    /// As Hugging Face's transformers writes it.
    static let chineseHuggingFaceText = TowerNaming(
        project: huggingFace, variant: "Chinese-CLIP", signature: ["text_model.embeddings.word_embeddings.weight"],
        rules: bertRules("text_model.") + [Rule("text.projection", "text_projection.weight", .transposed)],
        ignored: bertConstants("text_model."))

    /// open_clip's, around what Hugging Face's transformers names.
    static let openCLIPBERT = TowerNaming(
        project: openCLIP, variant: "BERT", signature: ["text.transformer.embeddings.word_embeddings.weight"],
        rules: bertRules("text.transformer.") + [
            Rule("text.projection", "text.proj.weight", .transposed),
            Rule("text.hidden_projection.expand.weight", "text.proj.0.weight"),
            Rule("text.hidden_projection.contract.weight", "text.proj.2.weight"),
        ], ignored: bertConstants("text.transformer."))

    /// A BERT alone, as Hugging Face's `BertModel` and sentence-transformers write it.
    static let bert = TowerNaming(
        project: huggingFace, variant: "BERT", signature: ["embeddings.word_embeddings.weight"], rules: bertRules(""),
        ignored: bertConstants(""))

    /// A BERT under a head for some task, which is left out.
    static let bertAmongOthers = TowerNaming(
        project: huggingFace, variant: "BERT", signature: ["bert.embeddings.word_embeddings.weight"],
        rules: bertRules("bert."), ignored: bertConstants("bert.") + ["cls.**", "classifier.**"])

    /// BERT's pooler reads the first token's state for a task that no tower has.
    private static func bertConstants(_ prefix: String) -> [String] {
        [prefix + "embeddings.position_ids", prefix + "pooler.**"]
    }

    private static func bertRules(_ prefix: String) -> [Rule] {
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

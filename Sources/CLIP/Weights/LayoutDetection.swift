import Torch

extension ParameterLayout {
    /// Which layout a checkpoint's names are in, by names that only it has.
    /// - Throws: ``CLIPError/unknownLayout(path:examples:)``.
    static func detected(in checkpoint: Checkpoint) throws -> ParameterLayout {
        for (signature, layout) in signatures where signature.allSatisfy({ checkpoint.tensors[$0] != nil }) {
            return layout
        }
        throw CLIPError.unknownLayout(
            path: checkpoint.path, examples: Array(checkpoint.tensors.keys.sorted().prefix(3)))
    }

    /// Names that tell a layout, the most particular first.
    private static let signatures: [([String], ParameterLayout)] = [
        (["bert.embeddings.word_embeddings.weight"], .chineseCLIP),
        (["text_model.embeddings.word_embeddings.weight"], .chineseCLIPHuggingFace),
        (["vision_model.head.probe"], .sigLIPHuggingFace),
        (["vision_model.embeddings.class_embedding"], .huggingFace),
        (["visual.trunk.attn_pool.latent"], .sigLIPTimm),
        (["text.cls_emb", "visual.attn_pool.query"], .coCa),
        (["visual.positional_embedding", "token_embedding.weight"], .openCLIP),
        (["visual.attnpool.positional_embedding", "token_embedding.weight"], .openCLIP),
        (["visual.positional_embedding", "text.token_embedding.weight"], .openCLIPCustomText),
        (["visual.attnpool.positional_embedding", "text.token_embedding.weight"], .openCLIPCustomText),
        (["visual.trunk.cls_token", "visual.trunk.blocks.0.attn.q_proj.weight"], .eva02Timm),
        (["visual.trunk.cls_token", "visual.trunk.blocks.0.attn.q_bias"], .evaTimm),
        (["visual.cls_token", "visual.blocks.0.attn.q_proj.weight"], .eva02Original),
        (["visual.cls_token", "visual.blocks.0.attn.q_bias"], .evaOriginal),
    ]
}

extension Checkpoint {
    /// Whether only OpenAI can have written the file: their archives state three numbers that no one else's do. Their
    /// models all use QuickGELU. That a file holds TorchScript proves nothing: anyone can write one.
    var isOpenAIs: Bool { ParameterLayout.openAIConstants.allSatisfy { tensors[$0] != nil } }
}

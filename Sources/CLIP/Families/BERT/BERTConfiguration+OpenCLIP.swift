/// open_clip's `text_cfg` with `hf_model_name`.
///
/// open_clip asks Hugging Face's library for the size of such a tower. Here it is known for the models below; for any other,
/// `hf_model_config` states it, which is an addition of this package's: what that model's `config.json` holds.
extension BERTConfiguration {
    /// BERTs that are known by name: what Hugging Face's hub calls them.
    private static let published: [(names: [String], tower: BERTConfiguration)] = [
        (["bert-base-uncased", "google-bert/bert-base-uncased"], (768, 12, 12, 3072, 30_522)),
        (["bert-large-uncased", "google-bert/bert-large-uncased"], (1024, 16, 24, 4096, 30_522)),
        (["bert-base-chinese", "google-bert/bert-base-chinese"], (768, 12, 12, 3072, 21_128)),
        (["sentence-transformers/all-MiniLM-L6-v2"], (384, 12, 6, 1536, 30_522)),
        (["sentence-transformers/all-MiniLM-L12-v2"], (384, 12, 12, 1536, 30_522)),
    ].map { (names: [String], size: (Int, Int, Int, Int, Int)) in
        var tower = BERTConfiguration(width: size.0, headCount: size.1, layers: size.2, hiddenWidth: size.3)
        tower.vocabularySize = size.4
        return (names, tower)
    }

    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? {
        guard object.has("hf_model_name") else { return nil }
        let name = try object.string("hf_model_name", default: "")
        var tower: BERTConfiguration
        if object.has("hf_model_config") {
            let stated = try object.object("hf_model_config")
            let type = try stated.string("model_type", default: "bert")
            guard type == "bert" else {
                throw stated.problem("model_type", "\"\(type)\" is not supported: use bert")
            }
            tower = try BERTConfiguration(huggingFace: stated)
        } else if let known = published.first(where: { $0.names.contains(name) })?.tower {
            tower = known
        } else {
            return nil
        }
        tower.isOpenCLIPs = true
        tower.contextLength = try object.size("context_length", default: 77)
        tower.pooling = try pooling(object)
        switch try object.string("hf_proj_type", default: "mlp") {
        case "linear": tower.projection = .matrix
        case "mlp": tower.projection = .mlp
        case let other: throw object.problem("hf_proj_type", "\"\(other)\" is not supported: use linear or mlp")
        }
        // Where open_clip would have weights and tokenizer from; here they lie beside the configuration.
        _ = try object.flag("hf_model_pretrained", default: true)
        _ = try object.string("hf_tokenizer_name", default: "")
        _ = try object.flag("output_tokens", default: false)
        try object.refuseOthers()
        return tower
    }

    private static func pooling(_ object: ConfigurationObject) throws -> Pooling {
        switch try object.string("hf_pooler_type", default: "mean_pooler") {
        case "mean_pooler": return .mean
        case "cls_last_hidden_state_pooler": return .first
        case let other:
            // cls_pooler's state goes through a layer that was trained for another task.
            throw object.problem(
                "hf_pooler_type", "\"\(other)\" is not supported: use mean_pooler or cls_last_hidden_state_pooler")
        }
    }

    package func openCLIPObject() throws -> [String: Any] {
        guard isOpenCLIPs else {
            throw CLIPError.unsupportedConversion(what: "a BERT text tower in open_clip's own layout")
        }
        var stated = huggingFaceObject
        stated["model_type"] = "bert"
        let name = Self.published.first { isLike($0.tower) }?.names.last ?? "bert"
        return [
            "context_length": contextLength, "hf_model_name": name, "hf_model_pretrained": false,
            "hf_model_config": stated, "hf_tokenizer_name": ".",
            "hf_pooler_type": pooling == .mean ? "mean_pooler" : "cls_last_hidden_state_pooler",
            "hf_proj_type": projection == .mlp ? "mlp" : "linear",
        ]
    }

    /// Whether only what the model's own configuration does not say differs.
    private func isLike(_ other: Self) -> Bool {
        var same = other
        (same.contextLength, same.pooling, same.projection) = (contextLength, pooling, projection)
        same.isOpenCLIPs = isOpenCLIPs
        return same == self
    }

    package func openCLIPNaming(isApart: Bool) throws -> TowerNaming {
        guard isOpenCLIPs else {
            throw CLIPError.unsupportedConversion(what: "a BERT text tower, which open_clip names differently")
        }
        return .openCLIPBERT
    }

    package var bodyNamings: [TowerNaming] { [.bert, .bertAmongOthers] }
}

/// Which files make up a model, in a folder or in a repository. What is fetched and what is read is decided here, for
/// both.
package enum ModelFiles {
    /// open_clip's name for the configuration.
    package static let openCLIPConfiguration = "open_clip_config.json"
    /// Hugging Face's name for the configuration, which timm has taken over.
    package static let huggingFaceConfiguration = "config.json"
    /// What says which folders a model of sentence-transformers is made of.
    package static let sentenceTransformersModules = "modules.json"
    /// What says how pictures are prepared; the first found counts.
    package static let preprocessing = ["preprocessor_config.json", "processor_config.json"]
    /// Files a tokenizer may be made of.
    package static let tokenizer = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.model", "sentencepiece.bpe.model", "tokenizer.model",
    ]
    /// Everything that is small and says how weights, texts and pictures are to be read.
    static let companions =
        [openCLIPConfiguration, huggingFaceConfiguration, sentenceTransformersModules] + preprocessing + tokenizer

    // MARK: Weights

    /// Safetensors by open_clip's names, the best first.
    private static let openCLIPSafetensors = safetensors("open_clip_model") + safetensors("open_clip_pytorch_model")
    private static let openCLIPPickles = pickles("open_clip_pytorch_model")
    private static let huggingFaceSafetensors = safetensors("model") + safetensors("pytorch_model")
    private static let huggingFacePickles = pickles("pytorch_model")
    /// In half precision beside the full one, as diffusers names it: what is left where there is nothing else.
    private static let halfPrecision = [
        "model.fp16.safetensors", "model.safetensors.index.fp16.json", "pytorch_model.fp16.bin",
        "pytorch_model.bin.index.fp16.json",
    ]

    private static func safetensors(_ stem: String) -> [String] {
        ["\(stem).safetensors", "\(stem).safetensors.index.json"]
    }

    private static func pickles(_ stem: String) -> [String] {
        ["\(stem).bin", "\(stem).bin.index.json", "\(stem).pth", "\(stem).pt"]
    }

    /// Whether weights of this name are in open_clip's own layout.
    package static func isOpenCLIPs(_ weights: String) -> Bool {
        (openCLIPSafetensors + openCLIPPickles).contains(weights)
    }

    /// The weights that are read, of those there are.
    ///
    /// Where open_clip's configuration is there, open_clip's weights are meant, be they a pickle: what lies beside them as
    /// `model.safetensors` is often the image tower alone, or another layout. Else safetensors come before pickles.
    /// - Parameter isThere: whether there is a file of a name.
    package static func weights(isThere: (String) -> Bool) -> String? {
        let order =
            isThere(openCLIPConfiguration)
            ? openCLIPSafetensors + openCLIPPickles + huggingFaceSafetensors + huggingFacePickles
            : openCLIPSafetensors + huggingFaceSafetensors + openCLIPPickles + huggingFacePickles
        return (order + halfPrecision).first(where: isThere)
    }

    /// Whether a file lists shards, and holds no weights itself.
    package static func isIndex(_ name: String) -> Bool {
        name.hasSuffix(".index.json") || name.hasSuffix(".index.fp16.json")
    }

    // MARK: Folders

    /// The folder of a repository that holds its CLIP model, with a slash at its end: sentence-transformers puts it into
    /// one of its own (`0_CLIPModel/`). Empty for the repository itself.
    static func folder(among names: [String]) -> String {
        let present = Set(names)
        guard present.contains(sentenceTransformersModules), !present.contains(huggingFaceConfiguration),
            !present.contains(openCLIPConfiguration)
        else { return "" }
        let ending = "_CLIPModel/" + huggingFaceConfiguration
        let configuration = names.filter { $0.hasSuffix(ending) && $0.split(separator: "/").count == 2 }.min()
        return configuration.map { String($0.dropLast(huggingFaceConfiguration.count)) } ?? ""
    }
}

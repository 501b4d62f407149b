import TorchNN

extension VisionTransformerConfiguration {
    /// Reads a `vision_config` of the classes that have such a tower.
    init(huggingFace object: ConfigurationObject, activation: Activation, patchSize: Int) throws {
        let width = try object.size("hidden_size", default: 768)
        let heads = try object.size("num_attention_heads", default: 12)
        guard width % heads == 0 else {
            throw object.problem("num_attention_heads", "\(heads) does not divide the width \(width)")
        }
        if try object.size("num_channels", default: 3) != 3 { throw object.problem("num_channels", "3 is needed") }
        self.init(
            imageSize: try object.squareSize("image_size", default: 224),
            patchSize: try object.squareSize("patch_size", default: patchSize), width: width,
            layers: try object.size("num_hidden_layers", default: 12), headWidth: width / heads)
        feedForwardRatio = try object.hiddenRatio(width: width, default: 3072)
        self.activation = try object.activation("hidden_act", default: activation)
        epsilon = try object.real("layer_norm_eps", default: 1e-5)
    }

    /// What every class's `vision_config` states.
    var huggingFaceObject: [String: Any] {
        [
            "hidden_act": activation.huggingFaceName, "hidden_size": width, "image_size": imageSize,
            "intermediate_size": hiddenWidth, "layer_norm_eps": epsilon, "num_attention_heads": headCount,
            "num_channels": 3, "num_hidden_layers": layers, "patch_size": patchSize,
        ]
    }
}

extension EVAConfiguration {
    /// Reads the `vision_cfg` of its authors' own files (EVA-CLIP's `model_configs`), which state every size.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for parts that are not read, such as the factors of
    ///   each block (`ls_init_value`) or the root mean square in place of the norm (`use_rms_norm`).
    static func original(_ object: ConfigurationObject) throws -> Self {
        _ = try object.string("eva_model_name", default: "")
        let width = try object.size("width", default: 768)
        let headWidth = try object.size("head_width", default: 64)
        guard width % headWidth == 0 else {
            throw object.problem("head_width", "\(width) cannot be shared out over heads of \(headWidth)")
        }
        var tower = EVAConfiguration(
            imageSize: try object.squareSize("image_size", default: 224),
            patchSize: try object.size("patch_size", default: 16), width: width,
            layers: try object.size("layers", default: 12), headCount: width / headWidth,
            hiddenWidth: Int(Double(width) * (try object.real("mlp_ratio", default: 4))))
        let hasInnerNorms = try object.flag("subln", default: false)
        tower.feedForward = try object.flag("naiveswiglu", default: false) ? .swiGLU : .mlp
        tower.hasAttentionNorm = hasInnerNorms
        tower.hasFeedForwardNorm = hasInnerNorms
        tower.isPostNorm = try object.flag("postnorm", default: false)
        tower.hasRotaryPositions = try object.flag("rope", default: false)
        tower.rotaryGrid = try object.size("pt_hw_seq_len", default: 16)
        // Without it, angles are of the pre-training's grid, whatever the pictures' is.
        let scalesAngles = try object.flag("intp_freq", default: false)
        if tower.hasRotaryPositions, !scalesAngles, tower.gridSize != tower.rotaryGrid {
            throw object.problem(
                "intp_freq", "without it, pictures of another grid than \(tower.rotaryGrid) are not read")
        }
        // Plain layers keep queries, keys and values in one matrix, normalized ones apart: no others were published.
        if hasInnerNorms != (tower.feedForward == .swiGLU) {
            throw object.problem("subln", "it goes with naiveswiglu, and only with it")
        }
        guard try object.flag("qkv_bias", default: true) else {
            throw object.problem("qkv_bias", "towers without these biases are not read")
        }
        // How it is computed, or in training only.
        for key in ["xattn", "fusedLN"] { _ = try object.flag(key, default: false) }
        for key in ["drop_path_rate", "patch_dropout"] { _ = try object.real(key, default: 0) }
        try object.refuseOthers()
        return tower
    }
}

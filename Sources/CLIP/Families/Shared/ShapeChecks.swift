import TorchNN

/// Checks that several families' shapes have to pass, and what refuses them.
package struct ShapeChecks: Sendable {
    /// What messages call the configuration.
    let source: String

    func refuse(_ key: String, _ problem: String) -> CLIPError {
        .configuration(source: source, key: key, problem: problem)
    }

    func patches(imageSize: Int, patchSize: Int) throws {
        // What is left of a side after the last whole patch is not read, as with SigLIP's 384 pixels and patches of 14.
        guard imageSize >= patchSize else {
            throw refuse(
                "vision_cfg.patch_size", "pictures of \(imageSize) cannot be cut into patches of \(patchSize)")
        }
    }

    func heads(width: Int, headCount: Int, key: String) throws {
        guard width % headCount == 0 else { throw refuse(key, "\(headCount) does not divide the width \(width)") }
    }

    /// - Parameter key: the tower's, such as "text_cfg".
    func feedForwardRatio(_ ratio: Double, key: String) throws {
        guard ratio > 0, ratio <= 64 else { throw refuse("\(key).mlp_ratio", "\(ratio) is not between 0 and 64") }
    }
}

/// What open_clip states beside a tower's own settings.
package struct OpenCLIPModel: Sendable {
    /// What `quick_gelu` chooses.
    let activation: Activation
    let embeddingSize: Int
}

/// A table of positions of a square grid, row by row, that is resampled for another.
package struct PositionGrid: Sendable {
    /// The parameter within the tower, `[leading + side², W]`.
    let parameter: String
    /// Positions before the grid's that stay as they are.
    let leading: Int
    let side: Int
}

/// A table of positions in a text that is resampled for another length.
package struct PositionRow: Sendable {
    /// The parameter within the tower, `[length, W]`.
    let parameter: String
    let length: Int
}

enum ParameterCount {
    /// A transformer block: attention and feed-forward layer with biases, two norms.
    static func block(_ width: Double, _ hidden: Double) -> Double {
        let attention = 4 * width * width + 4 * width
        return attention + 2 * width * hidden + hidden + width + 4 * width
    }
}

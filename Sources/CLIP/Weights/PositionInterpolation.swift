import Torch

/// Position embeddings resampled for another resolution or context length, as open_clip does on load: a picture's grid
/// bicubically with antialiasing, a text's row linearly, corners not aligned.
public enum PositionInterpolation {
    /// A picture's position embeddings for another grid.
    /// - Parameters:
    ///   - positions: `[leading + rows·rows, W]`, from a square grid, row by row.
    ///   - leading: positions before the grid's that stay as they are, such as the class token's.
    ///   - grid: rows and columns asked for.
    /// - Returns: `[leading + rows·columns, W]`.
    public static func image(_ positions: Tensor, leading: Int, grid: (rows: Int, columns: Int)) throws -> Tensor {
        let (count, width) = (positions.shape[0] - leading, positions.shape[1])
        let side = Int(Double(max(0, count)).squareRoot().rounded())
        guard side * side == count, count > 0 else {
            throw TorchError(
                context: "PositionInterpolation", message: "\(count) positions are not those of a square grid")
        }
        if (side, side) == grid { return positions }
        let picture = try positions.slice(leading..<leading + count).converted(to: .float32)
            .reshaped([1, side, side, width]).permuted([0, 3, 1, 2])
        let resized = try picture.resizedPictures(height: grid.rows, width: grid.columns, .bicubic)
            .permuted([0, 2, 3, 1]).reshaped([grid.rows * grid.columns, width]).converted(to: positions.dtype)
        return leading == 0 ? resized : try Tensor.concatenated([positions.slice(0..<leading), resized])
    }

    /// A text's position embeddings `[L, W]` for another length.
    public static func text(_ positions: Tensor, length: Int) throws -> Tensor {
        if positions.shape[0] == length { return positions }
        let row = try positions.converted(to: .float32).transposed().unsqueezed(0)  // [1, W, L]
        return try row.resampledLinearly(to: length).squeezed(0).transposed().contiguous()
            .converted(to: positions.dtype)
    }

    /// A model's state fitted to another resolution or context length; what fits already is left alone.
    static func fit(_ state: [String: Tensor], to configuration: ModelConfiguration) throws -> [String: Tensor] {
        var state = state
        let images = "visual.positional_embedding"
        if let positions = state[images], positions.rank == 2 {
            switch configuration.vision {
            case .transformer(let tower):
                let side = tower.gridSize
                state[images] = try image(
                    positions, leading: tower.hasClassToken ? 1 : 0, grid: (side, side))
            case .eva(let tower):
                state[images] = try image(positions, leading: 1, grid: (tower.gridSize, tower.gridSize))
            case .resNet: break
            }
        }
        let pool = "visual.attention_pool.positional_embedding"
        if let positions = state[pool], positions.rank == 2, case .resNet(let tower) = configuration.vision {
            state[pool] = try image(positions, leading: 1, grid: (tower.gridSize, tower.gridSize))
        }
        let texts = "text.positional_embedding"
        if let positions = state[texts], positions.rank == 2, case .transformer(let tower) = configuration.text {
            state[texts] = try text(positions, length: tower.positionCount)
        }
        return state
    }
}

extension ModelConfiguration {
    /// The same shape for pictures of another size, or texts of another length.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for a size the towers cannot take.
    func resized(imageSize: Int?, contextLength: Int?, source: String) throws -> ModelConfiguration {
        var changed = self
        if let imageSize {
            switch vision {
            case .transformer(var tower):
                tower.imageSize = imageSize
                changed.vision = .transformer(tower)
            case .resNet(var tower):
                tower.imageSize = imageSize
                changed.vision = .resNet(tower)
            case .eva(var tower):
                tower.imageSize = imageSize
                changed.vision = .eva(tower)
            }
        }
        if let contextLength {
            switch text {
            case .transformer(var tower):
                if tower.hasClassEmbedding {
                    throw CLIPError.configuration(
                        source: source, key: "text_cfg.context_length",
                        problem: "a captioning model's text positions cannot be resampled")
                }
                tower.contextLength = contextLength
                changed.text = .transformer(tower)
            case .bert(var tower):
                tower.contextLength = contextLength
                changed.text = .bert(tower)
            }
        }
        try changed.validate(source: source)
        return changed
    }
}

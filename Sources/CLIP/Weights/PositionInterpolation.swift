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
        for grid in configuration.vision?.positionGrids ?? [] {
            let name = "visual." + grid.parameter
            guard let positions = state[name], positions.rank == 2 else { continue }
            state[name] = try image(positions, leading: grid.leading, grid: (grid.side, grid.side))
        }
        for row in configuration.text?.positionRows ?? [] {
            let name = "text." + row.parameter
            guard let positions = state[name], positions.rank == 2 else { continue }
            state[name] = try text(positions, length: row.length)
        }
        return state
    }
}

extension ModelConfiguration {
    /// The same shape for pictures of another size, or texts of another length.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for a size the towers cannot take;
    ///   ``CLIPError/noImageTower`` for a size of pictures where none are read, ``CLIPError/noTextTower`` likewise.
    func resized(imageSize: Int?, contextLength: Int?, source: String) throws -> ModelConfiguration {
        var changed = self
        if let imageSize {
            var vision = try imageTower()
            vision.imageSize = imageSize
            changed.vision = vision
        }
        if let contextLength {
            changed.text = try textTower().resized(contextLength: contextLength, ShapeChecks(source: source))
        }
        try changed.validate(source: source)
        return changed
    }
}

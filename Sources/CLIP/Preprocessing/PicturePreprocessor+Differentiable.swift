import Torch

extension PicturePreprocessor {
    /// Pictures with red, green and blue in [0, 1], `[B, 3, H, W]` of any size, as the model takes them:
    /// `[B, 3, S, S]`.
    ///
    /// What ``bytes(_:)`` and ``normalize(_:)`` do, in real numbers and differentiable: nothing is rounded to grey
    /// levels, and where bicubic sampling overshoots [0, 1] nothing is cut off, since either would have no gradient.
    /// Scores of the same picture as bytes differ by that little.
    /// - Throws: ``CLIPError/picture(name:problem:)`` for pictures too long and thin.
    public func differentiable(_ pictures: Tensor) throws -> Tensor {
        let (rows, columns) = (pictures.shape[2], pictures.shape[3])
        let size = configuration.size
        let (height, width) = try resizedSize(width: columns, height: rows, name: "guided picture")
        let resized = try pictures.resizedIfNeeded(height: height, width: width, configuration.interpolation)
        return try standardized(resized.middle(size))
    }

    /// (x − mean)/std by channel, for red, green and blue in [0, 1].
    func standardized(_ pictures: Tensor) throws -> Tensor {
        let device = pictures.device
        let mean = try Tensor(configuration.mean.map(Float.init), shape: [3, 1, 1]).uploaded(to: device)
        let deviation = try Tensor(configuration.standardDeviation.map(Float.init), shape: [3, 1, 1])
        return try (pictures - mean) / deviation.uploaded(to: device)
    }
}

extension Tensor {
    /// The middle `size` × `size` of pictures `[B, 3, H, W]`.
    fileprivate func middle(_ size: Int) throws -> Tensor {
        if shape.suffix(2) == [size, size] { return self }
        let top = PicturePreprocessor.cropStart(shape[2], size)
        let left = PicturePreprocessor.cropStart(shape[3], size)
        return try slice(top..<top + size, dimension: 2).slice(left..<left + size, dimension: 3)
    }
}

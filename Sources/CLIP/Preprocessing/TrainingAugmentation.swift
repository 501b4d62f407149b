import Foundation
import Imaging
import Torch

/// Random views of a picture for training, as torchvision's `RandomResizedCrop` draws them.
public struct TrainingAugmentation: Sendable, Equatable, Codable {
    /// The share of the picture's area a view covers. CLIP's own training used (0.9, 1.0).
    public var areaRange: ClosedRange<Double> = 0.9...1
    /// Width over height of a view.
    public var aspectRange: ClosedRange<Double> = (3.0 / 4)...(4.0 / 3)
    /// How often a view is mirrored. Captions that say left or right, and letters, speak against it.
    public var mirrorProbability: Double = 0
    /// What else a view may be.
    public var variations = PictureVariations()

    public init() {}

    /// A rectangle within a picture, in pixels.
    struct Crop: Equatable {
        var top: Int
        var left: Int
        var height: Int
        var width: Int
    }

    /// A random view, uint8 `[3, S, S]`.
    public func view(
        of picture: Picture, size: Int, interpolation: Interpolation, using generator: inout some RandomNumberGenerator
    ) throws -> Tensor {
        let crop = crop(width: picture.width, height: picture.height, using: &generator)
        let mirrored = Double.random(in: 0..<1, using: &generator) < mirrorProbability
        let region = try variations.surrounded(picture, using: &generator).tensor()
            .slice(crop.top..<crop.top + crop.height, dimension: 2)
            .slice(crop.left..<crop.left + crop.width, dimension: 3)
        let resized = try region.resizedIfNeeded(height: size, width: size, interpolation)
        let view = try variations.varied(mirrored ? resized.flipped([3]) : resized, using: &generator)
        return try view.squeezed(0).contiguous()
    }

    /// Draws an area and an aspect until they fit, ten times at most; then takes the largest middle part within the
    /// aspect range.
    func crop(width: Int, height: Int, using generator: inout some RandomNumberGenerator) -> Crop {
        let area = Double(width * height)
        let logAspect = log(aspectRange.lowerBound)...log(aspectRange.upperBound)
        for _ in 0..<10 {
            let target = area * Double.random(in: areaRange, using: &generator)
            let aspect = exp(Double.random(in: logAspect, using: &generator))
            let w = Int((target * aspect).squareRoot().rounded(.toNearestOrEven))
            let h = Int((target / aspect).squareRoot().rounded(.toNearestOrEven))
            if w > 0, h > 0, w <= width, h <= height {
                let top = Int.random(in: 0...height - h, using: &generator)
                let left = Int.random(in: 0...width - w, using: &generator)
                return Crop(top: top, left: left, height: h, width: w)
            }
        }
        let ratio = Double(width) / Double(height)
        var (w, h) = (width, height)
        if ratio < aspectRange.lowerBound {
            h = max(1, Int((Double(width) / aspectRange.lowerBound).rounded(.toNearestOrEven)))
        } else if ratio > aspectRange.upperBound {
            w = max(1, Int((Double(height) * aspectRange.upperBound).rounded(.toNearestOrEven)))
        }
        return Crop(top: (height - h) / 2, left: (width - w) / 2, height: h, width: w)
    }
}

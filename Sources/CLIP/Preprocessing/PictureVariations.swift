import Foundation
import Imaging
import Torch

/// What a view of a picture may be besides cut and mirrored: the same thing in other surroundings, turned, in other light,
/// partly hidden. Where there are few pictures, and those are drawings on white, a model would else learn the white.
public struct PictureVariations: Sendable, Equatable, Codable {
    /// How often white surroundings are filled with colors, from 0 to 1.
    public var background: Double = 0
    /// The largest turn, in degrees either way.
    public var rotation: Double = 0
    /// How far brightness, contrast and saturation may go from 1, each by itself.
    public var jitter: Double = 0
    /// How often a rectangle is hidden (Zhong et al., "Random Erasing Data Augmentation", arXiv 1708.04896).
    public var erasing: Double = 0

    public init() {}

    /// Whether there is nothing to do.
    var isNone: Bool { self == PictureVariations() }

    /// The picture in other surroundings, now and then.
    func surrounded(_ picture: Picture, using generator: inout some RandomNumberGenerator) -> Picture {
        guard background > 0, Double.random(in: 0..<1, using: &generator) < background else { return picture }
        func color() -> SIMD3<Double> {
            SIMD3((0..<3).map { _ in Double.random(in: 0.15...1, using: &generator) })
        }
        let (from, to) = (color(), color())
        let isEven = Bool.random(using: &generator)
        let slope = (Double.random(in: -1...1, using: &generator), Double.random(in: -1...1, using: &generator))
        let length = abs(slope.0) * Double(picture.width) + abs(slope.1) * Double(picture.height)
        return picture.filledAround { x, y in
            guard !isEven, length > 0 else { return (from.x, from.y, from.z) }
            let share = abs(slope.0 * Double(x) + slope.1 * Double(y)) / length
            let mixed = from + (to - from) * min(1, share)
            return (mixed.x, mixed.y, mixed.z)
        }
    }

    /// A view, turned, lit otherwise, and partly hidden: uint8 `[1, 3, S, S]` both.
    func varied(_ view: Tensor, using generator: inout some RandomNumberGenerator) throws -> Tensor {
        guard rotation > 0 || jitter > 0 || erasing > 0 else { return view }
        var values = try view.converted(to: .float32)
        if rotation > 0 {
            // What comes in at the corners goes on as the edge is.
            let degrees = Double.random(in: -rotation...rotation, using: &generator)
            values = try values.rotatedPictures(degrees: degrees, background: nil)
        }
        if jitter > 0 { values = try lit(values, using: &generator) }
        if erasing > 0, Double.random(in: 0..<1, using: &generator) < erasing {
            values = try hidden(values, using: &generator)
        }
        return try (values + 0.5).clamped(to: 0...255).converted(to: .uint8)
    }

    private func lit(_ values: Tensor, using generator: inout some RandomNumberGenerator) throws -> Tensor {
        let range = max(0, 1 - jitter)...(1 + jitter)
        let brightness = Double.random(in: range, using: &generator)
        let contrast = Double.random(in: range, using: &generator)
        let saturation = Double.random(in: range, using: &generator)
        // Rec. 601's weights of the three colors.
        let weights = try Tensor([Float(0.299), 0.587, 0.114], shape: [1, 3, 1, 1])
        let bright = try (values * brightness).clamped(to: 0...255)
        let gray = try (bright * weights).sum(along: 1, keep: true)
        let colored = try (bright - gray) * saturation + gray
        let middle = try gray.mean()
        return try (colored - middle) * contrast + middle
    }

    /// One rectangle of 2 to 25 per cent of the area in one color.
    private func hidden(_ values: Tensor, using generator: inout some RandomNumberGenerator) throws -> Tensor {
        let side = Double(values.shape[2])
        let area = Double.random(in: 0.02...0.25, using: &generator)
        let aspect = Double.random(in: -0.7...0.7, using: &generator)
        let height = min(Int(side), max(1, Int((area.squareRoot() * exp(aspect) * side).rounded())))
        let width = min(Int(side), max(1, Int((area.squareRoot() * exp(-aspect) * side).rounded())))
        let top = Int.random(in: 0...Int(side) - height, using: &generator)
        let left = Int.random(in: 0...Int(side) - width, using: &generator)
        let color = (0..<3).map { _ in Float.random(in: 0...255, using: &generator) }
        let patch = try Tensor(color, shape: [1, 3, 1, 1]).expanded([1, 3, height, width])
        try values.slice(top..<top + height, dimension: 2).slice(left..<left + width, dimension: 3).copyInPlace(patch)
        return values
    }
}

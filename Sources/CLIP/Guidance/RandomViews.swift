import Foundation
import Torch

/// Random views of a picture that its pixels' gradient flows through: turned, cut out, mirrored, noisy.
///
/// Each view is the whole picture on a wider background, turned about its middle, of which a rectangle is cut out and
/// brought to the model's size.
public struct RandomViews: Sendable, Equatable {
    /// Views of every picture.
    public var count: Int
    /// How far the background reaches around the picture, as a share of its sides.
    public var margin = 0.0
    /// The background's grey level, from black, 0, to white, 1.
    public var background = 1.0
    /// The largest turn to either side, in degrees.
    public var rotation = 0.0
    /// The area a view covers, as a share of the picture's own; as much as there is where that is less.
    public var areaRange: ClosedRange<Double> = 0.5...1
    /// Width over height of a view before it is squashed to the model's square, as a multiple of the picture's.
    public var aspectRange: ClosedRange<Double> = 0.85...1.18
    /// How often a view is mirrored. Texts that say left or right, and letters, speak against it.
    public var mirrorProbability = 0.0
    /// Standard deviation of normal noise added to red, green and blue.
    public var noise = 0.0

    public init(count: Int) { self.count = count }

    /// - Throws: ``CLIPError/guidance(problem:)`` for settings no view can be drawn by.
    func check() throws {
        func require(_ isGood: Bool, _ problem: String) throws {
            if !isGood { throw CLIPError.guidance(problem: "views: \(problem)") }
        }
        try require((1...65_536).contains(count), "\(count) given where 1 to 65536 are possible.")
        try require((0...4).contains(margin), "a margin of \(margin) given where 0 to 4 is possible.")
        try require((0...1).contains(background), "a background of \(background) given where 0 to 1 is possible.")
        try require(
            (0...180).contains(rotation), "a rotation of \(rotation) given where 0 to 180 degrees are possible.")
        try require(
            areaRange.lowerBound > 0 && areaRange.upperBound.isFinite,
            "areas of \(areaRange) given where finite numbers above 0 are needed.")
        try require(
            aspectRange.lowerBound >= 0.01 && aspectRange.upperBound <= 100,
            "aspects of \(aspectRange) given where 0.01 to 100 are possible.")
        try require(
            (0...1).contains(mirrorProbability), "mirrored \(mirrorProbability) of the time: 0 to 1 is possible.")
        try require((0...10).contains(noise), "noise of \(noise) given where 0 to 10 is possible.")
    }

    /// A rectangle, in pixels.
    struct Window: Equatable {
        var top: Int
        var left: Int
        var height: Int
        var width: Int
    }

    /// A window into pictures of this size; their margins included.
    func window(
        pictureHeight: Int, pictureWidth: Int, outerHeight: Int, outerWidth: Int,
        using generator: inout some RandomNumberGenerator
    ) -> Window {
        let side = Double.random(in: areaRange, using: &generator).squareRoot()
        let logAspect = log(aspectRange.lowerBound)...log(aspectRange.upperBound)
        let stretch = exp(Double.random(in: logAspect, using: &generator) / 2)
        func length(_ wanted: Double, most: Int) -> Int { max(1, Int(min(Double(most), wanted.rounded()))) }
        let height = length(Double(pictureHeight) * side / stretch, most: outerHeight)
        let width = length(Double(pictureWidth) * side * stretch, most: outerWidth)
        return Window(
            top: Int.random(in: 0...outerHeight - height, using: &generator),
            left: Int.random(in: 0...outerWidth - width, using: &generator), height: height, width: width)
    }

    /// `count` views of each of `pictures` `[B, 3, H, W]` in [0, 1], not yet normalized: `[count · B, 3, S, S]`, the
    /// first views of all pictures first.
    func draw(
        _ count: Int, of pictures: Tensor, for input: PreprocessConfiguration,
        using generator: inout some RandomNumberGenerator
    ) throws -> Tensor {
        let (height, width) = (pictures.shape[2], pictures.shape[3])
        let (above, beside) = (Int(Double(height) * margin), Int(Double(width) * margin))
        let padded =
            above + beside == 0 ? pictures : try pictures.padded([beside, beside, above, above], value: background)
        let whole = try padded.split(1)
        var views: [Tensor] = []
        for _ in 0..<count {
            for picture in whole {
                let angle = Double.random(in: -rotation...rotation, using: &generator)
                let turned =
                    rotation == 0 ? picture : try picture.rotatedPictures(degrees: angle, background: background)
                let window = window(
                    pictureHeight: height, pictureWidth: width, outerHeight: height + 2 * above,
                    outerWidth: width + 2 * beside, using: &generator)
                let view =
                    try turned
                    .slice(window.top..<window.top + window.height, dimension: 2)
                    .slice(window.left..<window.left + window.width, dimension: 3)
                    .resizedIfNeeded(height: input.size, width: input.size, input.interpolation)
                let isMirrored = Double.random(in: 0..<1, using: &generator) < mirrorProbability
                views.append(isMirrored ? try view.flipped([3]) : view)
            }
        }
        let batch = try Tensor.concatenated(views)
        guard noise > 0 else { return batch }
        let samples = Self.normals(batch.count, deviation: noise, using: &generator)
        return try batch + Tensor(samples, shape: batch.shape).moved(to: batch.device)
    }

    /// Normally distributed numbers (Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958), from
    /// `generator` alone: libtorch's own is shared by all threads.
    static func normals(
        _ count: Int, deviation: Double, using generator: inout some RandomNumberGenerator
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let bits = generator.next()
                // Two uniform numbers of 32 bits, the first above 0.
                let first = (Double(bits >> 32) + 1) * 0x1p-32
                let angle = 2 * Double.pi * Double(bits & 0xffff_ffff) * 0x1p-32
                let radius = deviation * (-2 * log(first)).squareRoot()
                buffer.initializeElement(at: filled, to: Float(radius * cos(angle)))
                filled += 1
                if filled < count {
                    buffer.initializeElement(at: filled, to: Float(radius * sin(angle)))
                    filled += 1
                }
            }
        }
    }
}

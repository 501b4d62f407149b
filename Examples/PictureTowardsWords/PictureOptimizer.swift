import CLIP
import CLIPData
import Foundation
import Imaging
import Torch
import TorchNN

/// Changes a picture step by step so that it fits words better: Adam on the layers of a picture, with the gradient of
/// the score over random views of it.
final class PictureOptimizer {
    struct Settings: Equatable {
        var steps = 150
        /// Pixels of a side.
        var size = 128
        /// The same seed gives the same picture (with the same libtorch, kind of processor and threads).
        var seed: UInt64 = 0
        var learningRate = 0.1
        /// Against the mean difference of neighboring pixels: larger areas of one color.
        var smoothness = 0.3
        /// Against darkness, most of all towards the edges: what is drawn stands in the middle of white paper.
        var whiteness = 0.5
        var views = RandomViews.drawing
    }

    /// A picture's scores, as it is and as copies that an honest picture fits about as well.
    struct Scores: Equatable {
        var whole: Double
        var mirrored: Double
        /// Turned five degrees to either side.
        var turned: [Double]
    }

    let guidance: PictureGuidance
    let settings: Settings
    private let picture: LayeredPicture
    /// How much darkness costs, `[size, size]`.
    private let paper: Tensor
    private let optimizer: AdamW
    private var generator: SplitMix64
    private(set) var stepsDone = 0

    init(_ guidance: PictureGuidance, settings: Settings = Settings()) throws {
        self.guidance = guidance
        self.settings = settings
        generator = SplitMix64(seed: settings.seed)
        picture = try LayeredPicture(size: settings.size, noise: &generator)
        paper = try Self.paper(size: settings.size)
        optimizer = try AdamW([.init(picture.namedLayers, weightDecay: 0)], beta2: 0.999, epsilon: 1e-8)
    }

    /// Little in a circle in the middle, then rising with the square of the distance.
    private static func paper(size: Int) throws -> Tensor {
        var costs: [Float] = []
        for row in 0..<size {
            for column in 0..<size {
                let y = Float(2 * row + 1) / Float(size) - 1
                let x = Float(2 * column + 1) / Float(size) - 1
                costs.append(0.1 + 4 * max(0, x * x + y * y - 0.35))
            }
        }
        return try Tensor(costs, shape: [size, size])
    }

    /// The picture as it is now, `[1, 3, size, size]` in [0, 1].
    func pixels() throws -> Tensor { try Engine.withoutGradients { try picture() } }

    /// One step.
    /// - Returns: the mean score of the views before it.
    func step() throws -> Double {
        let pixels = try picture()
        let found = try guidance.gradient(pixels, views: settings.views, using: &generator)
        let penalty = try pixels.roughness() * settings.smoothness + ((-pixels + 1) * paper).mean() * settings.whiteness
        try optimizer.clearGradients()
        // Downhill on the penalty and, with the sign turned, uphill on the score.
        try Tensor.backward([(penalty, gradient: nil), (pixels, gradient: -found.gradient)])
        try optimizer.step(learningRate: learningRate)
        stepsDone += 1
        return try found.scores.item()
    }

    /// Rises over ten steps, then falls along a cosine to nothing: the last steps tidy up.
    private var learningRate: Double {
        let warmUp = min(1, Double(stepsDone + 1) / 10)
        return settings.learningRate * warmUp * (1 + cos(.pi * Double(stepsDone) / Double(settings.steps))) / 2
    }

    /// The picture in bytes, as a file holds it.
    func rendered() throws -> Picture {
        let bytes = try (pixels() * 255 + 0.5).converted(to: .uint8)  // rounds down
        let rows = try bytes.squeezed(0).permuted([1, 2, 0]).contiguous()
        return try Picture(width: settings.size, height: settings.size, pixels: rows.bytes())
    }

    /// The scores of the picture in bytes.
    func scores() throws -> Scores {
        try Engine.withoutGradients {
            let pixels = try rendered().tensor().converted(to: .float32) / 255
            let copies = try [
                pixels, pixels.flipped([3]), pixels.rotatedPictures(degrees: 5, background: 1),
                pixels.rotatedPictures(degrees: -5, background: 1),
            ]
            let scores = try guidance.scores(Tensor.concatenated(copies)).elements(Double.self)
            return Scores(whole: scores[0], mirrored: scores[1], turned: Array(scores[2...]))
        }
    }
}

extension RandomViews {
    /// For drawings in the middle of white paper: the whole of it and most of it, turned, mirrored and a little noisy.
    static var drawing: RandomViews {
        var views = RandomViews(count: 8)
        views.margin = 0.2
        views.rotation = 10
        views.areaRange = 0.8...1.8
        views.mirrorProbability = 0.5
        views.noise = 0.03
        return views
    }
}

extension Tensor {
    /// The mean difference between pixels `[B, 3, H, W]` and their neighbors below and beside (total variation).
    fileprivate func roughness() throws -> Tensor {
        let (height, width) = (shape[2], shape[3])
        let below = try slice(1..<height, dimension: 2) - slice(0..<height - 1, dimension: 2)
        let beside = try slice(1..<width, dimension: 3) - slice(0..<width - 1, dimension: 3)
        return try below.absolute().mean() + beside.absolute().mean()
    }
}

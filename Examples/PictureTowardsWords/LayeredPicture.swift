import Torch
import TorchNN

/// A square picture as a sum of coarse and fine layers, each twice as fine as the one before.
///
/// A coarse layer's value moves a large area at once, so that shapes are found before texture; pixels moved each on
/// its own would end as noise that only the model understands.
final class LayeredPicture {
    let layers: [Parameter]
    let size: Int

    /// Pixels of the coarsest layer's side.
    private static let coarsest = 4
    /// What the sum begins at: nearly white after the sigmoid, as the paper of a drawing is.
    private static let paper = 2.0
    /// How much a step of the optimizer moves the coarsest layer's sum.
    private static let strength = 4.0

    /// - Parameters:
    ///   - size: pixels of a side.
    ///   - noise: draws the coarse layers' first values.
    init(size: Int, noise generator: inout some RandomNumberGenerator) throws {
        self.size = size
        var layers: [Parameter] = []
        var side = min(Self.coarsest, size)
        while true {
            let values = (0..<3 * side * side).map { _ in
                side <= 32 ? Float.random(in: -0.05...0.05, using: &generator) : 0
            }
            layers.append(try Parameter(Tensor(values, shape: [1, 3, side, side])))
            if side == size { break }
            side = min(2 * side, size)
        }
        self.layers = layers
    }

    var namedLayers: [(name: String, parameter: Parameter)] {
        layers.enumerated().map { index, layer in ("layers.\(index)", layer) }
    }

    /// The picture, `[1, 3, size, size]` in (0, 1), differentiable with respect to ``layers``.
    func callAsFunction() throws -> Tensor {
        var sum = try Tensor.zeros([1, 3, size, size])
        for layer in layers {
            let side = layer.shape[3]
            let fine =
                side == size ? layer.tensor : try layer.tensor.resizedPictures(height: size, width: size, .bicubic)
            // Adam moves every value about equally far, so finer layers count less.
            sum = try sum + fine * (Self.strength * Double(Self.coarsest) / Double(side))
        }
        return try (sum + Self.paper).sigmoid()
    }
}

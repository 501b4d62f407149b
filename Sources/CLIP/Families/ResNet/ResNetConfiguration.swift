/// CLIP's modified ResNet (arXiv 2103.00020, section 2.4): a stem of three convolutions, average pooling before strided
/// convolutions, attention pooling at the end.
package struct ResNetConfiguration: Sendable, Equatable {
    /// Pixels of a side.
    package var imageSize: Int
    /// Bottleneck blocks of the four stages.
    package var layers: [Int]
    /// Channels of the stem.
    package var width: Int
    /// Heads of the attention pooling.
    package var headCount: Int

    /// Channels that attention pooling sees.
    package var outputWidth: Int { width * 32 }
    /// Cells of a side that attention pooling sees.
    package var gridSize: Int { imageSize / 32 }

    package init(imageSize: Int, layers: [Int], width: Int, headCount: Int? = nil) {
        self.imageSize = imageSize
        self.layers = layers
        self.width = width
        self.headCount = headCount ?? width * 32 / 64
    }

    /// Learnable values; running statistics are not counted.
    func parameterCount(embeddingSize: Int) -> Double {
        let stem = Double(width)
        var count = (3 * 9 * stem / 2 + stem) + (9 * stem / 2 * stem / 2 + stem) + (9 * stem / 2 * stem + 2 * stem)
        var inputs = stem
        for (stage, blocks) in layers.enumerated() {
            let planes = stem * Double(1 << stage)
            for block in 0..<blocks {
                count += inputs * planes + 2 * planes + 9 * planes * planes + 2 * planes
                count += 4 * planes * planes + 8 * planes
                if block == 0 { count += inputs * 4 * planes + 8 * planes }
                inputs = 4 * planes
            }
        }
        let output = Double(outputWidth)
        let positions = Double(gridSize) * Double(gridSize) + 1
        return count + positions * output + 3 * (output * output + output) + (output + 1) * Double(embeddingSize)
    }
}

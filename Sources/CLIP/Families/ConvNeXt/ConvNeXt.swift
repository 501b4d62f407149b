import Torch
import TorchNN

/// A ConvNeXt: pictures `[B, 3, S, S]` to embeddings `[B, E]` (Liu et al., arXiv 2201.03545).
///
/// States lie channels last, `[B, H, W, C]`: normalizations and the layers at each place then read memory in order, and
/// so do convolutions, which are handed the same memory as `[B, C, H, W]`.
package final class ConvNeXt: ImageTower {
    /// Squares of four pixels to `[B, S/4, S/4, C₀]`.
    package let stem: PatchReduction
    /// Four; each but the first halves the sides.
    package let stages: [ConvNeXtStage]
    /// Over the mean of the last stage's places.
    package let postNorm: LayerNorm
    /// From the last stage's channels to the embedding.
    package let head: any TimmHead
    private let configuration: ConvNeXtConfiguration

    package var shortcuts = TowerShortcuts()
    package var recomputesBlocks = false
    package var patchDropout: PatchDropout? { nil }
    package var tokens: (any TokenTower)? { nil }

    package var layerCount: Int { stages.reduce(0) { $0 + $1.blocks.count } }

    /// What halves the sides before a stage is learned with the stage's first block.
    package func part(of parameter: String) -> TowerPart {
        let parts = parameter.split(separator: ".")
        switch parts.first {
        case "stem": return .embedding
        case "stages":
            guard parts.count > 2, let stage = Int(parts[1]) else { return .embedding }
            let before = stages.prefix(stage).reduce(0) { $0 + $1.blocks.count }
            guard parts[2] == "blocks", parts.count > 3, let block = Int(parts[3]) else { return .block(before) }
            return .block(before + block)
        case "post_norm": return .finalNorm
        default: return .head
        }
    }

    /// As timm groups them and open_clip locks them: the last norm is a group of its own, and the projection, which is not
    /// timm's, is trained in any case.
    package func lockGroup(of parameter: String) -> Int? {
        part(of: parameter) == .head ? nil : layer(of: parameter)
    }

    /// Initialized as timm's code: everything at 0.02 with biases zero, and each block's scale so small that blocks begin
    /// as identities; the head as open_clip's, which leaves PyTorch's defaults.
    package init(_ configuration: ConvNeXtConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let (widths, epsilon) = (configuration.widths, configuration.epsilon)
        stem = try PatchReduction(3, widths[0], size: 4, norm: .after, epsilon: epsilon)
        var rates = StochasticDepth.rates(configuration.layers.reduce(0, +), last: configuration.dropPath)[...]
        stages = try widths.indices.map { index in
            defer { rates = rates.dropFirst(configuration.layers[index]) }
            return try ConvNeXtStage(
                inputs: index == 0 ? nil : widths[index - 1], width: widths[index],
                dropPaths: Array(rates.prefix(configuration.layers[index])), epsilon: epsilon)
        }
        postNorm = try LayerNorm(widths[widths.count - 1], epsilon: epsilon)
        head = try configuration.head.make(widths[widths.count - 1], embeddingSize)
    }

    package func states(_ pictures: Tensor) throws -> Tensor {
        try check(pictures, size: configuration.imageSize)
        var states = try stem(pictures.channelsLast().permuted([0, 2, 3, 1]))  // [B, S/4, S/4, C₀]
        for stage in stages { states = try stage(states, recomputing: recomputesBlocks) }
        let pooled = try states.mean(along: 1).mean(along: 1)  // [B, C₃]
        return try postNorm(pooled)
    }

    package func embedding(ofState state: Tensor) throws -> Tensor { try head(state) }
}

/// Squares of pixels or places that become one: a convolution without overlap, and a normalization at each place before
/// or after it: `[B, H, W, in] -> [B, H/size, W/size, out]`.
package final class PatchReduction: Module {
    /// Where the normalization stands.
    enum NormPlace { case before, after }

    package let convolution: Convolution
    package let norm: LayerNorm
    private let isNormFirst: Bool

    init(_ inputs: Int, _ outputs: Int, size: Int, norm place: NormPlace, epsilon: Double) throws {
        convolution = try Convolution(inputs, outputs, kernel: size, stride: size)
        isNormFirst = place == .before
        norm = try LayerNorm(isNormFirst ? inputs : outputs, epsilon: epsilon)
        try convolution.drawAsTimm()
    }

    package func callAsFunction(_ input: Tensor) throws -> Tensor {
        let states = isNormFirst ? try norm(input) : input
        let reduced = try convolution(states.permuted([0, 3, 1, 2])).permuted([0, 2, 3, 1])
        return isNormFirst ? reduced : try norm(reduced)
    }
}

/// Blocks at one resolution: `[B, H, W, inputs] -> [B, H/2, W/2, width]`, or with sides as they are in the first stage.
package final class ConvNeXtStage: Module {
    /// What halves the sides; nil in the first stage.
    package let reduction: PatchReduction?
    package let blocks: [ConvNeXtBlock]

    /// - Parameter dropPaths: each block's ``StochasticDepth/probability``.
    init(inputs: Int?, width: Int, dropPaths: [Double], epsilon: Double) throws {
        reduction = try inputs.map { try PatchReduction($0, width, size: 2, norm: .before, epsilon: epsilon) }
        blocks = try dropPaths.map { try ConvNeXtBlock(width: width, dropPath: $0, epsilon: epsilon) }
    }

    /// - Parameter recomputes: see ``Tower/recomputesBlocks``.
    package func callAsFunction(_ input: Tensor, recomputing recomputes: Bool = false) throws -> Tensor {
        try blocks.reduce(reduction.map { try $0(input) } ?? input) { states, block in
            try block.run(states, recomputing: recomputes) { try block($0) }
        }
    }
}

/// A depthwise convolution, a normalization, and two layers at each place, scaled and added to the input:
/// `[B, H, W, width] -> [B, H, W, width]`.
package final class ConvNeXtBlock: Module {
    package let depthwise: Convolution
    package let norm: LayerNorm
    package let feedForward: FeedForward
    /// `[width]`
    package let scale: Parameter
    package let dropPath: StochasticDepth

    init(width: Int, dropPath probability: Double, epsilon: Double) throws {
        let kernel = ConvNeXtConfiguration.kernel
        depthwise = try Convolution(width, width, kernel: kernel, padding: kernel / 2, groups: width)
        norm = try LayerNorm(width, epsilon: epsilon)
        feedForward = try FeedForward(
            width: width, hidden: ConvNeXtConfiguration.expansion * width, activation: .gelu)
        scale = try Parameter(Tensor.full([width], ConvNeXtConfiguration.scaleStart))
        dropPath = StochasticDepth(probability: probability)
        try depthwise.drawAsTimm()
        for layer in [feedForward.expand, feedForward.contract] { try layer.initialize(deviation: 0.02) }
    }

    package func callAsFunction(_ input: Tensor) throws -> Tensor {
        let convolved = try depthwise(input.permuted([0, 3, 1, 2])).permuted([0, 2, 3, 1])
        return try input + dropPath(feedForward(norm(convolved)) * scale.tensor)
    }
}

extension Convolution {
    /// Weights at 0.02, biases zero.
    fileprivate func drawAsTimm() throws {
        try Initializer.normal(0.02).apply(to: weight)
        if let bias { try Initializer.constant(0).apply(to: bias) }
    }
}

import Torch
import TorchNN

/// CLIP's modified ResNet: pictures `[B, 3, S, S]` to embeddings `[B, E]` (arXiv 2103.00020, section 2.4).
package final class ModifiedResNet: ImageTower {
    package let stem: ResNetStem
    /// Four; each but the first halves the picture's sides.
    package let stages: [ResNetStage]
    package let attentionPool: AttentionPool
    private let configuration: ResNetConfiguration

    package var recomputesBlocks = false
    package var patchDropout: PatchDropout? { nil }

    package var layerCount: Int { stages.reduce(0) { $0 + $1.blocks.count } }

    package var tokens: (any TokenTower)? { nil }

    package var shortcuts: TowerShortcuts {
        get { attentionPool.shortcuts }
        set { attentionPool.shortcuts = newValue }
    }

    package func part(of parameter: String) -> TowerPart {
        let parts = parameter.split(separator: ".")
        guard parts.first == "stages" else { return parts.first == "stem" ? .embedding : .head }
        guard parts.count > 3, let stage = Int(parts[1]), let block = Int(parts[3]) else { return .embedding }
        return .block(stages.prefix(stage).reduce(0) { $0 + $1.blocks.count } + block)
    }

    /// Initialized as the paper's code: projections of the attention pooling at in^-½, and every residual branch's last
    /// gain zero, so that blocks begin as identities.
    package init(_ configuration: ResNetConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        stem = try ResNetStem(width: configuration.width)
        var inputs = configuration.width
        stages = try configuration.layers.enumerated().map { index, count in
            let planes = configuration.width << index
            defer { inputs = planes * Bottleneck.expansion }
            return try ResNetStage(inputs: inputs, planes: planes, stride: index == 0 ? 1 : 2, count: count)
        }
        attentionPool = try AttentionPool(
            width: configuration.outputWidth, gridSize: configuration.gridSize, headCount: configuration.headCount,
            embeddingSize: embeddingSize)
    }

    package func states(_ pictures: Tensor) throws -> Tensor {
        try check(pictures, size: configuration.imageSize)
        // A tenth faster in 32 bits and a quarter in bfloat16, on a CPU with oneDNN.
        var states = try stem(pictures.channelsLast())  // [B, W, S/4, S/4]
        // [B, 32·W, S/32, S/32] in the end
        for stage in stages { states = try stage(states, recomputing: recomputesBlocks) }
        return try attentionPool(states)
    }

    package func embedding(ofState state: Tensor) throws -> Tensor { try attentionPool.output(state) }
}

/// Three convolutions and an average pooling where a plain ResNet has one and a maximum:
/// `[B, 3, S, S] -> [B, width, S/4, S/4]`.
package final class ResNetStem: Module {
    package let convolution1: Convolution
    package let norm1: BatchNorm2d
    package let convolution2: Convolution
    package let norm2: BatchNorm2d
    package let convolution3: Convolution
    package let norm3: BatchNorm2d

    init(width: Int) throws {
        convolution1 = try Convolution(3, width / 2, kernel: 3, stride: 2, padding: 1, bias: false)
        norm1 = try BatchNorm2d(width / 2)
        convolution2 = try Convolution(width / 2, width / 2, kernel: 3, padding: 1, bias: false)
        norm2 = try BatchNorm2d(width / 2)
        convolution3 = try Convolution(width / 2, width, kernel: 3, padding: 1, bias: false)
        norm3 = try BatchNorm2d(width)
    }

    package func callAsFunction(_ pictures: Tensor) throws -> Tensor {
        var states = try convolution1(pictures, norm: norm1, ending: .relu)  // [B, width/2, S/2, S/2]
        states = try convolution2(states, norm: norm2, ending: .relu)
        states = try convolution3(states, norm: norm3, ending: .relu)  // [B, width, S/2, S/2]
        return try states.averagePooled(2)
    }
}

/// Residual blocks at one resolution: `[B, inputs, H, W] -> [B, 4·planes, H/stride, W/stride]`.
package final class ResNetStage: Module {
    package let blocks: [Bottleneck]

    init(inputs: Int, planes: Int, stride: Int, count: Int) throws {
        blocks = try (0..<count).map { index in
            index == 0
                ? try Bottleneck(inputs: inputs, planes: planes, stride: stride)
                : try Bottleneck(inputs: planes * Bottleneck.expansion, planes: planes, stride: 1)
        }
    }

    /// - Parameter recomputes: see ``Tower/recomputesBlocks``.
    package func callAsFunction(_ input: Tensor, recomputing recomputes: Bool = false) throws -> Tensor {
        try blocks.reduce(input) { states, block in
            try block.run(states, recomputing: recomputes, norms: block.norms) { try block($0) }
        }
    }
}

import Torch
import TorchNN

/// An EfficientNet-Lite: pictures `[B, 3, S, S]` to embeddings `[B, E]` (arXiv 1905.11946; see
/// ``EfficientNetConfiguration``).
///
/// Convolutions pad as TensorFlow's "SAME": what is missing, and of an odd number one more at the right and the bottom.
package final class EfficientNet: ImageTower {
    /// `[B, 3, S, S] -> [B, 32, ⌈S/2⌉, ⌈S/2⌉]`
    package let stem: NormedConvolution
    /// Seven; four of them halve the sides.
    package let stages: [EfficientNetStage]
    /// To 1280 channels at each place.
    package let last: NormedConvolution
    /// From the mean over places to the embedding.
    package let head: any TimmHead
    private let configuration: EfficientNetConfiguration

    package var shortcuts = TowerShortcuts()
    package var recomputesBlocks = false
    package var patchDropout: PatchDropout? { nil }
    package var tokens: (any TokenTower)? { nil }

    package var layerCount: Int { stages.reduce(0) { $0 + $1.blocks.count } }

    package func part(of parameter: String) -> TowerPart {
        let parts = parameter.split(separator: ".")
        switch parts.first {
        case "stem": return .embedding
        case "stages":
            guard parts.count > 3, let stage = Int(parts[1]), let block = Int(parts[3]) else { return .embedding }
            return .block(stages.prefix(stage).reduce(0) { $0 + $1.blocks.count } + block)
        case "last": return .finalNorm
        default: return .head
        }
    }

    /// As timm groups them and open_clip locks them: the last convolution is a group of its own, and the projection, which
    /// is not timm's, is trained in any case.
    package func lockGroup(of parameter: String) -> Int? {
        part(of: parameter) == .head ? nil : layer(of: parameter)
    }

    /// Initialized as timm's code: convolutions normal with variance 2 over what each channel goes to, norms at 1 and 0;
    /// the head as open_clip's, which leaves PyTorch's defaults.
    package init(_ configuration: EfficientNetConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let shapes = configuration.stages
        stem = try NormedConvolution(3, EfficientNetConfiguration.stemWidth, kernel: 3, stride: 2)
        let count = shapes.reduce(0) { $0 + $1.blocks }
        var number = 0
        stages = try shapes.map { shape in
            defer { number += shape.blocks }
            let rates = (number..<number + shape.blocks).map { configuration.dropPath * Double($0) / Double(count) }
            return try EfficientNetStage(shape, dropPaths: rates)
        }
        last = try NormedConvolution(shapes.last?.width ?? 0, EfficientNetConfiguration.lastWidth, kernel: 1)
        head = try configuration.head.make(EfficientNetConfiguration.lastWidth, embeddingSize)
    }

    package func states(_ pictures: Tensor) throws -> Tensor {
        try check(pictures, size: configuration.imageSize)
        var states = try stem(pictures.channelsLast(), ending: .relu6)  // [B, 32, S/2, S/2]
        for stage in stages { states = try stage(states, recomputing: recomputesBlocks) }
        states = try last(states, ending: .relu6)  // [B, 1280, S/32, S/32]
        let places = try states.permuted([0, 2, 3, 1]).reshaped([states.shape[0], -1, states.shape[1]])
        return try places.mean(along: 1)
    }

    package func embedding(ofState state: Tensor) throws -> Tensor { try head(state) }
}

/// A convolution without bias and its batch normalization: `[B, in, H, W] -> [B, out, ⌈H/stride⌉, ⌈W/stride⌉]`.
package final class NormedConvolution: Module {
    package let convolution: Convolution
    package let norm: BatchNorm2d
    private let kernel: Int

    init(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1) throws {
        self.kernel = kernel
        // With stride 1 as many rows are missing on either side.
        convolution = try Convolution(
            inputs, outputs, kernel: kernel, stride: stride, padding: stride == 1 ? kernel / 2 : 0, groups: groups,
            bias: false)
        norm = try BatchNorm2d(outputs, epsilon: EfficientNetConfiguration.epsilon)
        let goesTo = Double(kernel * kernel * outputs / groups)
        try Initializer.normal((2 / goesTo).squareRoot()).apply(to: convolution.weight)
    }

    package func callAsFunction(_ input: Tensor, ending: ConvolutionEnding = .nothing) throws -> Tensor {
        try convolution(convolution.shape.stride == 1 ? input : padded(input), norm: norm, ending: ending)
    }

    /// Zeros so that the kernel begins on every `stride`-th place.
    private func padded(_ input: Tensor) throws -> Tensor {
        let amounts = [input.shape[3], input.shape[2]].flatMap { side in
            let stride = convolution.shape.stride
            let missing = max(0, ((side + stride - 1) / stride - 1) * stride + kernel - side)
            return [missing / 2, missing - missing / 2]
        }
        return try input.padded(amounts)
    }
}

/// Blocks at one resolution: `[B, inputs, H, W] -> [B, width, ⌈H/stride⌉, ⌈W/stride⌉]`.
package final class EfficientNetStage: Module {
    package let blocks: [MobileBlock]

    /// - Parameter dropPaths: each block's ``StochasticDepth/probability``.
    init(_ shape: EfficientNetConfiguration.Stage, dropPaths: [Double]) throws {
        blocks = try dropPaths.enumerated().map { index, probability in
            try MobileBlock(
                inputs: index == 0 ? shape.inputs : shape.width, width: shape.width, expansion: shape.expansion,
                kernel: shape.kernel, stride: index == 0 ? shape.stride : 1, dropPath: probability)
        }
    }

    /// - Parameter recomputes: see ``Tower/recomputesBlocks``.
    package func callAsFunction(_ input: Tensor, recomputing recomputes: Bool = false) throws -> Tensor {
        try blocks.reduce(input) { states, block in
            try block.run(states, recomputing: recomputes, norms: block.norms) { try block($0) }
        }
    }
}

/// MobileNetV2's block (Sandler et al., arXiv 1801.04381): widens, convolves each channel alone, and narrows without a
/// non-linearity: `[B, inputs, H, W] -> [B, width, ⌈H/stride⌉, ⌈W/stride⌉]`. Where both have one shape, the input is added.
package final class MobileBlock: Module {
    /// Nil in a block that does not widen.
    package let expand: NormedConvolution?
    package let depthwise: NormedConvolution
    package let contract: NormedConvolution
    package let dropPath: StochasticDepth
    private let addsInput: Bool

    var norms: [BatchNorm2d] { [expand, depthwise, contract].compactMap { $0?.norm } }

    init(inputs: Int, width: Int, expansion: Int, kernel: Int, stride: Int, dropPath probability: Double) throws {
        let hidden = inputs * expansion
        expand = expansion == 1 ? nil : try NormedConvolution(inputs, hidden, kernel: 1)
        depthwise = try NormedConvolution(hidden, hidden, kernel: kernel, stride: stride, groups: hidden)
        contract = try NormedConvolution(hidden, width, kernel: 1)
        dropPath = StochasticDepth(probability: probability)
        addsInput = stride == 1 && inputs == width
    }

    package func callAsFunction(_ input: Tensor) throws -> Tensor {
        let wide = try expand.map { try $0(input, ending: .relu6) } ?? input
        let deep = try depthwise(wide, ending: .relu6)
        guard addsInput else { return try contract(deep) }
        if !dropPath.isActive { return try contract(deep, ending: .adding(input)) }
        return try input + dropPath(contract(deep))
    }
}

import CLIP

/// How many numbers a tower keeps of one picture or caption until the backward pass: an estimate, to tell gigabytes from
/// terabytes.
///
/// A block of width W and hidden width H over L tokens keeps its input, two normalized states, queries, keys and values,
/// the mixture and the attended state (8·L·W), the hidden states before and after the non-linearity (2·L·H), and scores
/// and their softmax (2·heads·L²). A recomputed block keeps its input only, and one block at a time is whole.
struct ActivationShapes {
    private struct Stack {
        var input: Double
        var blocks: [Double]
        var blockInputs: [Double]
    }

    private let image: Stack
    private let text: Stack

    init(_ model: ModelConfiguration, _ options: TowerWork.Options) {
        func kept(_ grid: Int) -> Double {
            let all = Double(grid) * Double(grid)
            return options.patchDropout > 0 ? max(1, (all * (1 - options.patchDropout)).rounded(.down)) : all
        }
        func stack(_ layers: Int, _ length: Double, _ width: Double, _ hidden: Double, _ heads: Double) -> Stack {
            let block = 8 * length * width + 2 * length * hidden + 2 * heads * length * length
            return Stack(
                input: 3 * length * width, blocks: Array(repeating: block, count: layers),
                blockInputs: Array(repeating: length * width, count: layers))
        }
        switch model.vision {
        case .transformer(let tower):
            image = stack(
                tower.layers, kept(tower.gridSize) + (tower.hasClassToken ? 1 : 0), Double(tower.width),
                Double(tower.hiddenWidth), Double(tower.headCount))
        case .eva(let tower):
            image = stack(
                tower.layers, kept(tower.gridSize) + 1, Double(tower.width),
                Double(tower.hiddenWidth) * (tower.feedForward == .swiGLU ? 2 : 1), Double(tower.headCount))
        case .resNet(let tower): image = Self.resNet(tower)
        }
        switch model.text {
        case .transformer(let tower):
            let length = (tower.readsPadding ? nil : options.captionLength) ?? Double(tower.contextLength)
            text = stack(
                tower.layers, length, Double(tower.width), Double(tower.hiddenWidth), Double(tower.headCount))
        case .bert(let tower):
            text = stack(
                tower.layers, options.captionLength ?? Double(tower.contextLength), Double(tower.width),
                Double(tower.hiddenWidth), Double(tower.headCount))
        }
    }

    /// Each convolution's input and each norm's: what libtorch keeps of them.
    private static func resNet(_ tower: ResNetConfiguration) -> Stack {
        let half = Double(tower.imageSize / 2) * Double(tower.imageSize / 2)
        let stem = Double(tower.width)
        var stack = Stack(input: 3 * half * (stem + stem), blocks: [], blockInputs: [])
        var (inputs, places) = (stem, half / 4)
        for (stage, count) in tower.layers.enumerated() {
            let planes = stem * Double(1 << stage)
            for block in 0..<count {
                let after = block == 0 && stage > 0 ? places / 4 : places
                stack.blocks.append(places * (inputs + 6 * planes) + after * (planes + 8 * planes))
                stack.blockInputs.append(places * inputs)
                (inputs, places) = (4 * planes, after)
            }
        }
        return stack
    }

    private func values(_ stack: Stack, locked: Int?, _ techniques: TechniqueConfiguration) -> Double {
        guard let locked else { return 0 }
        let recorded = stack.blocks.dropFirst(locked)
        let input = locked == 0 ? stack.input : 0
        guard techniques.checkpointsGradients else { return input + recorded.reduce(0, +) }
        return input + stack.blockInputs.dropFirst(locked).reduce(0, +) + (recorded.max() ?? 0)
    }

    func imageValues(locked: Int?, _ techniques: TechniqueConfiguration) -> Double {
        values(image, locked: locked, techniques)
    }

    func textValues(locked: Int?, _ techniques: TechniqueConfiguration) -> Double {
        values(text, locked: locked, techniques)
    }
}

extension EfficientNetConfiguration {
    /// One block's numbers, from the first on.
    private struct Block {
        let inputs: Double
        let hidden: Double
        let width: Double
        let kernel: Double
        let expands: Bool
        /// Places that come in, and that go out.
        let before: Double
        let after: Double
    }

    private var blocks: [Block] {
        var side = (imageSize + 1) / 2
        return stages.flatMap { stage in
            (0..<stage.blocks).map { index in
                let inputs = Double(index == 0 ? stage.inputs : stage.width)
                let before = Double(side) * Double(side)
                if index == 0 { side = (side + stage.stride - 1) / stage.stride }
                return Block(
                    inputs: inputs, hidden: inputs * Double(stage.expansion), width: Double(stage.width),
                    kernel: Double(stage.kernel * stage.kernel), expands: stage.expansion > 1, before: before,
                    after: Double(side) * Double(side))
            }
        }
    }

    /// Pixels and channels that one of the stem's numbers is made of.
    private static let stemInputs = 27.0

    /// Learnable values; running statistics are not counted.
    package func parameterCount(embeddingSize: Int) -> Double {
        let (stem, last) = (Double(Self.stemWidth), Double(Self.lastWidth))
        var count = stem * (Self.stemInputs + 2)
        for block in blocks {
            if block.expands { count += block.hidden * (block.inputs + 2) }
            count += block.hidden * (block.kernel + 2) + block.width * (block.hidden + 2)
        }
        return count + last * (Double(stages.last?.width ?? 0) + 2)
            + head.parameterCount(last, Double(embeddingSize))
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let blocks = blocks
        let start = blocks.first?.before ?? 0
        let (end, width) = (blocks.last?.after ?? 0, blocks.last?.width ?? 0)
        let last = Double(Self.lastWidth)
        return TowerWork(
            embedding: start * Self.stemInputs * Double(Self.stemWidth),
            blocks: blocks.map { block in
                let expanding = block.expands ? block.before * block.inputs * block.hidden : 0
                return expanding + block.after * block.hidden * (block.kernel + block.width)
            },
            head: end * width * last + head.work(last, Double(embeddingSize)))
    }

    /// Each convolution's input, each norm's and each non-linearity's: what libtorch keeps of them.
    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        let blocks = blocks
        let input = (blocks.first?.before ?? 0) * Double(2 * Self.stemWidth) + 3 * Double(imageSize) * Double(imageSize)
        return TowerMemory(
            input: input,
            blocks: blocks.map { block in
                let wide = block.expands ? 2 * block.before * block.hidden : 0
                return block.before * block.inputs + wide + block.after * (3 * block.hidden + block.width)
            },
            blockInputs: blocks.map { $0.before * $0.inputs })
    }
}

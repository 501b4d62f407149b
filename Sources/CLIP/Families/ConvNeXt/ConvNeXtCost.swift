extension ConvNeXtConfiguration {
    /// Channels that come into each stage, and its own.
    private var stages: [(inputs: Double, width: Double, blocks: Int)] {
        widths.indices.map { (Double($0 == 0 ? widths[0] : widths[$0 - 1]), Double(widths[$0]), layers[$0]) }
    }

    private static var places: Double { Double(kernel * kernel) }

    package func parameterCount(embeddingSize: Int) -> Double {
        let (embedding, expansion) = (Double(embeddingSize), Double(Self.expansion))
        var count = 3 * 16 * Double(widths[0]) + Double(widths[0]) + 2 * Double(widths[0])
        for (index, stage) in stages.enumerated() {
            let width = stage.width
            if index > 0 { count += 2 * stage.inputs + 4 * stage.inputs * width + width }
            let block =
                Self.places * width + width + 2 * width + 2 * expansion * width * width + expansion * width + width
                + width
            count += Double(stage.blocks) * block
        }
        return count + 2 * Double(widths[3]) + head.parameterCount(Double(widths[3]), embedding)
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        var places = Double(imageSize / 4) * Double(imageSize / 4)
        let embedding = places * 3 * 16 * Double(widths[0])
        var blocks: [Double] = []
        for (index, stage) in stages.enumerated() {
            let block = Self.places * stage.width + 2 * Double(Self.expansion) * stage.width * stage.width
            if index > 0 { places /= 4 }
            for number in 0..<stage.blocks {
                let reduction = index > 0 && number == 0 ? places * 4 * stage.inputs * stage.width : 0
                blocks.append(places * block + reduction)
            }
        }
        return TowerWork(
            embedding: embedding, blocks: blocks, head: head.work(Double(widths[3]), Double(embeddingSize)))
    }

    /// Of a block: its input, the convolved and the normalized state, the hidden states before and after the
    /// non-linearity, and what is scaled.
    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        var places = Double(imageSize / 4) * Double(imageSize / 4)
        var memory = TowerMemory(input: places * (48 + 2 * Double(widths[0])), blocks: [], blockInputs: [])
        for (index, stage) in stages.enumerated() {
            if index > 0 { places /= 4 }
            for number in 0..<stage.blocks {
                let reduction = index > 0 && number == 0 ? places * 4 * 2 * stage.inputs : 0
                memory.blocks.append(places * stage.width * Double(4 + 2 * Self.expansion) + reduction)
                memory.blockInputs.append(places * stage.width + reduction / 2)
            }
        }
        return memory
    }
}

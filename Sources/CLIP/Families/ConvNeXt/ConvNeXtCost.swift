extension ConvNeXtConfiguration {
    /// Channels that come into each stage, and its own.
    private var stages: [(inputs: Double, width: Double, blocks: Int)] {
        widths.indices.map { (Double($0 == 0 ? widths[0] : widths[$0 - 1]), Double(widths[$0]), layers[$0]) }
    }

    private static var places: Double { Double(kernel * kernel) }

    /// A projection's values; all of them are multiplied once.
    private func headMatrix(_ embeddingSize: Double) -> Double {
        let width = Double(widths.last ?? 0)
        switch head {
        case .linear: return width * embeddingSize
        case .mlp: return width * 2 * embeddingSize + 2 * embeddingSize * embeddingSize
        }
    }

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
        return count + 2 * Double(widths[3]) + headMatrix(embedding) + (head == .mlp ? 2 * embedding : 0)
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
        return TowerWork(embedding: embedding, blocks: blocks, head: headMatrix(Double(embeddingSize)))
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

extension ResNetConfiguration {
    /// Learnable values; running statistics are not counted.
    package func parameterCount(embeddingSize: Int) -> Double {
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

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let (stem, outputs) = (Double(width), Double(embeddingSize))
        let half = Double(imageSize / 2) * Double(imageSize / 2)
        let embedding = half * 9 * (3 * stem / 2 + stem / 2 * stem / 2 + stem / 2 * stem)
        var blocks: [Double] = []
        var inputs = stem
        var places = half / 4  // of what enters the block
        for (stage, count) in layers.enumerated() {
            let planes = stem * Double(1 << stage)
            for block in 0..<count {
                let shrinks = block == 0 && stage > 0
                let after = shrinks ? places / 4 : places
                var work = places * (inputs * planes + 9 * planes * planes) + after * planes * 4 * planes
                if block == 0 { work += after * inputs * 4 * planes }
                blocks.append(work)
                inputs = 4 * planes
                places = after
            }
        }
        let output = Double(outputWidth)
        let length = Double(gridSize) * Double(gridSize) + 1
        let asking = options.readsOnlyPooledToken ? 1 : length
        let head =
            (asking + 2 * length) * output * output + 2 * asking * length * output + asking * output * outputs
        return TowerWork(embedding: embedding, blocks: blocks, head: head)
    }

    /// Each convolution's input and each norm's: what libtorch keeps of them.
    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        let half = Double(imageSize / 2) * Double(imageSize / 2)
        let stem = Double(width)
        var memory = TowerMemory(input: 3 * half * (stem + stem), blocks: [], blockInputs: [])
        var (inputs, places) = (stem, half / 4)
        for (stage, count) in layers.enumerated() {
            let planes = stem * Double(1 << stage)
            for block in 0..<count {
                let after = block == 0 && stage > 0 ? places / 4 : places
                memory.blocks.append(places * (inputs + 6 * planes) + after * (planes + 8 * planes))
                memory.blockInputs.append(places * inputs)
                (inputs, places) = (4 * planes, after)
            }
        }
        return memory
    }
}

extension VisionTransformerConfiguration {
    package func parameterCount(embeddingSize: Int) -> Double {
        let (width, patch, embedding) = (Double(width), Double(patchSize), Double(embeddingSize))
        let tokens = Double(gridSize) * Double(gridSize) + (hasClassToken ? 1 : 0)
        var count = width * (3 * patch * patch + (hasPatchBias ? 1 : 0) + (hasClassToken ? 1 : 0) + tokens)
        count += hasPreNorm ? 2 * width : 0
        count +=
            Double(layers) * (ParameterCount.block(width, Double(hiddenWidth)) + (layerScale == nil ? 0 : 2 * width))
        var pooledWidth = width
        switch pooling {
        case .token, .average: count += 2 * width
        case .attentionHead:
            // The norm before it, the query, its attention, its own norm and feed-forward layer.
            count += 2 * width + width + ParameterCount.block(width, Double(hiddenWidth)) - 2 * width
        case .attentionalPooler(let queries, _):
            // Queries and their norm, keys' norm, three projections with biases, the output's; then the final norm.
            count += Double(queries) * embedding + 2 * embedding + 2 * width
            count += embedding * embedding + 2 * embedding * width + 3 * embedding + embedding * embedding + embedding
            count += 2 * embedding
            pooledWidth = embedding
        }
        return count + projection.parameterCount(pooledWidth, embedding)
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let (width, hidden, outputs) = (Double(width), Double(hiddenWidth), Double(embeddingSize))
        let patches = Double(gridSize) * Double(gridSize)
        let length = options.keptPatches(grid: gridSize) + (hasClassToken ? 1 : 0)
        var pooledWidth = width
        var head = 0.0
        switch pooling {
        case .token, .average: break
        case .attentionHead:
            head += 2 * length * width * width + 2 * width * width + 2 * length * width + 2 * width * hidden
        case .attentionalPooler(let queries, _):
            let count = Double(queries)
            head += 2 * count * outputs * outputs + 2 * length * width * outputs + 2 * count * length * outputs
            pooledWidth = outputs
        }
        return TowerWork(
            embedding: patches * 3 * Double(patchSize * patchSize) * width,
            blocks: TowerWork.blocks(
                layers, length: length, width: width, feedForward: 2 * width * hidden,
                pooledLast: options.readsOnlyPooledToken && pooling == .token),
            head: head + projection.work(pooledWidth, outputs))
    }

    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        TowerMemory(
            layers: layers, length: options.keptPatches(grid: gridSize) + (hasClassToken ? 1 : 0),
            width: Double(width), hidden: Double(hiddenWidth), heads: Double(headCount))
    }
}

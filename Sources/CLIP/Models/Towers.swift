import Torch
import TorchNN

/// One of the two halves of a dual encoder, as training sees it: embeddings, then layers, then a head.
public protocol Tower: Module {
    /// Blocks of the tower.
    var layerCount: Int { get }
    /// Which layer a parameter belongs to: 0 for what comes before the first block, 1 to ``layerCount`` for blocks, one
    /// more for what comes after.
    /// - Parameter parameter: a name within the tower.
    func layer(of parameter: String) -> Int
    /// Whether training keeps only what enters each block, and computes the rest again in the backward pass: the same
    /// gradients, in less memory and about a third more time. Off after creation.
    var recomputesBlocks: Bool { get set }
}

/// What turns preprocessed pictures into embeddings.
public protocol ImageTower: Tower {
    /// What leaves patches out in training; nil for a tower without patches.
    var patchDropout: PatchDropout? { get }

    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: embeddings `[B, E]`, not normalized.
    func callAsFunction(_ pictures: Tensor) throws -> Tensor
}

/// What turns token ids into embeddings.
public protocol TextTower: Tower {
    /// - Parameter captions: what the model's tokenizer gives for each text.
    /// - Returns: embeddings `[B, E]`, not normalized.
    func callAsFunction(_ captions: [[Int32]]) throws -> Tensor
}

extension Tower {
    /// The layer by a name such as `blocks.3.norm1.weight`, for towers of one list of blocks.
    func layer(of parameter: String, embeddings: Set<String>) -> Int {
        let parts = parameter.split(separator: ".")
        guard let first = parts.first else { return 0 }
        if first == "blocks", parts.count > 1, let index = Int(parts[1]) { return index + 1 }
        return embeddings.contains(String(first)) ? 0 : layerCount + 1
    }
}

extension ModelConfiguration {
    /// An image tower of this shape, initialized as its authors' code does.
    func imageTower() throws -> any ImageTower {
        switch vision {
        case .transformer(let tower): try VisionTransformer(tower, embeddingSize: embeddingSize)
        case .resNet(let tower): try ModifiedResNet(tower, embeddingSize: embeddingSize)
        case .eva(let tower): try EVATransformer(tower, embeddingSize: embeddingSize)
        }
    }

    /// A text tower of this shape, initialized as its authors' code does.
    func textTower() throws -> any TextTower {
        switch text {
        case .transformer(let tower): try TextTransformer(tower, embeddingSize: embeddingSize)
        case .bert(let tower): try BERTTransformer(tower, embeddingSize: embeddingSize)
        }
    }
}

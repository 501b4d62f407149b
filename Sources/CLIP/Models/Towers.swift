import Torch
import TorchNN

/// What turns preprocessed pictures into embeddings.
public protocol ImageTower: Module {
    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: embeddings `[B, E]`, not normalized.
    func callAsFunction(_ pictures: Tensor) throws -> Tensor
}

/// What turns token ids into embeddings.
public protocol TextTower: Module {
    /// - Parameter captions: what the model's tokenizer gives for each text.
    /// - Returns: embeddings `[B, E]`, not normalized.
    func callAsFunction(_ captions: [[Int32]]) throws -> Tensor
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

import Torch
import TorchNN

/// One of the two halves of a dual encoder, as training sees it: embeddings, then layers, then a head.
public protocol Tower: Module {
    /// Blocks of the tower.
    var layerCount: Int { get }
    /// Which part of the tower a parameter belongs to.
    /// - Parameter parameter: a name within the tower.
    func part(of parameter: String) -> TowerPart
    /// The parameters that `--lock` and the like release together, in order from the input on; nil for what is trained in
    /// any case. A tower's own order where it has one; else see ``lock(unlockedGroups:freezesStatistics:)``.
    /// - Parameter parameter: a name within the tower.
    func lockGroup(of parameter: String) -> Int?
    /// Whether training keeps only what enters each block, and computes the rest again in the backward pass: the same
    /// gradients, in less memory and about a third more time. Off after creation.
    var recomputesBlocks: Bool { get set }
    /// Work that is left out because nobody reads it.
    var shortcuts: TowerShortcuts { get set }
}

/// Where in a tower a parameter is.
public enum TowerPart: Sendable, Equatable {
    /// Before the first block.
    case embedding
    /// In a block, counted from 0.
    case block(Int)
    /// The norm after the last block.
    case finalNorm
    /// What comes after: pooling and projection.
    case head
}

/// What turns preprocessed pictures into embeddings.
public protocol ImageTower: Tower {
    /// What leaves patches out in training; nil for a tower without patches.
    var patchDropout: PatchDropout? { get }
    /// The tower as one that gives more than the embedding; nil where it gives no more.
    var tokens: (any TokenTower)? { get }

    /// What the last layer makes the embedding of: the paper's features of a picture before they are projected (arXiv
    /// 2103.00020, figure 3), which a probe learns from.
    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: `[B, W]`.
    func states(_ pictures: Tensor) throws -> Tensor

    /// The embedding of a state: `[B, W] -> [B, E]`, not normalized.
    func embedding(ofState state: Tensor) throws -> Tensor
}

/// An image tower that also gives tokens, which a decoder can attend to.
public protocol TokenTower: ImageTower {
    /// Length of a token's vector.
    var tokenWidth: Int { get }

    /// Embeddings, and tokens of the pictures' parts.
    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: `[B, E]`, not normalized, and `[B, tokens, token width]`.
    func embeddingAndTokens(_ pictures: Tensor) throws -> (embedding: Tensor, tokens: Tensor)
}

/// An image tower that began as a classifier's, of which it is known how the state that it pools is spread over the pictures
/// that it was trained on: normalization keeps that.
package protocol ClassifierTower: ImageTower {
    /// Mean and standard deviation of each channel at a place, `[W]`, over those pictures.
    func stateMoments() throws -> (mean: Tensor, deviation: Tensor)
    /// What a channel can be.
    var stateRange: ClosedRange<Double> { get }
    /// The matrix that makes the embedding, `[E, W]`; nil where it is made otherwise.
    var stateProjection: Parameter? { get }
}

/// What turns token ids into embeddings.
public protocol TextTower: Tower {
    /// - Parameter captions: what the model's tokenizer gives for each text.
    /// - Returns: embeddings `[B, E]`, not normalized.
    func callAsFunction(_ captions: [[Int32]]) throws -> Tensor
}

/// Work that towers leave out because nobody reads what it gives. All shortcuts are exact: off, they give the same
/// numbers, slower, which is what tests compare them with.
public struct TowerShortcuts: Sendable, Equatable {
    /// Only the token that is pooled goes through the last block, or asks in attention pooling.
    package var readsOnlyPooled = true
    /// Captions of like length share a batch that is cut to its longest, where padding changes nothing.
    package var trimsToLongest = true
    /// On a processor, only attention sees padding at all, where padding changes nothing.
    package var packsTokens = true

    package init() {}
}

extension Tower {
    /// The learning rate's layer of a parameter: 0 for what comes before the first block, 1 to ``layerCount`` for
    /// blocks, one more for what comes after.
    /// - Parameter parameter: a name within the tower.
    public func layer(of parameter: String) -> Int {
        switch part(of: parameter) {
        case .embedding: 0
        case .block(let index): index + 1
        case .finalNorm, .head: layerCount + 1
        }
    }

    /// The part by a name such as `blocks.3.norm1.weight`, for towers of one list of blocks.
    func part(of parameter: String, embeddings: Set<String>, finalNorm: String?) -> TowerPart {
        let parts = parameter.split(separator: ".")
        guard let first = parts.first else { return .embedding }
        if first == "blocks", parts.count > 1, let index = Int(parts[1]) { return .block(index) }
        if embeddings.contains(String(first)) { return .embedding }
        return finalNorm.map { first == $0 } == true ? .finalNorm : .head
    }
}

extension ImageTower {
    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: embeddings `[B, E]`, not normalized.
    public func callAsFunction(_ pictures: Tensor) throws -> Tensor { try embedding(ofState: states(pictures)) }

    /// - Throws: `TorchError` for pictures of another shape than `[B, 3, size, size]`.
    func check(_ pictures: Tensor, size: Int) throws {
        guard pictures.rank == 4, Array(pictures.shape.dropFirst()) == [3, size, size] else {
            throw TorchError(
                context: "\(Self.self)",
                message: "pictures of shape \(pictures.shape) given where [B, 3, \(size), \(size)] is needed")
        }
    }
}

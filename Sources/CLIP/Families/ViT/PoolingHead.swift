import Torch
import TorchNN

/// How a vision transformer's last states become a picture's embedding. Its parameters are named as the tower's own.
package protocol PoolingHead: InlineModule {
    /// Over the blocks' width `W`; over what is pooled where the head pools first.
    var postNorm: LayerNorm { get }
    var projection: any EmbeddingProjection { get }
    /// Whether only the first token's state is read.
    var readsOnlyFirst: Bool { get }
    /// Whether ``postNorm`` is of the blocks' states.
    var normalizesStates: Bool { get }

    /// - Parameter states: the last block's, `[B, tokens, W]`.
    /// - Returns: what is projected, `[B, pooled width]`, and the states that are left, `[B, tokens, pooled width]`.
    func pool(_ states: Tensor) throws -> (state: Tensor, tokens: Tensor)
}

/// The class token's state, normalized.
package final class ClassTokenHead: PoolingHead {
    package let postNorm: LayerNorm
    package let projection: any EmbeddingProjection

    init(postNorm: LayerNorm, projection: any EmbeddingProjection) {
        (self.postNorm, self.projection) = (postNorm, projection)
    }

    package var readsOnlyFirst: Bool { true }
    package var normalizesStates: Bool { true }

    package func pool(_ states: Tensor) throws -> (state: Tensor, tokens: Tensor) {
        let normalized = try postNorm(states)
        return (try normalized.select(0, dimension: 1), try normalized.withoutFirst(1))
    }
}

/// The mean of the patches' states, normalized before or after it.
package final class AverageHead: PoolingHead {
    package let postNorm: LayerNorm
    package let projection: any EmbeddingProjection
    private let leading: Int
    private let normAfter: Bool

    /// - Parameter leading: tokens before the patches'.
    init(postNorm: LayerNorm, projection: any EmbeddingProjection, leading: Int, normAfter: Bool) {
        (self.postNorm, self.projection, self.leading, self.normAfter) = (postNorm, projection, leading, normAfter)
    }

    package var readsOnlyFirst: Bool { false }
    package var normalizesStates: Bool { true }

    package func pool(_ states: Tensor) throws -> (state: Tensor, tokens: Tensor) {
        if normAfter {
            let patches = try states.withoutFirst(leading)
            return (try postNorm(patches.mean(along: 1)), patches)
        }
        let patches = try postNorm(states).withoutFirst(leading)
        return (try patches.mean(along: 1), patches)
    }
}

/// One learned query attends to the normalized states; then a residual feed-forward layer (SigLIP).
package final class AttentionHead: PoolingHead {
    package let postNorm: LayerNorm
    package let attentionHead: AttentionPoolingHead
    package let projection: any EmbeddingProjection
    private let leading: Int

    /// - Parameter leading: tokens before the patches'.
    init(
        postNorm: LayerNorm, attentionHead: AttentionPoolingHead, projection: any EmbeddingProjection, leading: Int
    ) {
        (self.postNorm, self.attentionHead, self.projection) = (postNorm, attentionHead, projection)
        self.leading = leading
    }

    package var readsOnlyFirst: Bool { false }
    package var normalizesStates: Bool { true }

    package func pool(_ states: Tensor) throws -> (state: Tensor, tokens: Tensor) {
        let normalized = try postNorm(states)
        return (try attentionHead(normalized), try normalized.withoutFirst(leading))
    }
}

/// Learned queries attend to the states; the first stands for the picture, the rest feed a caption decoder (CoCa).
package final class AttentionalPoolerHead: PoolingHead {
    package let postNorm: LayerNorm
    package let pooler: AttentionalPooler
    package let projection: any EmbeddingProjection

    init(postNorm: LayerNorm, pooler: AttentionalPooler, projection: any EmbeddingProjection) {
        (self.postNorm, self.pooler, self.projection) = (postNorm, pooler, projection)
    }

    package var readsOnlyFirst: Bool { false }
    package var normalizesStates: Bool { false }

    package func pool(_ states: Tensor) throws -> (state: Tensor, tokens: Tensor) {
        let pooled = try postNorm(pooler(states))
        return (try pooled.select(0, dimension: 1), try pooled.withoutFirst(1))
    }
}

extension Tensor {
    /// Each row's states but the first so many: `[B, L, W] -> [B, L - count, W]`.
    fileprivate func withoutFirst(_ count: Int) throws -> Tensor {
        count == 0 ? self : try slice(count..<shape[1], dimension: 1)
    }
}

extension VisionTransformerConfiguration {
    /// Width of what is pooled, which is projected.
    func pooledWidth(embeddingSize: Int) -> Int {
        if case .attentionalPooler = pooling { return embeddingSize }
        return width
    }

    /// - Throws: `TorchError` for a shape whose parts do not fit.
    func makeHead(embeddingSize: Int) throws -> any PoolingHead {
        let pooledWidth = pooledWidth(embeddingSize: embeddingSize)
        func postNorm() throws -> LayerNorm { try LayerNorm(pooledWidth, epsilon: epsilon) }
        func makeProjection() throws -> any EmbeddingProjection {
            try projection.make(pooledWidth, embeddingSize, tower: "VisionTransformer")
        }
        let leading = hasClassToken ? 1 : 0
        switch pooling {
        case .token:
            guard hasClassToken else {
                throw TorchError(
                    context: "VisionTransformer",
                    message: "the class token's state is to be pooled, and there is no class token")
            }
            return ClassTokenHead(postNorm: try postNorm(), projection: try makeProjection())
        case .average(let normAfter):
            return AverageHead(
                postNorm: try postNorm(), projection: try makeProjection(), leading: leading, normAfter: normAfter)
        case .attentionHead:
            let attention = try AttentionPoolingHead(
                width: width, headCount: headCount, hidden: hiddenWidth, activation: activation, epsilon: epsilon)
            return AttentionHead(
                postNorm: try postNorm(), attentionHead: attention, projection: try makeProjection(), leading: leading)
        case .attentionalPooler(let queries, let headCount):
            let pooler = try AttentionalPooler(
                queries: queries, width: embeddingSize, inputWidth: width, headCount: headCount)
            return AttentionalPoolerHead(
                postNorm: try postNorm(), pooler: pooler, projection: try makeProjection())
        }
    }
}

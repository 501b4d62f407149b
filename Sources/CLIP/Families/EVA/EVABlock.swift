import Torch
import TorchNN

/// A residual block of an EVA transformer, normalized before each part or, in EVA-02 enormous, after it.
package final class EVABlock: Module {
    package let norm1: LayerNorm
    package let attention: EVAAttention
    package let norm2: LayerNorm
    package let feedForward: EVAFeedForward
    private let isPostNorm: Bool

    init(_ configuration: EVAConfiguration, depth: Int) throws {
        isPostNorm = configuration.isPostNorm
        // As if the block were one of `depth + 1` that add to the stream.
        let residual = 0.02 / Double(2 * (depth + 1)).squareRoot()
        norm1 = try LayerNorm(configuration.width, epsilon: configuration.epsilon)
        attention = try EVAAttention(configuration, outputDeviation: residual)
        norm2 = try LayerNorm(configuration.width, epsilon: configuration.epsilon)
        feedForward = try EVAFeedForward(configuration, outputDeviation: residual)
    }

    /// `[B, L, W] -> [B, L, W]`, or `[B, 1, W]`.
    /// - Parameter onlyFirst: whether only the first token's state is wanted, which is then all that is computed.
    func callAsFunction(_ input: Tensor, rotation: RotaryPositions?, onlyFirst: Bool) throws -> Tensor {
        let kept = onlyFirst ? try input.slice(0..<1, dimension: 1) : input
        let mixed = try attention(isPostNorm ? input : norm1(input), rotation: rotation, onlyFirst: onlyFirst)
        let attended = try kept + (isPostNorm ? norm1(mixed) : mixed)
        let fed = try feedForward(isPostNorm ? attended : norm2(attended))
        return try attended + (isPostNorm ? norm2(fed) : fed)
    }
}

/// Attention with biases for queries and values but none for keys.
package final class EVAAttention: PackableLayer {
    /// Queries', keys' and values' projections, one above the other: `[3·W, W]`.
    package let inWeight: Parameter
    /// `[W]`
    package let queryBias: Parameter
    /// `[W]`
    package let valueBias: Parameter
    /// Of what attention gives, before its projection; nil where there is none.
    package let norm: LayerNorm?
    package let outProjection: Linear
    private let headCount: Int
    package var packing: Packing?

    package var packedParameters: [Parameter] { [inWeight, queryBias, valueBias] }

    init(_ configuration: EVAConfiguration, outputDeviation: Double) throws {
        let width = configuration.width
        headCount = configuration.headCount
        inWeight = try Parameter(zeros: 3 * width, width)
        queryBias = try Parameter(zeros: width)
        valueBias = try Parameter(zeros: width)
        norm = configuration.hasAttentionNorm ? try LayerNorm(width, epsilon: configuration.epsilon) : nil
        outProjection = try Linear(width, width)
        try Initializer.normal(0.02).apply(to: inWeight)
        try outProjection.initialize(deviation: outputDeviation)
    }

    /// `[B, L, W] -> [B, L, W]`, or `[B, 1, W]` if only the first token's output is wanted.
    func callAsFunction(_ input: Tensor, rotation: RotaryPositions?, onlyFirst: Bool) throws -> Tensor {
        let width = queryBias.shape[0]
        let asking = onlyFirst ? try input.slice(0..<1, dimension: 1) : input
        func heads(_ states: Tensor, _ part: Int, bias: Parameter?) throws -> Tensor {
            let rows = part * width..<(part + 1) * width
            let projected =
                try packing?.product(states, weight: inWeight, rows: rows, bias: { bias?.tensor })
                ?? states.linear(of: packing, weight: inWeight.tensor.slice(rows), bias: bias?.tensor)
            return
                try projected
                .reshaped([states.shape[0], states.shape[1], headCount, width / headCount])
                .transposed(1, 2)  // [B, heads, L, d]
        }
        var queries = try heads(asking, 0, bias: queryBias)
        var keys = try heads(input, 1, bias: nil)
        let values = try heads(input, 2, bias: valueBias)
        if let rotation {
            // The first token stands nowhere and is not rotated.
            if !onlyFirst { queries = try rotation(queries) }
            keys = try rotation(keys)
        }
        let mixed = try queries.attention(keys: keys, values: values)
            .transposed(1, 2).reshaped(asking.shape)
        return try outProjection(norm?(mixed) ?? mixed)
    }
}

/// Linear layers at each position: with GELU between them, or gated (SwiGLU, arXiv 2002.05202).
package final class EVAFeedForward: Module {
    /// What opens the gate; nil without one.
    package let gate: Linear?
    package let expand: Linear
    /// Of the hidden state; nil where there is none.
    package let norm: LayerNorm?
    package let contract: Linear

    init(_ configuration: EVAConfiguration, outputDeviation: Double) throws {
        let (width, hidden) = (configuration.width, configuration.hiddenWidth)
        gate = configuration.feedForward == .swiGLU ? try Linear(width, hidden) : nil
        expand = try Linear(width, hidden)
        norm = configuration.hasFeedForwardNorm ? try LayerNorm(hidden, epsilon: configuration.epsilon) : nil
        contract = try Linear(hidden, width)
        try gate?.initialize(deviation: 0.02)
        try expand.initialize(deviation: 0.02)
        try contract.initialize(deviation: outputDeviation)
    }

    func callAsFunction(_ input: Tensor) throws -> Tensor {
        let hidden =
            try gate.map { try $0(input, ending: .silu) { try $0.silu() } * expand(input) }
            ?? expand(input, ending: .gelu(approximate: false)) { try $0.gelu() }
        return try contract(norm?(hidden) ?? hidden)
    }
}

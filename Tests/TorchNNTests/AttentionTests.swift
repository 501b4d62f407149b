import TestSupport
import Testing
import Torch

@testable import TorchNN

/// Masks, other sequences, learned queries, and attention a place at a time.
@Suite struct AttentionTests {
    /// 0 or -infinity by turns: `[2, length]`, the first place always seen.
    private func visibility(_ length: Int) throws -> Tensor {
        let values = (0..<2 * length).map { $0 % length == 0 || ($0 / length + $0) % 3 != 0 ? Float(0) : -.infinity }
        return try Tensor(values, shape: [2, length])
    }

    // Products up to 56 places, the fused kernel beyond.
    @Test(arguments: [7, 60], [false, true]) func masksHoldBesideCausality(_ length: Int, _ causal: Bool) throws {
        let (layer, input) = try withSeed(1) {
            (try MultiHeadAttention(width: 12, headCount: 3), try Tensor.normal([2, length, 12]))
        }
        let visible = try visibility(length)
        let whole = try layer(input, causal: causal, mask: visible.reshaped([2, 1, 1, length]))
        for place in [0, 2, length - 1] {
            // One query at a time sees what the mask leaves of its past.
            let seen = causal ? place + 1 : length
            let own = try layer(
                queries: input.select(place, dimension: 1), over: input.slice(0..<seen, dimension: 1),
                visible: visible.slice(0..<seen, dimension: 1))
            try expectClose(whole.select(place, dimension: 1), own, tolerance: 1e-5, "\(place)")
        }
        let unmasked = try layer(input, causal: causal)
        #expect(try (unmasked - whole).absolute().sum().item() > 0.1)
    }

    @Test func aPlaceAtATimeIsTheWholeSequence() throws {
        let (layer, input) = try withSeed(2) {
            (try MultiHeadAttention(width: 12, headCount: 2), try Tensor.normal([3, 6, 12]))
        }
        let whole = try layer(input, causal: true)
        var cache = AttentionCache()
        for place in 0..<6 {
            let next = try layer(next: input.slice(place..<place + 1, dimension: 1), cache: &cache, visible: nil)
            try expectClose(next.squeezed(1), whole.select(place, dimension: 1), tolerance: 1e-5, "\(place)")
        }
        // The last place again, over other sequences' pasts.
        var kept = AttentionCache()
        for place in 0..<5 {
            _ = try layer(next: input.slice(place..<place + 1, dimension: 1), cache: &kept, visible: nil)
        }
        let order = try Tensor([2, 0, 2] as [Int64])
        try kept.keep(order)
        let last = try layer(
            next: input.rows(order).slice(5..<6, dimension: 1), cache: &kept, visible: nil)
        try expectClose(last.squeezed(1), whole.select(5, dimension: 1).rows(order), tolerance: 1e-5)
    }

    @Test func learnedQueriesAttendAsAnyOthers() throws {
        let (layer, queries, input) = try withSeed(3) {
            (
                try MultiHeadAttention(width: 12, headCount: 3), try Tensor.normal([4, 12]),
                try Tensor.normal([2, 5, 12])
            )
        }
        let expected = try layer(
            queries: queries.unsqueezed(0).expanded([2, 4, 12]), keysAndValues: layer.keysAndValues(input))
        let one = try PoolingAttention(width: 12, inputWidth: 12, headCount: 3)
        let state = try layer.state()
        #expect(Set(one.stateShapes.keys) == Set(state.keys))
        try one.load(state)
        try expectClose(one(queries: queries, over: input), expected, tolerance: 1e-5)
        // Keys and values of a wider sequence, whose other channels weigh nothing.
        let wide = try PoolingAttention(width: 12, inputWidth: 16, headCount: 3)
        let weight = try #require(state["in_weight"])
        func padded(_ part: Int) throws -> Tensor { try weight.slice(part * 12..<part * 12 + 12).padded([0, 4]) }
        try wide.load([
            "query_weight": weight.slice(0..<12), "key_weight": padded(1), "value_weight": padded(2),
            "in_bias": #require(state["in_bias"]), "out_projection.weight": #require(state["out_projection.weight"]),
            "out_projection.bias": #require(state["out_projection.bias"]),
        ])
        let other = try Tensor.concatenated([input, Tensor.ones([2, 5, 4])], dimension: 2)
        try expectClose(wide(queries: queries, over: other), expected, tolerance: 1e-5)
        #expect(throws: TorchError.self) { try PoolingAttention(width: 12, inputWidth: 8, headCount: 5) }
    }

    @Test(arguments: [(8, 12), (9, 14)]) func patchesHaveABiasAndDropWhatIsLeft(_ height: Int, _ width: Int) throws {
        let (layer, pictures) = try withSeed(4) {
            (try PatchEmbedding(width: 5, patchSize: 4, bias: true), try Tensor.normal([2, 3, height, width]))
        }
        let convolved = try pictures.convolution(
            weight: layer.weight.tensor, bias: #require(layer.bias).tensor, stride: 4)  // [2, 5, 2, 3]
        try expectClose(layer(pictures), convolved.reshaped([2, 5, 6]).transposed(), tolerance: 1e-5)
        #expect(throws: TorchError.self) { try layer(pictures.slice(0..<3, dimension: 2)) }
    }
}

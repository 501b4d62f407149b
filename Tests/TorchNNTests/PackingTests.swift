import TestSupport
import Testing
import Torch

@testable import TorchNN

/// Layers with packed matrices beside the same layers with plain ones.
@Suite struct PackingTests {
    private static let isAvailable = MatrixPacking.float32.isAvailable && MatrixPacking.bfloat16.isAvailable

    /// What `run` gives before and after packing, and whether packed matrices were used for it.
    private func expectSame(
        _ layer: some Module, _ packing: MatrixPacking, _ name: String = "",
        sourceLocation: SourceLocation = #_sourceLocation,
        _ run: () throws -> Tensor
    ) throws {
        let tolerance = packing == .float32 ? 1e-5 : packing == .bfloat16 ? 2e-2 : 4e-2
        let plain = try Engine.inference(run)
        try layer.pack(as: packing)
        let packed = try Engine.inference(run)
        #expect(packed.dtype == packing.dtype)
        try expectClose(packed, plain, tolerance: tolerance, name, sourceLocation: sourceLocation)
    }

    @Test func thisMachinePacks() { #expect(Self.isAvailable) }

    @Test(arguments: MatrixPacking.allCases.filter(\.isAvailable), Activation.allCases)
    func feedForwardLayers(_ packing: MatrixPacking, _ activation: Activation) throws {
        let (layer, input, other) = try withSeed(1) {
            (
                try FeedForward(width: 24, hidden: 40, activation: activation), try Tensor.normal([2, 3, 24]),
                try Tensor.normal([2, 3, 24])
            )
        }
        var dtypeOfInput = DType.float32
        try expectSame(layer, packing, "\(activation)") {
            defer { dtypeOfInput = packing.dtype }
            return try layer(input.converted(to: dtypeOfInput), adding: other.converted(to: dtypeOfInput))
        }
    }

    @Test(arguments: MatrixPacking.allCases.filter(\.isAvailable)) func attentionLayers(_ packing: MatrixPacking) throws
    {
        typealias Ask = (MultiHeadAttention, Tensor) throws -> Tensor
        let asks: [(String, Ask)] = [
            ("whole", { try $0($1, causal: false, adding: $1) }),
            ("causal", { try $0($1, causal: true) }),
            (
                "one place",
                {
                    try $0(
                        queries: $1.select(1, dimension: 1), over: $1, visible: nil, adding: $1.select(0, dimension: 1))
                }
            ),
            (
                "packed rows",
                { layer, input in
                    let rows = try PackedRows(lengths: [5, 2, 4], device: .cpu)
                    let flat = try input.reshaped([-1, 24]).slice(0..<11)
                    return try layer(causal: flat, packed: rows, adding: flat)
                }
            ),
            (
                "ends of packed rows",
                { layer, input in
                    let rows = try PackedRows(lengths: [5, 2, 4], device: .cpu)
                    let flat = try input.reshaped([-1, 24]).slice(0..<11)
                    return try layer(queries: flat.rows(rows.ends), overPacked: flat, rows)
                }
            ),
        ]
        for (name, ask) in asks {
            let (layer, input) = try withSeed(2) {
                (try MultiHeadAttention(width: 24, headCount: 3), try Tensor.normal([3, 5, 24]))
            }
            var dtypeOfInput = DType.float32
            try expectSame(layer, packing, name) {
                defer { dtypeOfInput = packing.dtype }
                return try ask(layer, input.converted(to: dtypeOfInput))
            }
        }
    }

    @Test func patches() throws {
        let (layer, pictures) = try withSeed(3) {
            (try PatchEmbedding(width: 16, patchSize: 4, bias: true), try Tensor.normal([2, 3, 8, 12]))
        }
        try expectSame(layer, .float32) { try layer(pictures) }
    }

    @Test func trainingUsesTheParametersAndAfterItNothingStaleIsLeft() throws {
        let (layer, input) = try withSeed(4) { (try Linear(8, 6), try Tensor.normal([5, 8])) }
        try layer.pack(as: .float32)
        let before = try Engine.inference { try layer(input) }
        try layer(input).sum().backward()
        #expect(try layer.weight.tensor.gradient() != nil)
        try Engine.withoutGradients { try layer.weight.tensor.detached().addInPlace(1) }
        let after = try Engine.inference { try layer(input) }
        let change = try Engine.inference { try input.sum(along: 1).unsqueezed(1).expanded([5, 6]) }
        try expectClose(after, Engine.inference { try before + change }, tolerance: 1e-5)
    }

    @Test func replacedParametersArePackedAnew() throws {
        let (layer, input) = try withSeed(5) { (try Linear(8, 6, bias: false), try Tensor.normal([5, 8])) }
        try layer.pack(as: .float32)
        let before = try Engine.inference { try layer(input) }
        try layer.load(["weight": Engine.withoutGradients { try layer.weight.tensor.detached() * 2 }])
        try expectClose(Engine.inference { try layer(input) }, Engine.inference { try before * 2 }, tolerance: 1e-6)
    }

    @Test func parametersStayAsLoadedAndOthersAreConverted() throws {
        let layer = try withSeed(6) { try FeedForward(width: 8, hidden: 16, activation: .quickGELU) }
        let norm = try LayerNorm(8)
        try layer.pack(as: .bfloat16)
        try norm.pack(as: .bfloat16)
        #expect(layer.parameters.allSatisfy { $0.tensor.dtype == .float32 })
        #expect(norm.parameters.allSatisfy { $0.tensor.dtype == .bfloat16 })
        try layer.unpack(computingIn: .bfloat16)
        #expect(layer.parameters.allSatisfy { $0.tensor.dtype == .bfloat16 } && layer.expand.packing == nil)
    }
}

/// The package's own attention beside its plain twin of two products and a softmax.
@Suite struct SelfAttentionTests {
    private static let lengths = [[1], [5, 1, 17], [50, 50], [70, 3, 64, 130]]

    @Test(arguments: [DType.float32, .bfloat16], lengths)
    func ownKernelGivesWhatProductsGive(_ dtype: DType, _ lengths: [Int]) throws {
        for (heads, depth) in [(1, 16), (3, 32), (2, 64), (2, 80), (1, 256)] {
            let width = heads * depth
            let input = try withSeed(7) {
                try (Tensor.normal([lengths.reduce(0, +), 3 * width]) * 1.5).converted(to: dtype)
            }
            let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            for causal in [false, true] {
                let found = try input.selfAttention(starts: starts, heads: heads, causal: causal)
                #expect(found.dtype == dtype)
                let parts = try zip(starts, lengths).map { start, length in
                    let own = try input.converted(to: .float32).slice(start..<start + length)
                        .reshaped([1, length, 3, heads, depth]).permuted([2, 0, 3, 1, 4])
                    return try ShortAttention.byProducts(
                        own.select(0), own.select(1), own.select(2), causal: causal
                    ).transposed(1, 2).reshaped([length, width])
                }
                try expectClose(
                    found, Tensor.concatenated(parts), tolerance: dtype == .float32 ? 2e-6 : 5e-3,
                    "\(heads) heads of \(depth), causal \(causal)")
            }
        }
    }

    @Test func scoresOfAnySizeStayNumbers() throws {
        for size in [0.0, 1e-20, 30, 1e4] {
            let input = try withSeed(8) { try Tensor.normal([20, 96]) * size }
            let found = try input.selfAttention(starts: [0, 20], heads: 2, causal: true)
            #expect(try found.isAllFinite(), "\(size)")
            // The first token sees itself alone.
            try expectClose(found.slice(0..<1), input.slice(0..<1).slice(64..<96, dimension: 1), tolerance: 1e-6)
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let input = try Tensor.zeros([4, 96])
        #expect(throws: TorchError.self) { try input.selfAttention(starts: [0, 3], heads: 2, causal: false) }
        #expect(throws: TorchError.self) { try input.selfAttention(starts: [0, 5, 4], heads: 2, causal: false) }
        #expect(throws: TorchError.self) { try input.selfAttention(starts: [0, 4], heads: 3, causal: false) }
        #expect(throws: TorchError.self) {
            try input.converted(to: .float64).selfAttention(starts: [0, 4], heads: 2, causal: false)
        }
        #expect(!Tensor.hasSelfAttention(depth: 24) && !Tensor.hasSelfAttention(depth: 0))
    }
}

import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// RN50's image tower in training mode, at full depth and width: three steps as PyTorch takes them. Weights are made
/// here and in `Fixtures/make_rn50_training.py` by one formula.
@Suite struct ResNet50TrainingTests {
    private let steps = 3
    private let rate = 1e-3

    @Test func outputsGradientsAndStatisticsArePyTorchs() throws {
        let expected = try TensorFile.read(FixtureModel.root() + "/rn50-training/expected.safetensors")
        let tower = try Initializer.skipping {
            try ModifiedResNet(
                ResNetConfiguration(imageSize: 64, layers: [3, 4, 6, 3], width: 64), embeddingSize: 1024)
        }
        let names = try tower.namedParameters.map { try checkpointName($0.name) }
        let parameters = tower.parameters
        for (name, parameter) in zip(names, parameters) {
            try parameter.replace(with: values(name, parameter.shape))
        }
        tower.setTraining(true)
        let direction = try Tensor(noise("direction", 4 * 1024).map(Float.init), shape: [4, 1024])
        for step in 0..<steps {
            let pixels = noise("pixels \(step)", 4 * 3 * 64 * 64).map { Float(2 * $0) }
            let output = try tower(Tensor(pixels, shape: [4, 3, 64, 64]))
            let wanted = try #require(expected["output.\(step)"])
            try expectClose(output.detached(), wanted, tolerance: 1e-4, "output of step \(step)")
            try (output * direction).sum().backward()
            for (name, parameter) in zip(names, parameters) {
                let gradient = try #require(try parameter.tensor.gradient(), "\(name) has no gradient")
                let norm = try gradient.norm().item()
                if step == 0 { try compare(gradient, norm, name, expected) }
                let moved = try parameter.tensor.detached() - gradient * (rate / max(1, norm))
                try parameter.replace(with: moved)
            }
        }
        for (name, buffer) in tower.namedBuffers where buffer.tensor.dtype == .float32 {
            let key = try checkpointName(name)
            let wanted = try #require(expected["statistic.\(key)"], "\(key)")
            try expectClose(sample(buffer.tensor), wanted, tolerance: 1e-4, key)
        }
    }

    private func compare(
        _ gradient: Tensor, _ norm: Double, _ name: String, _ expected: [String: Tensor]
    ) throws {
        let wanted = try #require(expected["norm.\(name)"]).item()
        // A key's bias moves all scores of a query alike, which softmax does not see: only noise is left.
        if name.hasSuffix("k_proj.bias") {
            #expect(norm < 1e-3, "\(name)")
            return
        }
        #expect(abs(norm / wanted - 1) < 1e-3, "\(name): norm \(norm) where \(wanted) is expected")
        let elements = try sample(gradient).elements(Double.self)
        let reference = try #require(expected["gradient.\(name)"]).elements(Double.self)
        // Relative to the largest element there could be.
        let scale = max(wanted / Double(gradient.count).squareRoot(), reference.map(abs).max() ?? 0)
        for (place, pair) in zip(elements, reference).enumerated() {
            #expect(abs(pair.0 - pair.1) < 2e-3 * scale, "\(name) at \(place): \(pair.0) where \(pair.1) is expected")
        }
    }

    /// The checkpoint's name without the tower's own.
    private func checkpointName(_ name: String) throws -> String {
        let place = try #require(ParameterLayout.openCLIPResNet.place(of: "visual." + name), "\(name)")
        return String(place.names[0].dropFirst("visual.".count))
    }

    private func sample(_ tensor: Tensor) throws -> Tensor {
        let flat = try tensor.detached().elements(Float.self)
        let stride = max(1, (flat.count - 1) / 15)
        return try Tensor((0..<16).map { flat[$0 * stride % flat.count] }, shape: [16])
    }

    /// The script's `values`.
    private func values(_ name: String, _ shape: [Int]) throws -> Tensor {
        let count = shape.reduce(1, *)
        var (offset, factor) = (0.0, 1.0)
        if name.hasSuffix("bias") || name.hasSuffix("positional_embedding") {
            factor = 0.1
        } else if shape.count == 1 {
            (offset, factor) = name.contains("bn3") ? (0.3, 0.1) : (1, 0.25)
        } else {
            factor = (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
        }
        return try Tensor(noise(name, count).map { Float(offset + factor * $0) }, shape: shape)
    }

    /// The script's `noise`.
    private func noise(_ name: String, _ count: Int) -> [Double] {
        let seed = UInt64(checksum(name))
        let mask: UInt64 = 0xFFFF_FFFF
        return [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                var mixed = (UInt64(index) &* 2_654_435_761 &+ seed) & mask
                mixed = ((mixed ^ (mixed >> 15)) &* 2_246_822_519) & mask
                buffer[index] = Double(mixed) / 2_147_483_648 - 1
            }
            initialized = count
        }
    }

    /// CRC-32 of a name, as zlib computes it.
    private func checksum(_ name: String) -> UInt32 {
        ~name.utf8.reduce(~0 as UInt32) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }
}

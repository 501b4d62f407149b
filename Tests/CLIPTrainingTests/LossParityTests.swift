import CLIP
import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPTraining

/// Losses and gradients of open_clip's own code; `Fixtures/make_losses.py` computed what is expected.
@Suite struct LossParityTests {
    private struct Expected: Decodable {
        let scale: Double
        let bias: Double?
        let value: Double
        let logitScale: Double
        let logitBias: Double?
    }

    private let tensors: [String: Tensor]
    private let expected: [String: Expected]
    private let teacherScale: Double
    /// The temperature's gradient as open_clip accumulates it, by the number of parts.
    private let accumulated: [String: Double]

    init() throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        tensors = try TensorFile.read(folder.appendingPathComponent("losses.safetensors").path)
        let data = try Data(contentsOf: folder.appendingPathComponent("losses.json"))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        expected = try ["clip", "clip100", "siglip", "distill"].reduce(into: [:]) { result, name in
            let part = try JSONSerialization.data(withJSONObject: #require(object[name]))
            result[name] = try decoder.decode(Expected.self, from: part)
        }
        teacherScale = try #require(object["teacher_scale"] as? Double)
        accumulated = try #require(object["accumulated"] as? [String: Double])
    }

    private func tensor(_ name: String) throws -> Tensor { try #require(tensors[name], "\(name)") }

    private func found(_ name: String, _ loss: any EmbeddingLoss) throws -> EmbeddingGradients {
        let wanted = try #require(expected[name])
        return try loss.gradients(
            of: EmbeddedBatch(
                pictures: tensor("pictures"), texts: tensor("texts"), logitScale: wanted.scale,
                logitBias: wanted.bias,
                teacher: .init(
                    pictures: tensor("teacher_pictures"), texts: tensor("teacher_texts"), logitScale: teacherScale)),
            over: SingleProcess())
    }

    @Test(arguments: ["clip", "clip100", "siglip", "distill"], [2, 7, 64])
    func lossesAndGradientsAreOpenCLIPs(_ name: String, _ tile: Int) throws {
        let wanted = try #require(expected[name])
        let tiling = Tiling(rows: tile, columns: tile + 1)
        let loss: any EmbeddingLoss =
            switch name {
            case "siglip": SigmoidLoss(tiling: tiling)
            case "distill": SoftmaxLoss(distillationWeight: 1, tiling: tiling)
            default: SoftmaxLoss(tiling: tiling)
            }
        let found = try found(name, loss)
        #expect(abs(found.value.total - wanted.value) < 1e-5 * max(1, wanted.value))
        #expect(abs(found.logitScale - wanted.logitScale) < 1e-5 * max(1, abs(wanted.logitScale)))
        if let bias = wanted.logitBias { #expect(try abs(#require(found.logitBias) - bias) < 1e-5) }
        try expectClose(found.pictures, tensor("\(name).pictures"), tolerance: 1e-5, name)
        try expectClose(found.texts, tensor("\(name).texts"), tolerance: 1e-5, name)
    }

    /// open_clip's `--accum-freq` computes the loss once per part, and the temperature's gradient is that many times
    /// what it is for the whole batch. Here, the loss is computed once: see
    /// ``MicroBatchTests/theTemperaturesAndTheBiassGradientsAreCountedOnce(_:)``.
    @Test func openCLIPsTemperatureGradientIsMultipliedByThePartsAndOursIsNot() throws {
        let (once, thrice) = (try #require(accumulated["1"]), try #require(accumulated["3"]))
        #expect(abs(thrice / once - 3) < 1e-9)
        #expect(try abs(found("clip", SoftmaxLoss()).logitScale / once - 1) < 1e-5)
    }
}

import MetaKernels
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Towers on the meta device, where operators compute shapes only and refuse tensors that are elsewhere: what runs here
/// creates nothing on the processor by mistake, and so runs on a GPU. See ``Device/Kind-swift.enum/meta``.
@Suite struct DeviceTests {
    /// Tiny models, one for each kind of tower and of pooling.
    static let families = [
        "open_clip-rn", "open_clip-eos", "open_clip-custom-text", "hf-clip", "hf-siglip", "hf-siglip2",
        "hf-chinese-clip",
        "coca-open_clip",
    ]

    private func pictures(_ model: DualEncoder, count: Int) throws -> Tensor {
        let size = try #require(model.configuration.imageSize)
        return try Tensor.zeros([count, 3, size, size])
    }

    /// Texts of unlike length, which the towers would take in several batches, each as the model's tokenizer gives it.
    private func captions(_ model: DualEncoder, count: Int) throws -> [[Int32]] {
        guard let text = model.configuration.text as? TextTransformerConfiguration else {
            let text = try model.configuration.textTower()
            return (0..<count).map { row in
                let length = 2 + row * (text.contextLength - 2) / max(1, count - 1)
                return (0..<length).map { Int32($0 == 0 ? 101 : 102 + $0 % 7) % Int32(text.vocabularySize) }
            }
        }
        var end = Int32(text.vocabularySize - 1)
        if case .firstToken(let token) = text.pooling { end = token }
        return (0..<count).map { row in
            let length = 2 + row * (text.contextLength - 2) / max(1, count - 1)
            var caption = [Int32](repeating: 3, count: length - 1) + [end]
            if text.readsPadding {
                caption += [Int32](repeating: text.padToken, count: text.contextLength - length)
            }
            return caption
        }
    }

    private func expectRuns(_ model: DualEncoder, _ name: String) throws {
        register_meta_kernels()
        try model.prepare(computingIn: .float32, on: .meta)
        let count = 4
        let shape = [count, model.configuration.embeddingSize]
        model.setTraining(true)
        let pictures = try model.encode(pictures: pictures(model, count: count))
        let texts = try model.encode(captions: captions(model, count: count))
        for embeddings in [pictures, texts] {
            #expect(embeddings.device.kind == .meta, "\(name)")
            #expect(embeddings.shape == shape, "\(name)")
        }
        try Tensor.backward([(pictures, pictures.detached()), (texts, texts.detached())])
        let reached = try model.namedParameters.filter { try $0.parameter.tensor.gradient() != nil }
        for (parameterName, parameter) in reached {
            let gradient = try #require(try parameter.tensor.gradient())
            #expect(gradient.device.kind == .meta && gradient.shape == parameter.shape, "\(name): \(parameterName)")
        }
        #expect(reached.contains { $0.name.hasPrefix("visual.") } && reached.contains { $0.name.hasPrefix("text.") })
    }

    @Test(arguments: families) func towersMixNoDevices(_ name: String) throws {
        let path = try FixtureModel.root() + "/families/" + name
        let description = try ModelCatalog.description(of: path)
        try expectRuns(Initializer.skipping { try DualEncoder(description.configuration) }, name)
    }

    @Test(arguments: EVATests.fixtures.dropLast()) func evaTowersMixNoDevices(_ fixture: FamilyFixture) throws {
        try expectRuns(fixture.emptyModel(), fixture.name)
    }

    @Test func aTensorLeftBehindIsFound() throws {
        let model = try FixtureModel.all[0].model()
        try model.prepare(computingIn: .float32, on: .meta)
        let visual = try #require(model.visual as? VisionTransformer)
        try visual.patches.weight.convert(device: .meta)
        try expectRuns(model, "whole")
        // A matrix product with memory on one side only is what libtorch itself would let pass.
        let weight = visual.blocks[0].feedForward.expand.weight
        try weight.replace(with: Tensor.zeros(weight.shape))
        let error = #expect(throws: TorchError.self) {
            _ = try model.encode(pictures: pictures(model, count: 1))
        }
        #expect(error?.message.contains("meta") == true)
    }

    @Test func columnsComeInEightsOnAGPU() {
        #expect(CaptionBatches.columns([3, 9], limit: 77, on: .cpu) == 10)
        #expect(CaptionBatches.columns([3, 9], limit: 77, on: .cuda) == 16)
        #expect(CaptionBatches.columns([15], limit: 77, on: .cuda) == 16)
        // Never past the positions there are.
        #expect(CaptionBatches.columns([76], limit: 77, on: .cuda) == 77)
        #expect(CaptionBatches.columns([72], limit: 77, on: .cuda) == 77)
    }

    @Test func aGPUTakesFewerPasses() {
        let ends = (0..<600).map { $0 % 60 }
        let onProcessor = CaptionBatches(ends: ends, device: .cpu).rows
        let onGPU = CaptionBatches(ends: ends, device: .cuda).rows
        #expect(onGPU.count < onProcessor.count)
        #expect(onGPU.joined().sorted() == Array(0..<600))
    }

    @Test func longerColumnsGiveTheSameEmbeddings() throws {
        let model = try FixtureModel.all[0].model()
        let text = try model.transformers().text
        let captions = try captions(model, count: 3)
        try Engine.inference {
            let trimmed = try captions.map { try text([$0]) }
            try expectClose(text(captions), Tensor.concatenated(trimmed), tolerance: 1e-5)
        }
    }
}

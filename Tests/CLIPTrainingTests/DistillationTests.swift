import CLIP
import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// Learning from another model, which takes its pictures larger and on another scale, and its texts as letters.
@Suite struct DistillationTests {
    private let clip: CLIPModel
    private let teacher: Teacher
    private let student = PreprocessConfiguration(size: 16)

    init() throws {
        var text = TextTransformerConfiguration(width: 8, headCount: 2, layers: 1)
        text.contextLength = 8
        text.vocabularySize = 40
        let vision = VisionTransformerConfiguration(imageSize: 24, patchSize: 8, width: 8, layers: 1, headWidth: 4)
        let configuration = ModelConfiguration(
            embeddingSize: 6, vision: vision, text: text)
        var preprocess = PreprocessConfiguration(size: 24)
        preprocess.mean = [0.5, 0.4, 0.3]
        preprocess.standardDeviation = [0.5, 0.25, 1]
        clip = CLIPModel(
            name: "teacher", model: try withSeed(41) { try DualEncoder(configuration) }, tokenizer: Letters(),
            preprocessor: PicturePreprocessor(preprocess))
        teacher = Teacher(clip, student: student)
    }

    @Test func picturesComeToTheTeachersSizeAndScale() throws {
        // One gray level everywhere: whatever the size, its value on the teacher's scale is known.
        let level = 0.7
        let values = (0..<3).map { Float((level - student.mean[$0]) / student.standardDeviation[$0]) }
        let pictures = try Tensor(values, shape: [1, 3, 1, 1]).expanded([2, 3, 16, 16]).contiguous()
        let found = try teacher.prepared(pictures)
        let own = try clip.preprocessor.configuration
        let wanted = (0..<3).map { Float((level - own.mean[$0]) / own.standardDeviation[$0]) }
        try expectClose(
            found, Tensor(wanted, shape: [1, 3, 1, 1]).expanded([2, 3, 24, 24]).contiguous(), tolerance: 1e-5)
    }

    private func trainer(_ size: Int) throws -> Trainer {
        var loss = LossConfiguration(duplicates: .positives)
        loss.distillationWeight = 0.6
        return try MicroBatchTests.trainer(loss, microBatchSize: size, teacher: teacher)
    }

    @Test func partsGiveTheWholeBatchsGradientAndTheTeacherStays() throws {
        let before = try clip.model.parameters.map { try $0.tensor.bytes() }
        let batch = try MicroBatchTests.batch()
        let whole = try trainer(13)
        let value = try MicroBatchTests.gradients(whole, batch)
        for size in [2, 5] {
            let chunked = try trainer(size)
            let found = try MicroBatchTests.gradients(chunked, batch)
            #expect(abs(found.total - value.total) < 1e-5 * value.total)
            try MicroBatchTests.expectSameGradients(chunked, whole)
        }
        #expect(try clip.model.parameters.map { try $0.tensor.bytes() } == before)
        // The value, by the plain loss.
        let model = try MicroBatchTests.model()
        let captions = batch.texts.map { Letters().tokenize($0).tokens }
        var sample = try SampleBatch(count: 13, width: 8, logitScale: DualEncoder.initialLogitScale)
        sample.batch = EmbeddedBatch(
            pictures: try model.encode(pictures: batch.pictures).detached(),
            texts: try model.encode(captions: batch.captions).detached(),
            logitScale: DualEncoder.initialLogitScale, captionKeys: batch.captions.map(CaptionKey.key),
            teacher: .init(
                pictures: try clip.model.encode(pictures: teacher.prepared(batch.pictures)).detached(),
                texts: try clip.model.encode(captions: captions).detached(),
                logitScale: DualEncoder.initialLogitScale))
        let plain = try sample.expected(PlainSoftmax(duplicates: .positives, distillationWeight: 0.6))
        #expect(abs(value.total - plain.value) < 1e-5 * plain.value)
        #expect(value[.distillation].map { $0 > 0 } == true)
    }

    @Test func stepsTellWhatTheyDid() throws {
        let report = try withSeed(1) { try trainer(5).train(on: MicroBatchTests.batch()) }
        let ways = try (#require(report.value[.imageToText]) + #require(report.value[.textToImage])) / 2
        #expect(try abs(report.loss - ways - 0.6 * #require(report.value[.distillation])) < 1e-9)
        #expect(abs(report.value.contrastive - ways) < 1e-9)
        #expect(report.logitBias == nil)
        let sigmoid = try withSeed(1) {
            try MicroBatchTests.trainer(LossConfiguration(kind: .sigmoid)).train(on: MicroBatchTests.batch())
        }
        #expect(sigmoid.value.terms.isEmpty && sigmoid.value.contrastive == sigmoid.loss)
        #expect(try #require(sigmoid.logitBias) != -4)
    }

    @Test func aFixedTemperatureStays() throws {
        var loss = LossConfiguration()
        loss.fixesTemperature = true
        let trainer = try MicroBatchTests.trainer(loss)
        let before = try trainer.model.logitScale.tensor.bytes()
        _ = try withSeed(2) { try trainer.train(on: MicroBatchTests.batch()) }
        #expect(try trainer.model.logitScale.tensor.bytes() == before)
        #expect(try trainer.model.logitScale.tensor.gradient() == nil)
    }

    @Test func whatDoesNotGoTogetherIsRefused() throws {
        func refused(
            _ word: String, _ loss: LossConfiguration, bias: Double? = nil, teacher: Teacher? = nil
        ) throws {
            let error = #expect(throws: TrainingError.self) {
                _ = try MicroBatchTests.trainer(loss, teacher: teacher, model: MicroBatchTests.model(bias: bias))
            }
            #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        }
        try refused("sigmoid", LossConfiguration(), bias: -10)
        try refused("init_logit_bias", LossConfiguration(kind: .sigmoid))
        try refused("teacher", LossConfiguration(), teacher: teacher)
        var taught = LossConfiguration()
        taught.distillationWeight = 1
        try refused("teacher", taught)
        taught.distillationWeight = -1
        try refused("above 0", taught, teacher: teacher)
        taught.distillationWeight = 1
        taught.kind = .sigmoid
        try refused("softmax", taught, bias: -10, teacher: teacher)
    }
}

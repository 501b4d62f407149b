import CLIP
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// Steps that are not finite, and where it is said to begin.
@Suite struct DiagnosisTests {
    private func trainer(microBatchSize: Int? = nil) throws -> Trainer {
        var vision = VisionTransformerConfiguration(imageSize: 16, patchSize: 8, width: 8, layers: 3)
        vision.headWidth = 4
        var text = TextTransformerConfiguration(width: 8, headCount: 2, layers: 3)
        text.contextLength = 8
        text.vocabularySize = 40
        let model = try withSeed(3) {
            try DualEncoder(
                ModelConfiguration(embeddingSize: 8, vision: vision, text: text))
        }
        return try Trainer(
            model: model,
            configuration: TrainingConfiguration(batchSize: 6, microBatchSize: microBatchSize, totalSteps: 4))
    }

    private func batch() throws -> TrainingBatch {
        try TrainingBatch(
            pictures: try withSeed(4) { try Tensor.normal([6, 3, 16, 16]) },
            pairs: (0..<6).map { .init(tokens: [38, Int32($0 + 1), 39], location: "shard.tar: pair-\($0)") })
    }

    @Test func picturesAndCaptionsAreAsMany() throws {
        for shape in [[5, 3, 16, 16], [6, 768], []] {
            #expect(throws: TrainingError.self) {
                try TrainingBatch(
                    pictures: Tensor.zeros(shape), pairs: (0..<6).map { .init(tokens: [38, Int32($0), 39]) })
            }
        }
    }

    /// What is found out about a batch that a trainer refuses.
    private func report(_ trainer: Trainer, _ batch: TrainingBatch) throws -> NonFiniteReport {
        let before = try trainer.model.parameters.map { try $0.tensor.bytes() }
        do {
            _ = try withSeed(2) { try trainer.train(on: batch) }
        } catch TrainingError.notFinite(let step, let what, _) {
            let report = try NonFiniteReport(step: step, what: what, batch: batch, trainer: trainer)
            #expect(try trainer.model.parameters.map { try $0.tensor.bytes() } == before)
            return report
        }
        throw TorchError(context: "test", message: "the step was taken")
    }

    private func parameter(_ name: String, of trainer: Trainer) throws -> Tensor {
        let found = try #require(trainer.model.namedParameters.first { $0.name == name })
        return try found.parameter.tensor.detached()
    }

    @Test(arguments: [
        "visual.blocks.1.feed_forward", "text.blocks.2.feed_forward", "visual.blocks.0.attention",
        "text.blocks.1.attention",
    ])
    func anOverflowIsNamedByItsBlock(part: String) throws {
        for size in [nil, 4] as [Int?] {
            let trainer = try trainer(microBatchSize: size)
            // Finite weights whose products are not.
            let name = try #require(
                trainer.model.namedParameters.map(\.name).first { $0.hasPrefix(part) && $0.hasSuffix("weight") })
            try parameter(name, of: trainer).fillInPlace(3e38)
            let report = try report(trainer, batch())
            #expect(report.place.contains("in \(part)"), "\(report.place)")
            #expect(report.what == "loss")
            #expect(report.pairs.map(\.location) == (0..<6).map { "shard.tar: pair-\($0)" })
        }
    }

    @Test func aBrokenWeightIsNamed() throws {
        let trainer = try trainer()
        try parameter("visual.blocks.2.post_norm.weight", of: trainer, or: "norm").fillInPlace(.nan)
        #expect(try report(trainer, batch()).place.hasPrefix("in the parameter visual.blocks.2."))
    }

    private func parameter(_ name: String, of trainer: Trainer, or part: String) throws -> Tensor {
        let names = trainer.model.namedParameters.map(\.name)
        let found = names.contains(name) ? name : names.first { $0.hasPrefix("visual.blocks.2.") && $0.contains(part) }
        return try parameter(#require(found), of: trainer)
    }

    @Test func brokenPicturesAreNamedFirst() throws {
        let trainer = try trainer()
        let good = try batch()
        var values = try good.pictures.elements(Float.self)
        values[4 * 3 * 16 * 16 + 5] = .nan
        let bad = TrainingBatch(
            pictures: try Tensor(values, shape: [6, 3, 16, 16]), captions: good.captions, locations: good.locations)
        let report = try report(trainer, bad)
        #expect(report.place == "in the pictures the tower is given")
        #expect(report.suspects == ["shard.tar: pair-4"])
        #expect(report.pairs.filter(\.isBroken).count == 1)
        try withTemporaryDirectory { run in
            let path = try report.write(run: run)
            #expect(path == run + "/diagnosis/step-0.json")
            let object = try #require(
                JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
            #expect((object["pairs"] as? [Any])?.count == 6 && object["place"] as? String == report.place)
            let message = "\(report.error(details: path, lastGood: "run/checkpoints/step-000000000"))"
            for word in ["step 0", "loss", "the pictures", "pair-4", path, "step-000000000", "learning rate"] {
                #expect(message.contains(word), "no \(word) in: \(message)")
            }
        }
    }

    @Test func aGradientIsNamedByItsParameter() throws {
        let trainer = try trainer()
        _ = try trainer.computeGradients(batch())
        for name in ["text.token_embedding", "visual.blocks.1.", "visual.class_embedding"] {
            let found = try #require(trainer.model.namedParameters.first { $0.name.hasPrefix(name) })
            let gradient = try #require(try found.parameter.tensor.gradient())
            try gradient.fillInPlace(.infinity)
        }
        let report = try NonFiniteReport(step: 7, what: "gradient", batch: batch(), trainer: trainer)
        // The way back goes from a tower's end to its beginning.
        #expect(report.brokenGradients.count == 3 && report.brokenGradients.last == "visual.class_embedding")
        #expect(report.place == "on the way back, in the gradient of \(report.brokenGradients[0])")
        #expect(report.suspects.count == 6, "no pair stands out")
    }
}

/// The ways in which training fails without an error.
@Suite struct TrainingWatchTests {
    private let chance = log(64.0)

    private func expectation(learnsTemperature: Bool = true) -> TrainingWatch.Expectation {
        .init(
            chanceLoss: SoftmaxLoss.chance(batchSize: 64).value, warmupSteps: 50,
            learnsTemperature: learnsTemperature)
    }

    /// The warnings of a run with these signs.
    private func warnings(
        steps: Int = 600, _ expectation: TrainingWatch.Expectation? = nil, _ signs: (Int) -> StepSigns
    ) -> [TrainingWarning] {
        var watch = TrainingWatch()
        return (0..<steps).flatMap { watch.observe(signs($0), expecting: expectation ?? self.expectation()) }
    }

    @Test func aLossThatStaysAtChanceIsWarnedOfOnce() {
        let found = warnings { StepSigns(step: $0, loss: chance * ($0 % 2 == 0 ? 1.03 : 0.97), logitScale: 2.6) }
        #expect(found.map(\.kind) == [.lossAtChance])
        #expect(found.first?.step == 250, "warm-up and patience")
        for word in ["guessing", "learning rate", "captions", "one batch"] {
            #expect(found.first?.message.contains(word) == true)
        }
        #expect(warnings { StepSigns(step: $0, loss: chance * 0.97, logitScale: 2.6) }.isEmpty)
        #expect(warnings(steps: 250) { StepSigns(step: $0, loss: chance, logitScale: 2.6) }.isEmpty)
        let falling = warnings { StepSigns(step: $0, loss: chance * exp(-Double($0) / 400), logitScale: 2.6) }
        #expect(falling.isEmpty)
    }

    @Test func theSigmoidLossHasAChanceOfItsOwn() {
        // The least of softplus(-l) + (N - 1)·softplus(l), by search.
        func loss(_ logit: Double) -> Double { log(1 + exp(-logit)) + 63 * log(1 + exp(logit)) }
        let least = stride(from: -10.0, through: 10, by: 1e-3).map(loss).min() ?? 0
        #expect(abs(SigmoidLoss.chance(batchSize: 64).value - least) < 1e-5)
    }

    @Test func aTemperatureAtItsClampIsWarnedOfOnce() {
        let top = log(100.0)
        let found = warnings { StepSigns(step: $0, loss: 1, logitScale: $0 < 10 ? 4 : top) }
        #expect(found.map(\.kind) == [.temperatureAtClamp] && found[0].step == 109)
        #expect(warnings { StepSigns(step: $0, loss: 1, logitScale: $0 % 90 == 0 ? 4.5 : top) }.isEmpty)
        #expect(
            warnings(expectation(learnsTemperature: false)) { StepSigns(step: $0, loss: 1, logitScale: top) }.isEmpty)
    }

    @Test func collapsedEmbeddingsAreWarnedOfByTower() throws {
        let found = warnings {
            StepSigns(step: $0, loss: 1, logitScale: 2.6, pictureCosine: 0.5, textCosine: 0.999)
        }
        #expect(found.map(\.kind) == [.collapsedEmbeddings])
        #expect(found[0].message.contains("captions (mean cosine 0.999)") && !found[0].message.contains("pictures ("))
        let fine = warnings { StepSigns(step: $0, loss: 1, logitScale: 2.6, pictureCosine: 0.97, textCosine: 0.9) }
        #expect(fine.isEmpty)
    }

    @Test func whatWasWarnedOfStaysSoInACheckpoint() throws {
        var watch = TrainingWatch()
        var raised = 0
        for step in 0..<700 {
            let signs = StepSigns(step: step, loss: chance, logitScale: 2.6)
            raised += watch.observe(signs, expecting: expectation()).count
            watch = try JSONDecoder().decode(TrainingWatch.self, from: JSONEncoder().encode(watch))
        }
        #expect(raised == 1)
    }

    @Test func theMeanCosineIsThatOfAllPairs() throws {
        let rows = try withSeed(9) { try Tensor.normal([7, 5]) + 0.5 }
        let values = try rows.normalized().elements(Double.self)
        var sum = 0.0
        for left in 0..<7 {
            for right in 0..<7 where right != left {
                sum += (0..<5).reduce(0) { $0 + values[left * 5 + $1] * values[right * 5 + $1] }
            }
        }
        #expect(abs(try EmbeddingSpread.meanCosine(rows) - sum / 42) < 1e-5)
        #expect(abs(try EmbeddingSpread.meanCosine(Tensor.ones([4, 3])) - 1) < 1e-5)
    }
}

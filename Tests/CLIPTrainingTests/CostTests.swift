import Foundation
import Testing

@testable import CLIP
@testable import CLIPTraining

/// `Fixtures/make_techniques.py` had open_clip's schedules run and PyTorch count operations.
private struct TechniqueFixture: Decodable {
    struct Operations: Decodable {
        let image: Double
        let text: Double
    }
    let schedules: [String: [Double]]
    let flops: [String: Operations]

    static func read() throws -> TechniqueFixture {
        let url = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/techniques.json")
        return try JSONDecoder().decode(TechniqueFixture.self, from: Data(contentsOf: url))
    }
}

@Suite struct ScheduleTests {
    @Test(arguments: [
        ("cosine", ScheduleShape.cosine), ("constant", .constant),
        ("linear_cooldown", .constantWithCooldown(steps: 6, endRate: 0, power: 1)),
        ("power_cooldown", .constantWithCooldown(steps: 6, endRate: 1e-5, power: 2.5)),
    ])
    func ratesAreOpenCLIPs(_ name: String, _ shape: ScheduleShape) throws {
        let wanted = try #require(TechniqueFixture.read().schedules[name])
        #expect(wanted.count == 20)
        let schedule = LearningRateSchedule(peak: 5e-4, warmupSteps: 4, totalSteps: 20, shape: shape)
        for (step, rate) in wanted.enumerated() {
            #expect(
                abs(schedule.rate(at: step) - rate) < 1e-15, "step \(step): \(schedule.rate(at: step)), not \(rate)")
        }
    }

    @Test func oddLengthsStayFinite() {
        let long = LearningRateSchedule(
            peak: 1, warmupSteps: 0, totalSteps: 4, shape: .constantWithCooldown(steps: 100, endRate: 0.1, power: 3))
        let none = LearningRateSchedule(
            peak: 1, warmupSteps: 2, totalSteps: 4, shape: .constantWithCooldown(steps: 0, endRate: 0, power: 1))
        for step in 0..<300 {
            #expect((0.1...1).contains(long.rate(at: step)))
            #expect((0.5...1).contains(none.rate(at: step)))
        }
    }
}

@Suite struct CostTests {
    /// To the last multiply-add what PyTorch counts in open_clip's and timm's own code.
    @Test(arguments: [
        "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336",
        "EVA02-B-16", "ViT-B-16-SigLIP",
    ])
    func operationsArePyTorchs(_ name: String) throws {
        let wanted = try #require(TechniqueFixture.read().flops[name])
        let model = try #require(BuiltInModels.configuration(named: name))
        #expect(2 * TowerWork.image(of: model, .plain).total == wanted.image, "image tower")
        #expect(2 * TowerWork.text(of: model, .plain).total == wanted.text, "text tower")
    }

    /// A tiny tower's products, one by one: [rows, inner, columns].
    @Test func shortcutsAreCountedAsTheyAreComputed() {
        var vision = VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, layers: 2, headWidth: 8)
        vision.feedForwardRatio = 3
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        words.contextLength = 20
        let model = ModelConfiguration(
            embeddingSize: 10, vision: vision, text: words)
        func sum(_ products: [[Int]]) -> Double { Double(products.reduce(0) { $0 + $1.reduce(1, *) }) }
        var options = TowerWork.Options()
        options.patchDropout = 0.5
        options.captionLength = 7
        let image: [[Int]] = [
            [16, 3 * 64, 16],  // all patches
            [9, 16, 48], [2 * 9, 8, 9], [2 * 9, 9, 8], [9, 16, 16], [9, 16, 48], [9, 48, 16],  // eight and the class
            [9, 16, 32], [1, 16, 16], [2, 8, 9], [2, 9, 8], [1, 16, 16], [1, 16, 48], [1, 48, 16],  // the class alone
            [1, 16, 10],
        ]
        #expect(TowerWork.image(of: model, options).total == sum(image))
        let text: [[Int]] = [
            [7, 12, 36], [2 * 7, 6, 7], [2 * 7, 7, 6], [7, 12, 12], [7, 12, 48], [7, 48, 12],
            [7, 12, 24], [1, 12, 12], [2, 6, 7], [2, 7, 6], [1, 12, 12], [1, 12, 48], [1, 48, 12],
            [1, 12, 10],
        ]
        #expect(TowerWork.text(of: model, options).total == sum(text))
    }

    /// A tower that reads its padding computes all of it.
    @Test func captionsAreTrimmedOnlyWhereTheyCanBe() throws {
        let sigLIP = try #require(BuiltInModels.configuration(named: "ViT-B-16-SigLIP"))
        let plain = try #require(BuiltInModels.configuration(named: "ViT-B-32"))
        var short = TowerWork.Options()
        short.captionLength = 10
        #expect(TowerWork.text(of: sigLIP, short) == TowerWork.text(of: sigLIP))
        #expect(TowerWork.text(of: plain, short).total < TowerWork.text(of: plain).total / 7)
    }

    private func cost(_ change: (inout TrainingConfiguration) -> Void) throws -> TrainingCost {
        let model = try #require(BuiltInModels.configuration(named: "ViT-B-32"))
        var configuration = TrainingConfiguration(batchSize: 1024, microBatchSize: 1024, totalSteps: 10)
        change(&configuration)
        return TrainingCost(model, configuration)
    }

    @Test func techniquesCostAndSaveWhatTheyShould() throws {
        let plain = try cost { _ in }
        // Three times the forward pass, but for the patches' inputs.
        #expect((2.9...3).contains((plain.image.forward + plain.image.backward) / plain.image.forward))
        #expect(plain.text.backward == 2 * plain.text.forward)
        #expect(plain.operationsPerStep == plain.operationsPerPair * 1024)
        let split = try cost { $0.microBatchSize = 64 }
        #expect(split.image.backward == plain.image.backward + plain.image.forward)
        #expect(split.memory.activations * 16 == plain.memory.activations)
        let locked = try cost { $0.techniques.imageTower.isLocked = true }
        #expect(locked.image.backward == 0 && locked.image.trainedParameters == 0)
        #expect(locked.memory.moments < plain.memory.moments / 2)
        let partly = try cost {
            $0.techniques.imageTower.isLocked = true
            $0.techniques.imageTower.unlockedGroups = 2
        }
        #expect(partly.image.backward > 0 && partly.image.backward < plain.image.backward / 8)
        #expect((0..<0.15).contains(Double(partly.image.trainedParameters) / Double(plain.image.parameters)))
        let recomputed = try cost { $0.techniques.checkpointsGradients = true }
        #expect(recomputed.memory.activations < plain.memory.activations / 4)
        #expect(recomputed.operationsPerPair < plain.operationsPerPair * 4 / 3)
        let dropped = try cost { $0.techniques.patchDropout = 0.5 }
        #expect((0.45...0.6).contains(dropped.image.forward / plain.image.forward))
        let averaged = try cost { $0.techniques.averageDecay = 0.99 }
        #expect(
            averaged.memory.total - plain.memory.total == 4 * Double(plain.image.parameters + plain.text.parameters))
    }

    /// The formula's totals against the days the paper states: both come to about a fifth of the machines' peak.
    @Test func thePapersRunsFitItsDays() throws {
        let runs = PaperRun.all
        #expect(runs.map(\.model).count == 9)
        let stated = runs.filter { $0.statedGPUDays != nil }
        #expect(stated.map(\.model) == ["RN50x64", "ViT-L-14"])
        #expect(stated.map(\.statedGPUDays) == [10_656, 3_072])
        for run in stated {
            #expect((0.15...0.25).contains(run.impliedUtilization ?? 0), "\(run.model): \(run.impliedUtilization ?? 0)")
        }
        let smallest = try #require(runs.first { $0.model == "ViT-B-32" })
        #expect(abs(smallest.operations / (3 * 14.78e9 * 12.8e9) - 1) < 1e-3)
        let largest = try #require(runs.first { $0.model == "ViT-L-14-336" })
        #expect(largest.pairs == 13.2e9)
    }
}

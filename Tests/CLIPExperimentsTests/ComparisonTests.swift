import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPExperiments
@testable import CLIPTraining

@Suite struct ComparisonTests {
    private func curve(_ arm: ExperimentArm, seed: UInt64 = 0, _ points: [(Int, Double)]) -> LearningCurve {
        var configuration = TrainingConfiguration(batchSize: 4, totalSteps: 1)
        configuration.seed = seed
        return LearningCurve(
            settings: LearningCurve.Settings(
                arm: arm, configuration: configuration, model: "m", trainingData: "t", heldOutData: "h", template: "{}",
                evaluations: points.map(\.0)),
            points: points.map {
                LearningCurve.Point(pictures: $0.0, loss: 1, accuracy: $0.1, pictureAccuracy: $0.1 / 2)
            }, parameters: 7,
            heldOutPictures: 40, categories: 20, trainingSeconds: 2)
    }

    @Test func picturesNeededLieBetweenPointsLogarithmically() throws {
        let comparison = LearningComparison([
            curve(ExperimentArm(.contrastive), [(100, 0.1), (400, 0.3), (1600, 0.5)]),
            curve(ExperimentArm(.words), [(100, 0.05), (400, 0.1), (1600, 0.3)]),
        ])
        #expect(comparison.chance == 0.05 && comparison.heldOutPictures == 40)
        // Half way from 0.1 to 0.3 is half way from 100 to 400 on a logarithmic axis: 200.
        let points = comparison.arms[0].points
        #expect(abs(try #require(LearningComparison.pictures(points, toReach: 0.2)) - 200) < 1e-6)
        #expect(LearningComparison.pictures(points, toReach: 0.1) == 100)
        #expect(LearningComparison.pictures(points, toReach: 0.51) == nil)
        let ratio = try #require(comparison.ratios.first)
        #expect(comparison.ratios.count == 1 && ratio.arm == "contrastive" && ratio.other == "words")
        #expect(ratio.accuracy == 0.3 && ratio.otherPictures == 1600 && abs(ratio.armPictures - 400) < 1e-6)
        #expect(abs(ratio.ratio - 4) < 1e-6)
        #expect(comparison.needs.map(\.accuracy).elementsEqual([0.1, 0.2, 0.3, 0.4, 0.5], by: { abs($0 - $1) < 1e-9 }))
        #expect(comparison.needs.map(\.pictures.count) == [2, 2, 2, 1, 1])
    }

    @Test func seedsAreAveraged() {
        let arm = ExperimentArm(.captions)
        let comparison = LearningComparison([
            curve(arm, seed: 0, [(10, 0.25), (20, 0.5)]), curve(arm, seed: 1, [(10, 0.75), (20, 0.5)]),
        ])
        #expect(comparison.arms.count == 1 && comparison.arms[0].seeds == [0, 1])
        #expect(
            comparison.arms[0].points == [
                .init(pictures: 10, accuracy: 0.5, pictureAccuracy: 0.25, loss: 1, least: 0.25, greatest: 0.75),
                .init(pictures: 20, accuracy: 0.5, pictureAccuracy: 0.25, loss: 1, least: 0.5, greatest: 0.5),
            ])
        #expect(comparison.arms[0].picturesPerSecond == 10 && comparison.ratios.isEmpty)
    }

    @Test func levelsAreRound() {
        #expect(LearningComparison.levels(from: 0.0167, to: 0.2).count == 8)
        #expect(LearningComparison.levels(from: 0.5, to: 0.4).isEmpty)
    }

    @Test func evaluationsAreLogarithmicallySpacedAndEndAtTheEnd() {
        #expect(LearningCurve.evaluations(first: 100, batchSize: 10, totalSteps: 41) == [100, 150, 200, 290, 410])
        #expect(LearningCurve.evaluations(first: 1, batchSize: 8, totalSteps: 3) == [8, 16, 24])
        #expect(LearningCurve.evaluations(first: 1000, batchSize: 8, totalSteps: 3) == [24])
        #expect(LearningCurve.evaluations(first: 1, batchSize: 8, totalSteps: 0).isEmpty)
    }

    @Test func theHighestScoreOfARowIsItsAnswer() throws {
        let scores = try Tensor([0.1, 0.9, -1, 3, -.infinity, 2, 0, 0, 0] as [Float], shape: [3, 3])
        #expect(try ZeroShotTask.choices(scores) == [1, 0, 0])
    }

    @Test func aCommonAnswerIsWorthNoMoreThanGuessing() {
        let always = ZeroShotAccuracy(chosen: [2, 2, 2, 2, 2], answers: [2, 2, 2, 0, 1])
        #expect(always.pictureShare == 0.6 && abs(always.categoryMean - 1.0 / 3) < 1e-12)
        let mixed = ZeroShotAccuracy(chosen: [0, 2, 1, 0, 1], answers: [2, 2, 2, 0, 1])
        #expect(mixed.pictureShare == 0.6 && abs(mixed.categoryMean - 7.0 / 9) < 1e-12)
    }
}

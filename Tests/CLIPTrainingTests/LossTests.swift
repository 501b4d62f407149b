import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPTraining

@Suite struct LossTests {
    @Test func theIdentityOfTwoHasItsKnownLoss() throws {
        let identity = try Tensor.identity(2)
        let loss = try ContrastiveLoss()(pictures: identity, texts: identity, logitScale: Tensor.zeros([]))
        #expect(abs(try loss.item() - 0.3132617) < 1e-6)
    }

    @Test func equalCaptionsAreNotNegativesOfEachOther() throws {
        let (pictures, texts) = try withSeed(5) { (try Tensor.normal([4, 6]), try Tensor.normal([4, 6])) }
        let captions: [[Int32]] = [[1, 2], [3, 4], [1, 2], [5]]
        let scale = try Tensor([2] as [Float], shape: [])
        let loss = ContrastiveLoss(excludesDuplicateCaptions: true)
        let found = try loss(pictures: pictures, texts: texts, logitScale: scale, captions: captions).item()
        // The same by hand, leaving out the two excluded places.
        let logits = try loss.logits(pictures: pictures, texts: texts, logitScale: scale).elements(Double.self)
        let excluded: Set<[Int]> = [[0, 2], [2, 0]]
        var sum = 0.0
        for row in 0..<4 {
            let across = (0..<4).filter { !excluded.contains([row, $0]) }.map { exp(logits[row * 4 + $0]) }
            let down = (0..<4).filter { !excluded.contains([$0, row]) }.map { exp(logits[$0 * 4 + row]) }
            sum += log(across.reduce(0, +)) + log(down.reduce(0, +)) - 2 * logits[row * 5]
        }
        #expect(abs(found - sum / 8) < 1e-5)
        let plain = try ContrastiveLoss()(pictures: pictures, texts: texts, logitScale: scale, captions: captions)
            .item()
        #expect(plain > found)
    }

    @Test func excludedPairsHaveNoGradientThroughEachOther() throws {
        let pictures = try Tensor([1, 0, 1, 0.1] as [Float], shape: [2, 2]).setRequiresGradient()
        let texts = try Tensor([1, 0.2, 1, 0] as [Float], shape: [2, 2])
        let loss = ContrastiveLoss(excludesDuplicateCaptions: true)
        let same: [[Int32]] = [[7], [7]]
        let value = try loss(pictures: pictures, texts: texts, logitScale: Tensor.zeros([]), captions: same)
        try value.backward()
        #expect(abs(try value.item()) < 1e-7)
        #expect(try pictures.gradient()?.elements(Float.self).allSatisfy { $0 == 0 } == true)
    }

    @Test func theScheduleRisesThenFallsAsOpenCLIPs() {
        let schedule = LearningRateSchedule(peak: 1, warmupSteps: 4, totalSteps: 12)
        #expect((0..<4).map(schedule.rate) == [0.25, 0.5, 0.75, 1])
        #expect(schedule.rate(at: 4) == 1)
        #expect(abs(schedule.rate(at: 8) - 0.5) < 1e-12)
        #expect(schedule.rate(at: 12) == 0)
        #expect(schedule.rate(at: 100) == 0)
        #expect(LearningRateSchedule(peak: 2, warmupSteps: 0, totalSteps: 1).rate(at: 0) == 2)
    }
}

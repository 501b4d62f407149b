import TestSupport
import Testing
import Torch

@testable import TorchNN

@Suite struct BatchNormTests {
    private final class Pair: Module {
        let first: BatchNorm2d
        let second: [BatchNorm2d]
        init() throws {
            first = try BatchNorm2d(3)
            second = try [BatchNorm2d(2)]
        }
    }

    private func input() throws -> Tensor {
        let values: [Float] = (0..<24).map { (index: Int) in Float(index * 7 % 11) - 3 }
        return try Tensor(values, shape: [2, 3, 2, 2])
    }

    /// Mean, biased variance and unbiased variance of each channel, by hand.
    private func statistics(_ input: Tensor) throws -> [(mean: Double, biased: Double, unbiased: Double)] {
        try (0..<input.shape[1]).map { channel in
            let values = try input.select(channel, dimension: 1).contiguous().elements(Double.self)
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            return (mean, squares / Double(values.count), squares / Double(values.count - 1))
        }
    }

    @Test func trainingUsesTheBatchAndMovesRunningStatistics() throws {
        let norm = try BatchNorm2d(3)
        let input = try input()
        norm.setTraining(true)
        let output = try norm(input)
        let own = try statistics(output)
        let given = try statistics(input)
        for channel in 0..<3 {
            #expect(abs(own[channel].mean) < 1e-6)
            #expect(abs(own[channel].biased - given[channel].biased / (given[channel].biased + 1e-5)) < 1e-5)
        }
        try expectClose(norm.runningMean.tensor, Tensor(given.map { Float(0.1 * $0.mean) }), tolerance: 1e-6)
        try expectClose(
            norm.runningVar.tensor, Tensor(given.map { Float(0.9 + 0.1 * $0.unbiased) }), tolerance: 1e-6)
        #expect(try norm.numBatchesTracked.tensor.elements(Int64.self) == [1])
    }

    @Test func evaluationUsesRunningStatisticsAndLeavesThemAlone() throws {
        let norm = try BatchNorm2d(3)
        try norm.runningMean.replace(with: Tensor([1, 2, 3] as [Float]))
        try norm.runningVar.replace(with: Tensor([4, 9, 16] as [Float]))
        let input = try input()
        let mean = try norm.runningMean.tensor.reshaped([1, 3, 1, 1])
        let deviation = try Tensor([4, 9, 16].map { Float(($0 + 1e-5).squareRoot()) }, shape: [1, 3, 1, 1])
        try expectClose(norm(input), (input - mean) / deviation)
        #expect(try norm.runningMean.tensor.elements(Float.self) == [1, 2, 3])
        #expect(try norm.numBatchesTracked.tensor.item() == 0)
    }

    @Test func aPassMayLeaveRunningStatisticsAlone() throws {
        let norm = try BatchNorm2d(3)
        norm.setTraining(true, updatesStatistics: false)
        let first = try norm(input())
        #expect(try norm.runningMean.tensor.elements(Float.self) == [0, 0, 0])
        #expect(try norm.numBatchesTracked.tensor.item() == 0)
        norm.setTraining(true)
        try expectClose(norm(input()), first, tolerance: 0)
    }

    @Test func theModeReachesEveryNorm() throws {
        let pair = try Pair()
        pair.setTraining(true)
        #expect(pair.first.isTraining && pair.second[0].isTraining)
        pair.setTraining(false)
        #expect(!pair.first.isTraining && !pair.second[0].isTraining)
    }

    @Test func buffersAreStateButNotLearned() throws {
        let pair = try Pair()
        #expect(pair.parameterCount == 10)
        let names = pair.namedBuffers.map(\.name)
        #expect(
            names.prefix(3) == ["first.running_mean", "first.running_var", "first.num_batches_tracked"]
                && names.count == 6)
        let state = try pair.state()
        #expect(state.count == 10)
        #expect(state["second.0.num_batches_tracked"]?.dtype == .int64)
    }

    @Test func buffersKeepTheirTypeInLowerPrecision() throws {
        let norm = try BatchNorm2d(3)
        try norm.runningMean.replace(with: Tensor([1.001, 2, 3] as [Float]))
        let exact = try norm(input())
        try norm.convert(to: .bfloat16)
        #expect(norm.weight.tensor.dtype == .bfloat16)
        #expect(norm.runningMean.tensor.dtype == .float32 && norm.numBatchesTracked.tensor.dtype == .int64)
        let output = try norm(input().converted(to: .bfloat16))
        #expect(output.dtype == .bfloat16)
        try expectClose(output.converted(to: .float32), exact, tolerance: 1e-2)
    }

    @Test func onlyTheCounterMayBeMissing() throws {
        let norm = try BatchNorm2d(3)
        var state = try norm.state()
        try norm.numBatchesTracked.tensor.addInPlace(7)
        state["num_batches_tracked"] = nil
        try norm.load(state)
        #expect(try norm.numBatchesTracked.tensor.item() == 0)
        state["running_var"] = nil
        let mismatch = #expect(throws: StateMismatch.self) { try norm.load(state) }
        #expect(mismatch?.missing == ["running_var"])
    }

    @Test func loadedStatisticsAreACopy() throws {
        let source = try BatchNorm2d(3)
        let target = try BatchNorm2d(3)
        try target.load(source.state())
        target.setTraining(true)
        _ = try target(input())
        #expect(try source.runningMean.tensor.elements(Float.self) == [0, 0, 0])
        #expect(try source.numBatchesTracked.tensor.item() == 0)
    }
}

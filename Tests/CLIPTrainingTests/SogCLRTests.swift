import CLIP
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// SogCLR over the whole matrix, in 64 bits and by autograd: its moving averages are plain numbers, by sample.
private final class PlainSogCLR: PlainLoss {
    let gamma: Double
    let duplicates: LossConfiguration.Duplicates
    var numbers: [Int64] = []
    private(set) var averages: [Int64: [Double]] = [:]
    var usesBias: Bool { false }

    init(gamma: Double, duplicates: LossConfiguration.Duplicates) {
        self.gamma = gamma
        self.duplicates = duplicates
    }

    /// The value is the batch's cross-entropy; the gradient is that of Σ g/u, for u that is no function of anything.
    func value(logits: Tensor, teacher: Tensor?, equal: Tensor) throws -> Tensor {
        let count = numbers.count
        let identity = try Tensor.identity(count, dtype: logits.dtype)
        let own = try (logits * identity).sum(along: 1, keep: true)  // [N, 1]
        let kept = duplicates == .excluded ? try identity - equal + 1 : try identity.onesLike()
        func means(_ logits: Tensor) throws -> Tensor {
            try ((logits - own).exponential() * kept).sum(along: 1) / Double(count)
        }
        let sides = [try means(logits), try means(logits.transposed())]
        let found = try sides.map { try $0.detached().elements(Double.self) }
        var used = found
        for (place, number) in numbers.enumerated() {
            for way in 0..<2 {
                let old = averages[number]?[way]
                used[way][place] = old.map { (1 - gamma) * $0 + gamma * found[way][place] } ?? found[way][place]
            }
            averages[number] = used.map { $0[place] }
        }
        let surrogate = try (sides[0] / Tensor(used[0]) + sides[1] / Tensor(used[1])).sum() / Double(2 * count)
        let value = found.joined().reduce(0) { $0 + log(Double(count) * $1) } / Double(2 * count)
        return try surrogate - surrogate.detached() + value
    }
}

/// A loss that remembers samples.
@Suite struct SogCLRTests {
    /// A batch of eleven samples out of sixteen, each step others and in another order; one stands in it twice.
    private func sample(_ step: Int, scale: Double, count: Int = 11) throws -> SampleBatch {
        var sample = try SampleBatch(count: count, width: 6, logitScale: scale, seed: UInt64(40 + step))
        sample.batch.sampleNumbers = (0..<count).map { Int64(($0 * 5 + step * 3) % 16) << 40 | 7 }
        sample.batch.sampleNumbers[4] = sample.batch.sampleNumbers[2]
        return sample
    }

    @Test(arguments: [1, 3, 16, 100], [0.1, 0.8, 1]) func tilesOfAnySizeGiveThePlainLoss(_ size: Int, _ gamma: Double)
        throws
    {
        for duplicates in [LossConfiguration.Duplicates.negatives, .excluded] {
            for scale in [2.6, log(100.0)] {
                let tiling = Tiling(rows: size, columns: max(1, size - 2))
                let loss = SogCLRLoss(gamma: gamma, duplicates: duplicates, tiling: tiling)
                let plain = PlainSogCLR(gamma: gamma, duplicates: duplicates)
                for step in 0..<4 {
                    let sample = try sample(step, scale: scale)
                    plain.numbers = sample.batch.sampleNumbers
                    // In 32 bits, a logit of 100 is exact to 1e-5, and its power with it.
                    try sample.expectEqual(loss, plain: plain, tolerance: scale < 3 ? 1e-5 : 1e-4)
                }
                let tensors = try #require(loss.state).tensors()
                let numbers = try #require(tensors["numbers"]).elements(Int64.self)
                let logarithms = try #require(tensors["logarithms"]).elements(Float.self)
                #expect(numbers == plain.averages.keys.sorted())
                for (place, number) in numbers.enumerated() {
                    for way in 0..<2 {
                        let wanted = log(try #require(plain.averages[number]?[way]))
                        #expect(abs(Double(logarithms[2 * place + way]) - wanted) < 2e-4, "\(number)")
                    }
                }
            }
        }
    }

    @Test func aShareOfOneLeavesTheSoftmaxLoss() throws {
        for duplicates in [LossConfiguration.Duplicates.negatives, .excluded] {
            let loss = SogCLRLoss(gamma: 1, duplicates: duplicates)
            for step in 0..<3 {
                let sample = try sample(step, scale: 2.6)
                try sample.expectEqual(loss, plain: PlainSoftmax(duplicates: duplicates))
            }
        }
    }

    /// Two pairs at the temperature 1, by hand. Alike at first: d = −1 and g = (1 + 1/e)/2. Then each picture gets the
    /// other's caption: d = 1 and g = (1 + e)/2, and with γ = ¼ u = ¾·(1 + 1/e)/2 + ¼·(1 + e)/2.
    @Test func twoPairsByHand() throws {
        let identity = try Tensor.identity(2)
        let swapped = try Tensor([0, 1, 1, 0] as [Float], shape: [2, 2])
        let loss = SogCLRLoss(gamma: 0.25)
        let first = try loss.gradients(
            of: EmbeddedBatch(pictures: identity, texts: identity, logitScale: 0, sampleNumbers: [3, 9]),
            over: SingleProcess())
        // As the softmax's: minus the chance of the wrong caption.
        #expect(abs(first.logitScale + 1 / (1 + exp(1))) < 1e-6)
        #expect(abs(first.value.total - log(1 + exp(-1))) < 1e-6)
        let second = try loss.gradients(
            of: EmbeddedBatch(pictures: identity, texts: swapped, logitScale: 0, sampleNumbers: [3, 9]),
            over: SingleProcess())
        let average = 0.75 * (1 + exp(-1)) / 2 + 0.25 * (1 + exp(1)) / 2  // 0.97773
        // Each picture's wrong caption, at the logit 1, weighs e/2u; the right one is at 0.
        #expect(abs(second.logitScale - exp(1) / (2 * average)) < 1e-6)
        #expect(abs(second.logitScale - 1.39011) < 1e-4)
        #expect(abs(second.value.total - log(1 + exp(1))) < 1e-6)
        let moving = try #require(second.value[SogCLRLoss.movingAverage])
        #expect(abs(moving - log(2 * average)) < 1e-6)
        // The other order of the same samples finds the same averages.
        let third = SogCLRLoss(gamma: 0.25)
        try #require(third.state).load(#require(loss.state).tensors())
        for (used, numbers) in [(loss, [3, 9]), (third, [9, 3])] as [(SogCLRLoss, [Int64])] {
            let value = try used.gradients(
                of: EmbeddedBatch(pictures: identity, texts: identity, logitScale: 0, sampleNumbers: numbers),
                over: SingleProcess()
            ).value
            let wanted = 0.75 * average + 0.25 * (1 + exp(-1)) / 2
            #expect(try abs(#require(value[SogCLRLoss.movingAverage]) - log(2 * wanted)) < 1e-6)
        }
    }

    /// Averages of e^200 and of e^-200, and from one to the other.
    @Test(arguments: [2, 64]) func theLargestScaleNeitherOverflowsNorLosesSamples(_ tile: Int) throws {
        let loss = SogCLRLoss(gamma: 0.5, tiling: Tiling(rows: tile, columns: tile))
        let plain = PlainSogCLR(gamma: 0.5, duplicates: .negatives)
        for sign in [1.0, -1, 1] {
            var sample = try SampleBatch(count: 9, width: 5, logitScale: log(100), repeated: false)
            let direction = try Tensor([1, 1, 0, 0, 0] as [Float]) * 30
            sample.batch.texts = try sample.batch.texts + direction
            sample.batch.pictures = try sample.batch.pictures + direction
            try sample.batch.pictures.select(3).multiplyInPlace(-1)
            sample.batch.pictures = try sample.batch.pictures * sign
            sample.batch.sampleNumbers = (0..<9).map { $0 }
            plain.numbers = sample.batch.sampleNumbers
            try sample.expectEqual(loss, plain: plain, tolerance: 3e-4)
        }
    }

    @Test func whatIsNotANumberShowsAndIsNotRemembered() throws {
        let loss = SogCLRLoss()
        var sample = try sample(0, scale: 2.6)
        sample.batch.pictures = try sample.batch.pictures * .nan
        #expect(try loss.gradients(of: sample.batch, over: SingleProcess()).value.total.isNaN)
        #expect(try #require(loss.state).tensors()["numbers"]?.shape == [0])
    }

    @Test(arguments: [2, 3]) func processesTogetherGiveOneProcesssLossAndState(_ count: Int) throws {
        for scale in [2.6, log(100.0)] {
            for duplicates in [LossConfiguration.Duplicates.negatives, .excluded] {
                func make() -> SogCLRLoss {
                    SogCLRLoss(gamma: 0.3, duplicates: duplicates, tiling: Tiling(rows: 2, columns: 5))
                }
                let samples = try (0..<3).map { try sample($0, scale: scale, count: 12) }
                let one = make()
                let wholes = try samples.map { try one.gradients(of: $0.batch, over: SingleProcess()) }
                // Real processes' collectives, over Gloo; ranks are threads.
                let found = try onCommunicators(count) { communicator in
                    let loss = make()
                    let parts = try samples.map {
                        try loss.gradients(of: $0.part(communicator.rank, of: count), over: communicator)
                    }
                    return (parts, try #require(loss.state).tensors())
                }
                for (step, whole) in wholes.enumerated() {
                    let parts = found.map { $0.0[step] }
                    for part in parts {
                        #expect(part.value == parts[0].value, "every process knows the whole loss")
                        #expect(abs(part.value.total - whole.value.total) < 1e-5 * max(1, whole.value.total))
                    }
                    let label = "step \(step) of \(count)"
                    let tolerance = scale < 3 ? 1e-5 : 5e-5
                    try expectClose(
                        Tensor.concatenated(parts.map(\.pictures)), whole.pictures, tolerance: tolerance, label)
                    try expectClose(Tensor.concatenated(parts.map(\.texts)), whole.texts, tolerance: tolerance, label)
                    let total = parts.map(\.logitScale).reduce(0, +)
                    #expect(abs(total - whole.logitScale) < 5e-5 * max(1, abs(whole.logitScale)))
                }
                let wanted = try #require(one.state).tensors()
                for (_, state) in found {
                    for (name, tensor) in state {
                        #expect(try tensor.bytes() == #require(found[0].1[name]).bytes(), "the same on every process")
                        try expectClose(tensor, #require(wanted[name]), tolerance: 1e-4, name)
                    }
                }
            }
        }
    }

    private func trainer(_ size: Int = MicroBatchTests.count) throws -> Trainer {
        var loss = LossConfiguration(kind: .init(rawValue: "sogclr"))
        loss.parameters["gamma"] = 0.4
        return try MicroBatchTests.trainer(loss, microBatchSize: size)
    }

    /// Thirteen pairs, whose pictures get `strength` times as clear.
    private func batch(_ strength: Double = 1) throws -> TrainingBatch {
        let batch = try MicroBatchTests.batch()
        return TrainingBatch(
            pictures: try batch.pictures * strength, captions: batch.captions, texts: batch.texts,
            sampleNumbers: batch.sampleNumbers)
    }

    @Test(arguments: [2, 5]) func partsGiveTheWholeBatchsGradient(_ size: Int) throws {
        let (whole, chunked) = (try trainer(), try trainer(size))
        for strength in [1.0, 0.2] {
            for trainer in [whole, chunked] { try trainer.optimizer.clearGradients() }
            let value = try MicroBatchTests.gradients(whole, batch(strength))
            let found = try MicroBatchTests.gradients(chunked, batch(strength))
            #expect(abs(found.total - value.total) < 1e-5 * value.total)
            try MicroBatchTests.expectSameGradients(chunked, whole)
        }
    }

    @Test func aCheckpointBringsAveragesAndStepsBackBitForBit() throws {
        try withTemporaryDirectory { directory in
            let store = CheckpointStore(run: directory)
            func save(_ trainer: Trainer, step: Int) throws {
                try store.save(
                    trainer, parts: trainer.stateTensors(),
                    RunState(
                        position: TrainingPosition(step: step, epoch: 0, pair: 13 * step),
                        configuration: trainer.configuration))
            }
            let first = try trainer()
            try first.model.ownMemory()
            // Before the first step there is nothing to remember.
            try save(first, step: 0)
            _ = try withSeed(1) { try store.restore(trainer()) }
            for strength in [1.0, 0.5] { _ = try withSeed(1) { try first.train(on: batch(strength)) } }
            try save(first, step: 2)
            let second = try trainer()
            // A checkpoint brings the generator's state too, from which other tests may be drawing.
            _ = try withSeed(1) { try store.restore(second) }
            for trainer in [first, second] {
                for strength in [0.3, 2] { _ = try withSeed(1) { try trainer.train(on: batch(strength)) } }
            }
            for (left, right) in zip(first.model.namedParameters, second.model.namedParameters) {
                #expect(try left.parameter.tensor.bytes() == right.parameter.tensor.bytes(), "\(left.name)")
            }
            let (left, right) = (try first.stateTensors(), try second.stateTensors())
            #expect(left.map(\.name) == ["optimizer", "sogclr", "random"])
            for (old, new) in zip(left, right) where old.name != "random" {
                for (name, tensor) in old.tensors {
                    #expect(try tensor.bytes() == #require(new.tensors[name]).bytes(), "\(old.name) \(name)")
                }
            }
            #expect(left[1].tensors["numbers"]?.shape == [13])
        }
    }

    @Test func aStateThatDoesNotFitIsNamed() throws {
        let state = try #require(SogCLRLoss().state)
        let numbers = try Tensor([1, 2] as [Int64])
        #expect(throws: StateMismatch(missing: ["logarithms"], unexpected: ["u"], misshaped: [])) {
            try state.load(["numbers": numbers, "u": numbers])
        }
        #expect(throws: StateMismatch.self) {
            try state.load(["numbers": numbers, "logarithms": Tensor.zeros([3, 2])])
        }
        try state.load(["numbers": numbers, "logarithms": Tensor.zeros([2, 2])])
        #expect(try state.tensors()["numbers"]?.shape == [2])
        state.forget()
        #expect(try state.tensors()["numbers"]?.shape == [0])
    }

    @Test func whatItCannotHaveIsRefused() throws {
        func refused(_ word: String, _ change: (inout LossConfiguration) -> Void) {
            var loss = LossConfiguration(kind: .init(rawValue: "sogclr"))
            change(&loss)
            let error = #expect(throws: TrainingError.self) { try loss.validate() }
            #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        }
        refused("one caption") { $0.duplicates = .positives }
        refused("teacher") { $0.distillationWeight = 1 }
        refused("up to 1") { $0.parameters["gamma"] = 1.5 }
        refused("above 0") { $0.parameters["gamma"] = 0 }
        refused("up to 1") { $0.parameters["gamma"] = .nan }
        refused("\"tau\"") { $0.parameters["tau"] = 1 }
        refused("softmax, sigmoid, sogclr") { $0.kind = .init(rawValue: "sogclr2") }
        var sample = try sample(0, scale: 2)
        sample.batch.sampleNumbers = []
        #expect(throws: TrainingError.self) {
            try SogCLRLoss().gradients(of: sample.batch, over: SingleProcess())
        }
    }
}

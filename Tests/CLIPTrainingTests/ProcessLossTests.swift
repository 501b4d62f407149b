import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPTraining

/// A batch spread over processes against the same batch in one.
@Suite struct ProcessLossTests {
    @Test(arguments: [1, 2, 3, 4]) func processesTogetherGiveOneProcesssLoss(_ count: Int) throws {
        for scale in [2.6, log(100.0)] {
            for duplicates in LossConfiguration.Duplicates.allCases {
                let sample = try SampleBatch(count: 12, width: 6, logitScale: scale)
                let tiling = Tiling(rows: 2, columns: 5)
                try expectEqual(
                    SoftmaxLoss(duplicates: duplicates, distillationWeight: 0.7, tiling: tiling), count, sample)
                try expectEqual(SigmoidLoss(duplicates: duplicates, tiling: tiling), count, sample)
            }
        }
    }

    private func expectEqual(_ loss: any EmbeddingLoss, _ count: Int, _ sample: SampleBatch) throws {
        let whole = try loss.gradients(of: sample.batch, over: SingleProcess())
        let parts = try ThreadGroup(size: count).run { communicator in
            try loss.gradients(of: sample.part(communicator.rank, of: count), over: communicator)
        }
        for part in parts {
            #expect(abs(part.value.total - whole.value.total) < 1e-5 * max(1, whole.value.total))
            #expect(part.value == parts[0].value, "every process knows the whole loss")
        }
        try expectClose(Tensor.concatenated(parts.map(\.pictures)), whole.pictures, tolerance: 1e-5, "\(loss)")
        try expectClose(Tensor.concatenated(parts.map(\.texts)), whole.texts, tolerance: 1e-5, "\(loss)")
        let scale = parts.map(\.logitScale).reduce(0, +)
        #expect(abs(scale - whole.logitScale) < 1e-5 * max(1, abs(whole.logitScale)))
        if let bias = whole.logitBias {
            #expect(abs(parts.compactMap(\.logitBias).reduce(0, +) - bias) < 1e-5 * max(1, abs(bias)))
        }
    }
}

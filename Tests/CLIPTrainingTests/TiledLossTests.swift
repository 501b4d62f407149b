import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPTraining

/// Tiled losses against losses over the whole matrix with autograd.
@Suite struct TiledLossTests {
    @Test(arguments: [1, 3, 5, 16, 100]) func tilesOfAnySizeGiveThePlainLoss(_ size: Int) throws {
        for scale in [2.6, log(100.0)] {
            for duplicates in LossConfiguration.Duplicates.allCases {
                let batch = try SampleBatch(count: 11, width: 6, logitScale: scale)
                let tiling = Tiling(rows: size, columns: max(1, size - 2))
                let loss = SoftmaxLoss(duplicates: duplicates, tiling: tiling)
                try batch.expectEqual(loss, plain: PlainSoftmax(duplicates: duplicates))
                let sigmoid = SigmoidLoss(duplicates: duplicates, tiling: tiling)
                try batch.expectEqual(sigmoid, plain: PlainSigmoid(duplicates: duplicates))
                let taught = SoftmaxLoss(duplicates: duplicates, distillationWeight: 0.7, tiling: tiling)
                try batch.expectEqual(taught, plain: PlainSoftmax(duplicates: duplicates, distillationWeight: 0.7))
            }
        }
    }

    @Test func theIdentitiesOfTwoHaveTheirKnownLosses() throws {
        let identity = try Tensor.identity(2)
        let batch = EmbeddedBatch(pictures: identity, texts: identity, logitScale: 0, logitBias: -10)
        let softmax = try SoftmaxLoss().gradients(of: batch, over: SingleProcess()).value
        #expect(abs(softmax.total - 0.3132617) < 1e-6)
        var siglip = batch
        siglip.logitScale = log(10)
        let sigmoid = try SigmoidLoss().gradients(of: siglip, over: SingleProcess()).value
        #expect(abs(sigmoid.total - 0.6931926) < 1e-6)
    }
}

import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

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

    /// e^100 is no float32, and neither is e^-100: rows here lie 200 apart.
    @Test(arguments: [2, 64]) func theLargestScaleNeitherOverflowsNorLosesRows(_ tile: Int) throws {
        var sample = try SampleBatch(count: 9, width: 5, logitScale: log(100), repeated: false)
        let direction = try Tensor([1, 1, 0, 0, 0] as [Float]) * 30
        sample.batch.texts = try sample.batch.texts + direction
        sample.batch.pictures = try sample.batch.pictures + direction
        try sample.batch.pictures.select(3).multiplyInPlace(-1)
        let loss = SoftmaxLoss(tiling: Tiling(rows: tile, columns: tile))
        let found = try loss.gradients(of: sample.batch, over: SingleProcess())
        #expect(found.value.total > 8 && found.value.total.isFinite)
        // What is left of differences of logits near 100 in 32 bits.
        try sample.expectEqual(loss, plain: PlainSoftmax(), tolerance: 2e-4)
    }

    /// A loss that is no number has to show, on whichever way it is computed.
    @Test(arguments: [2.6, log(100)]) func whatIsNotANumberStaysSo(_ scale: Double) throws {
        var sample = try SampleBatch(count: 6, width: 5, logitScale: scale)
        sample.batch.pictures = try sample.batch.pictures * .nan
        let taught = SoftmaxLoss(distillationWeight: 1)
        for loss in [SoftmaxLoss(), taught, SigmoidLoss()] as [any EmbeddingLoss] {
            #expect(try loss.gradients(of: sample.batch, over: SingleProcess()).value.total.isNaN)
        }
    }

    @Test func tilesFollowFromBytesAndCoverEverything() {
        for (tiling, rows, columns) in [
            (Tiling(bytes: 1), 5, 7), (Tiling(bytes: 4096), 40, 100), (Tiling(), 700, 70_000),
            (Tiling(rows: 3, columns: 4), 10, 9),
        ] {
            let tiles = tiling.tiles(rows: rows, columns: columns, on: .cpu)
            #expect(tiles.rows.flatMap { Array($0) } == Array(0..<rows))
            #expect(tiles.columns.flatMap { Array($0) } == Array(0..<columns))
            let largest = (tiles.rows.map(\.count).max() ?? 0) * (tiles.columns.map(\.count).max() ?? 0)
            if let bytes = tiling.bytes { #expect(largest == 1 || largest * 16 <= bytes) }
        }
    }

    @Test func keysAreEqualWhereCaptionsAre() {
        let captions: [[Int32]] = [[1, 2], [2, 1], [1], [1, 2, 0], [], [258], [-1], [1, 2]]
        let keys = captions.map(CaptionKey.key)
        #expect(keys[0] == keys[7] && Set(keys).count == 7)
    }
}

/// What is asked of losses by name.
@Suite struct LossChoiceTests {
    @Test func settingsOfOlderRunsAreReadAndWrittenAsTheyWere() throws {
        let old = """
            {"distillationWeight":0.5,"duplicates":"excluded","fixesTemperature":true,"kind":"softmax"}
            """
        let configuration = try JSONDecoder().decode(LossConfiguration.self, from: Data(old.utf8))
        var wanted = LossConfiguration(duplicates: .excluded)
        wanted.distillationWeight = 0.5
        wanted.fixesTemperature = true
        #expect(configuration == wanted)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(configuration), as: UTF8.self) == old)
        wanted.parameters["gamma"] = 0.25
        let text = String(decoding: try encoder.encode(wanted), as: UTF8.self)
        #expect(text.contains("\"parameters\":{\"gamma\":0.25}"))
        #expect(try JSONDecoder().decode(LossConfiguration.self, from: Data(text.utf8)) == wanted)
    }

    @Test func aModelsBiasChoosesTheLoss() throws {
        #expect(LossConfiguration.Kind.suiting(hasLogitBias: false) == .softmax)
        #expect(LossConfiguration.Kind.suiting(hasLogitBias: true) == .sigmoid)
        #expect(try !LossConfiguration().needs().captionKeys)
        #expect(try LossConfiguration(kind: .sigmoid, duplicates: .excluded).needs().captionKeys)
        let unknown = LossConfiguration(kind: .init(rawValue: "hinge"))
        let error = #expect(throws: TrainingError.self) { try unknown.validate() }
        #expect(error?.description.contains("\"hinge\"") == true && error?.description.contains("softmax") == true)
        var given = LossConfiguration()
        given.parameters["margin"] = 1
        #expect(throws: TrainingError.self) { try given.validate() }
    }

    @Test func namesOfTermsAreOneEverywhere() {
        #expect(StepMetric.term(LossTerm.imageToText.name).name == "loss_image_to_text")
        #expect(StepMetric.term(LossTerm.imageToText.name).tag == "loss/image_to_text")
        #expect(StepMetric.term(LossTerm.textToImage.name).tag == "loss/text_to_image")
        #expect(StepMetric.term(LossTerm.distillation.name).name == "loss_distillation")
        #expect(Set(StepMetric.allCases.map(\.name)).count == StepMetric.allCases.count)
    }

    @Test func momentsThatCannotBeSharedOutAreNotIgnored() throws {
        #expect(throws: TrainingError.self) {
            try ThreadGroup(size: 2).run { communicator in
                _ = try Trainer(
                    model: MicroBatchTests.model(), configuration: TrainingConfiguration(batchSize: 4, totalSteps: 1),
                    communicator: communicator, sharesOptimizer: true)
            }
        }
        let alone = try Trainer(
            model: MicroBatchTests.model(), configuration: TrainingConfiguration(batchSize: 4, totalSteps: 1),
            sharesOptimizer: true)
        #expect(alone.optimizer is AdamW, "one process's part is everything")
    }
}

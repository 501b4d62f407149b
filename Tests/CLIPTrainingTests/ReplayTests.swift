import CLIP
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// Towers that draw random numbers draw the same ones in both passes over a part.
@Suite struct ReplayTests {
    /// Drops features of what the model's towers give, and notes what it dropped.
    private final class DroppingTowers {
        let model: DualEncoder
        let batch: TrainingBatch
        var masks: [MicroBatches.Tower: [Tensor]] = [:]

        init(_ model: DualEncoder, _ batch: TrainingBatch) {
            self.model = model
            self.batch = batch
        }

        func encode(_ tower: MicroBatches.Tower, _ range: Range<Int>) throws -> Tensor {
            let plain =
                switch tower {
                case .pictures: try model.encode(pictures: batch.pictures.slice(range))
                case .texts: try model.encode(captions: Array(batch.captions[range]))
                }
            let half = try Tensor.full(plain.shape, 0.5)
            let mask = try Tensor.uniform(plain.shape).greater(than: half).converted(to: .float32)
            masks[tower, default: []].append(mask)
            return try plain * mask
        }
    }

    @Test(arguments: [2, 5, 13]) func bothPassesDropTheSame(_ size: Int) throws {
        let batch = try MicroBatchTests.batch()
        let towers = DroppingTowers(try MicroBatchTests.model(), batch)
        let parts = (13 + size - 1) / size
        let model = try MicroBatchTests.model()
        let (found, firstMasks) = try withSeed(3) {
            let chunks = try MicroBatches(batch: batch, size: size, model: towers.model)
            let pictures = try chunks.embed(.pictures, towers.encode)
            let texts = try chunks.embed(.texts, towers.encode)
            let masks = towers.masks
            try chunks.backward(pictures: pictures * 2, texts: texts * 3, encode: towers.encode)
            return ((pictures, texts), masks)
        }
        for tower in MicroBatches.Tower.allCases {
            let masks = try #require(towers.masks[tower])
            // The last part goes through once, the others twice.
            #expect(masks.count == 2 * parts - 1)
            for (first, second) in zip(masks, masks.dropFirst(parts)) { #expect(try first.bytes() == second.bytes()) }
            #expect(try masks.first?.bytes() != masks.dropFirst().first?.bytes() || parts == 1)
        }
        // The same by one graph with what was dropped.
        let pictures =
            try model.encode(pictures: batch.pictures)
            * Tensor.concatenated(#require(firstMasks[.pictures]))
        let texts = try model.encode(captions: batch.captions) * Tensor.concatenated(#require(firstMasks[.texts]))
        try expectClose(found.0, pictures, tolerance: 1e-5, "pictures")
        try expectClose(found.1, texts, tolerance: 1e-5, "texts")
        try Tensor.backward([(pictures, pictures.detached() * 2), (texts, texts.detached() * 3)])
        for (left, right) in zip(towers.model.namedParameters, model.namedParameters)
        where left.name != "logit_scale" && !left.name.hasSuffix("key.bias") {
            try expectClose(
                #require(try left.parameter.tensor.gradient()), #require(try right.parameter.tensor.gradient()),
                tolerance: 1e-5, left.name)
        }
    }

    /// Numbers drawn element by element are the same whatever the parts' size, and so is what is drawn afterwards.
    @Test func theGeneratorEndsWhereOnePassLeavesIt() throws {
        let batch = try MicroBatchTests.batch()
        func run(_ size: Int) throws -> (masks: [UInt8], next: [UInt8]) {
            let towers = DroppingTowers(try MicroBatchTests.model(), batch)
            return try withSeed(4) {
                let chunks = try MicroBatches(batch: batch, size: size, model: towers.model)
                let pictures = try chunks.embed(.pictures, towers.encode)
                let texts = try chunks.embed(.texts, towers.encode)
                let masks = try Tensor.concatenated(#require(towers.masks[.texts])).bytes()
                try chunks.backward(pictures: pictures, texts: texts, encode: towers.encode)
                return (masks, try Tensor.uniform([8]).bytes())
            }
        }
        let whole = try run(13)
        for size in [2, 5] {
            let parts = try run(size)
            #expect(parts.masks == whole.masks)
            #expect(parts.next == whole.next)
        }
    }

    @Test(arguments: [2, 13]) func aLockedTowerGoesThroughOnce(_ size: Int) throws {
        let batch = try MicroBatchTests.batch()
        let towers = DroppingTowers(try MicroBatchTests.model(), batch)
        for parameter in try towers.model.visual.parameters { try parameter.tensor.setRequiresGradient(false) }
        try withSeed(5) {
            let chunks = try MicroBatches(batch: batch, size: size, model: towers.model)
            let pictures = try chunks.embed(.pictures, towers.encode)
            let texts = try chunks.embed(.texts, towers.encode)
            try chunks.backward(pictures: pictures, texts: texts, encode: towers.encode)
        }
        let parts = (13 + size - 1) / size
        #expect(towers.masks[.pictures]?.count == parts && towers.masks[.texts]?.count == 2 * parts - 1)
        #expect(try towers.model.visual.parameters.allSatisfy { try $0.tensor.gradient() == nil })
        #expect(try towers.model.text.parameters.allSatisfy { try $0.tensor.gradient() != nil })
    }
}

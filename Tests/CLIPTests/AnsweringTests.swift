import Testing
import Torch

@testable import CLIP

@Suite struct AnsweringTests {
    @Test func autoStandsForOneOfTheOthers() throws {
        let transformer = try ModelCatalog.description(of: "ViT-B-32").configuration
        let convolutional = try ModelCatalog.description(of: "RN50").configuration
        let fast: InferencePrecision = MatrixPacking.bfloat16IsFaster ? .bf16 : .fp32
        #expect(InferencePrecision.auto.resolved(for: transformer, on: .cpu) == fast)
        #expect(InferencePrecision.auto.resolved(for: convolutional, on: .cpu) == .fp32)
        #expect(InferencePrecision.auto.resolved(for: transformer, on: .cuda) == .fp32)
        for precision in [InferencePrecision.fp32, .bf16, .int8] {
            #expect(precision.resolved(for: convolutional, on: .cpu) == precision)
        }
    }

    @Test func bytesAreRefusedWhereThereIsNoCodeForThem() throws {
        let shape = try ModelCatalog.description(of: "ViT-B-32").configuration
        #expect(throws: CLIPError.unavailablePrecision(.int8, reason: "it is computed on the CPU alone")) {
            try Answering(.int8).settled(for: shape, on: .mps)
        }
        if MatrixPacking.int8.isAvailable {
            #expect(try Answering(.int8).settled(for: shape, on: .cpu).precision == .int8)
        } else {
            #expect(throws: CLIPError.self) { try Answering(.int8).settled(for: shape, on: .cpu) }
        }
    }

    @Test func aModelSaysWhatItComputesIn() throws {
        let clip = try ModelCatalog.description(of: FixtureModel.root() + "/families/hf-clip").loaded(
            answering: Answering(.bf16))
        #expect(clip.precision == .bf16 && clip.model.dtype == .bfloat16)
        try clip.model.prepare(computingIn: .float32, on: .cpu)
        #expect(clip.precision == .fp32 && clip.model.answering == nil)
    }
}

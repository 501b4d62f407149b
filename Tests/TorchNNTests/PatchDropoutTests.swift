import TestSupport
import Testing
import Torch

@testable import TorchNN

@Suite struct PatchDropoutTests {
    private func dropout(_ probability: Double) -> PatchDropout {
        let dropout = PatchDropout()
        dropout.probability = probability
        dropout.setTraining(true)
        return dropout
    }

    /// FLIP's and open_clip's count.
    @Test(arguments: [(49, 0.5, 24), (49, 0.75, 12), (196, 0.25, 147), (4, 0.99, 1), (10, 0.0, 10)])
    func keepsAsManyAsItShould(_ count: Int, _ probability: Double, _ kept: Int) throws {
        #expect(dropout(probability).keptCount(of: count) == kept)
    }

    @Test func everyPictureHasItsOwnChoiceOfDifferentPatches() throws {
        try withSeed(1) {
            let choice = try #require(try dropout(0.5).choice(batch: 64, count: 16, device: .cpu))
            #expect(choice.shape == [64, 8])
            let places = try choice.elements(Int64.self).map(Int.init)
            var counts = [Int](repeating: 0, count: 16)
            var rows: Set<Set<Int>> = []
            for row in 0..<64 {
                let own = Set(places[row * 8..<row * 8 + 8])
                #expect(own.count == 8)
                #expect(own.allSatisfy { (0..<16).contains($0) })
                rows.insert(own)
                for place in own { counts[place] += 1 }
            }
            #expect(rows.count > 60)
            // 32 expected of each, deviation 4.
            #expect(counts.allSatisfy { (12...52).contains($0) }, "\(counts)")
        }
    }

    @Test func nothingIsDrawnOutsideTraining() throws {
        try withSeed(2) {
            let dropout = dropout(0.5)
            dropout.setTraining(false)
            let before = try Engine.randomState().bytes()
            #expect(try dropout.choice(batch: 4, count: 16, device: .cpu) == nil)
            let off = PatchDropout()
            off.setTraining(true)
            #expect(try off.choice(batch: 4, count: 16, device: .cpu) == nil)
            #expect(try Engine.randomState().bytes() == before)
        }
    }

    @Test func rowsArePickedFromEachPicture() throws {
        let states = try Tensor((0..<24).map(Float.init), shape: [2, 4, 3])
        let places = try Tensor([3, 0, 1, 1] as [Int64], shape: [2, 2])
        let rows = try PatchDropout.rows(of: states, at: places)
        #expect(rows.shape == [2, 2, 3])
        #expect(try rows.elements(Float.self) == [9, 10, 11, 0, 1, 2, 15, 16, 17, 15, 16, 17])
    }
}

import Testing
import Torch

@testable import CLIP

@Suite struct NormalizedBatchTests {
    /// The pass through memory that saves time changes no bit.
    @Test(arguments: [1, 2, 5]) func oneGoGivesTheSameBits(count: Int) throws {
        let preprocessor = PicturePreprocessor(PreprocessConfiguration(size: 20))
        let pictures = try (0..<count).map { index in
            try Tensor((0..<1200).map { UInt8(truncatingIfNeeded: $0 * 7 + index * 31) }, shape: [3, 20, 20])
        }
        let fast = try preprocessor.normalizedBatch(pictures)
        let plain = try preprocessor.normalize(Tensor.stacked(pictures))
        #expect(fast.shape == [count, 3, 20, 20])
        let (left, right) = (try fast.elements(Float.self), try plain.elements(Float.self))
        for index in left.indices { #expect(left[index] == right[index], "value \(index)") }
    }
}

import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIP

/// What views of pictures may be in training.
@Suite struct VariationTests {
    /// Reproducible, and nothing else.
    private struct Steps: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    /// A dark square with a white hole in the middle of a white picture.
    private static func square() throws -> Picture {
        let side = 32
        var pixels = [UInt8](repeating: 255, count: side * side * 3)
        for y in 8..<24 {
            for x in 8..<24 where !(14..<18).contains(x) || !(14..<18).contains(y) {
                for channel in 0..<3 { pixels[(y * side + x) * 3 + channel] = 40 }
            }
        }
        return try Picture(width: side, height: side, pixels: pixels)
    }

    private func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> [UInt8] {
        let place = (y * picture.width + x) * 3
        return Array(picture.pixels[place..<place + 3])
    }

    @Test func whiteIsFilledFromTheEdgeOnly() throws {
        let picture = try Self.square()
        let filled = picture.filledAround { _, _ in (0.2, 0.4, 1) }
        #expect(pixel(filled, 0, 0) == [51, 102, 255] && pixel(filled, 31, 31) == [51, 102, 255])
        // What is drawn keeps its color inside, and so does white that nothing leads to.
        #expect(pixel(filled, 11, 11) == [40, 40, 40])
        #expect(pixel(filled, 15, 15) == [255, 255, 255])
        // At its rim it is blended with the surroundings.
        #expect(pixel(filled, 8, 12) == [8, 16, 40])
    }

    @Test func aPictureWithoutWhiteEdgesStays() throws {
        var pixels = [UInt8](repeating: 90, count: 32 * 32 * 3)
        for channel in 0..<3 { pixels[channel] = 255 }
        let picture = try Picture(width: 32, height: 32, pixels: pixels)
        #expect(picture.filledAround { _, _ in (0, 0, 0) } == picture)
        let dot = try Picture(width: 1, height: 1, pixels: [255, 255, 255])
        #expect(dot.filledAround { _, _ in (0, 0, 0) }.pixels == [0, 0, 0])
    }

    private func view(_ change: (inout PictureVariations) -> Void, seed: UInt64 = 4) throws -> [UInt8] {
        var augmentation = TrainingAugmentation()
        augmentation.areaRange = 1...1
        augmentation.aspectRange = 1...1
        change(&augmentation.variations)
        var generator = Steps(state: seed)
        let view = try augmentation.view(of: Self.square(), size: 32, interpolation: .bicubic, using: &generator)
        #expect(view.shape == [3, 32, 32] && view.dtype == .uint8)
        return try view.elements(UInt8.self)
    }

    @Test func eachVariationChangesTheView() throws {
        let plain = try view { _ in }
        #expect(plain[0] == 255 && plain[11 * 32 + 11] == 40)
        let colored = try view { $0.background = 1 }
        #expect(colored[0] < 255 && colored[11 * 32 + 11] == 40)
        let turned = try view { $0.rotation = 40 }
        // The corners go on as the edge was.
        #expect(turned != plain && turned[0] == 255 && turned[31] == 255)
        let lit = try view { $0.jitter = 0.5 }
        #expect(lit != plain)
        let hidden = try view { $0.erasing = 1 }
        let changed = zip(hidden, plain).count { $0 != $1 }
        #expect(changed > 0 && changed <= plain.count * 3 / 10)
        for other in [colored, turned, lit, hidden] { #expect(other.count == plain.count) }
    }

    @Test func theSameSeedGivesTheSameView() throws {
        func all(_ variations: inout PictureVariations) {
            (variations.background, variations.rotation, variations.jitter, variations.erasing) = (0.7, 20, 0.3, 0.5)
        }
        #expect(try view(all, seed: 9) == view(all, seed: 9))
        #expect(try view(all, seed: 9) != view(all, seed: 10))
    }
}

import Foundation
import Imaging
import Testing
import Torch

@testable import CLIP

/// Pictures of all of Pillow's modes, resized before or after they become RGB, against open_clip and Hugging Face.
@Suite struct TransparencyTests {
    struct Expectation: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let order: String
        let mode: String
        let interpolation: String
        let offset: Int

        var testDescription: String { "\(file), \(order), \(mode)" }
    }

    private static let side = 16
    private static let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures/transparency")

    static let all: [Expectation] = {
        let data = try? Data(contentsOf: folder.appendingPathComponent("manifest.json"))
        return data.flatMap { try? JSONDecoder().decode([Expectation].self, from: $0) } ?? []
    }()

    private func preprocessor(_ expectation: Expectation) throws -> PicturePreprocessor {
        var configuration = PreprocessConfiguration(size: Self.side)
        configuration.resizeMode = try #require(.init(rawValue: expectation.mode))
        configuration.interpolation = try #require(.init(rawValue: expectation.interpolation))
        return PicturePreprocessor(configuration)
    }

    @Test func everyModeIsThere() {
        #expect(Self.all.count > 60)
    }

    /// What is resized before it becomes RGB agrees to the bit. RGB itself is resized by libtorch, whose weights have
    /// fewer bits than Pillow's: one level.
    @Test(arguments: all) func numbersAreTheReferences(_ expectation: Expectation) throws {
        try Engine.inference {
            let path = Self.folder.appendingPathComponent(expectation.file).path
            let preprocessor = try preprocessor(expectation)
            let bytes: Tensor
            let tolerance: Int
            if expectation.order == "open_clip" {
                let picture = try UnconvertedPicture.read(path: path)
                bytes = try preprocessor.bytes(resizedFirst: picture)
                tolerance = picture.resizesAsRGB ? 1 : 0
            } else {
                let options = DecodeOptions(alpha: .flattenOnWhite, appliesOrientation: false)
                bytes = try preprocessor.bytes(Picture.read(path: path, options: options))
                tolerance = 1
            }
            let found = try bytes.permuted([1, 2, 0]).contiguous().elements(UInt8.self)
            let data = try Data(contentsOf: Self.folder.appendingPathComponent("expected.bin"))
            let expected = [UInt8](data[expectation.offset...].prefix(found.count))
            try #require(expected.count == found.count)
            var worst = (index: 0, difference: 0)
            for (index, (value, right)) in zip(found, expected).enumerated() {
                let difference = abs(Int(value) - Int(right))
                if difference > worst.difference { worst = (index, difference) }
            }
            #expect(worst.difference <= tolerance, "\(worst.difference) levels off at byte \(worst.index)")
        }
    }

    /// The two orders differ by far more than rounding on a picture with transparency, and not at all on others.
    @Test func theOrderMatters() throws {
        func largest(_ file: String) throws -> Int {
            let path = Self.folder.appendingPathComponent(file).path
            return try Engine.inference {
                let preprocessor = PicturePreprocessor(PreprocessConfiguration(size: Self.side))
                let first = try preprocessor.bytes(resizedFirst: UnconvertedPicture.read(path: path))
                let after = try preprocessor.bytes(
                    Picture.read(path: path, options: DecodeOptions(alpha: .dropLikePillow)))
                let pairs = zip(try first.elements(UInt8.self), try after.elements(UInt8.self))
                return pairs.map { abs(Int($0) - Int($1)) }.max() ?? 0
            }
        }
        #expect(try largest("rgba-wide.png") > 20)
        #expect(try largest("palette-wide.png") > 20)
        #expect(try largest("rgb-wide.png") == 0)
        #expect(try largest("gray-wide.png") == 0)
    }
}

import Imaging
import Testing
import Torch

@testable import CLIP

@Suite struct PreprocessingTests {
    private func blank(_ width: Int, _ height: Int) throws -> Picture {
        try Picture(width: width, height: height, pixels: [UInt8](repeating: 128, count: width * height * 3))
    }

    @Test(arguments: [
        (640, 427, 335, 224, 56), (500, 375, 298, 224, 37), (224, 224, 224, 224, 0), (427, 640, 224, 335, 0),
    ])
    func sizesAndCropsRoundAsTorchvision(_ width: Int, _ height: Int, _ newWidth: Int, _ newHeight: Int, _ left: Int)
        throws
    {
        let preprocessor = PicturePreprocessor(PreprocessConfiguration(size: 224))
        let size = try preprocessor.resizedSize(width: width, height: height, name: "x")
        #expect(size.width == newWidth && size.height == newHeight)
        #expect(PicturePreprocessor.cropStart(size.width, 224) == left)
    }

    @Test func picturesTooLongAndThinAreRefused() throws {
        let preprocessor = PicturePreprocessor(PreprocessConfiguration(size: 224))
        #expect(throws: CLIPError.self) { try preprocessor.bytes(blank(1, 1000)) }
        #expect(try preprocessor.bytes(blank(10, 1000)).shape == [3, 224, 224])
    }

    @Test func normalizationIsByChannel() throws {
        let preprocessor = PicturePreprocessor(PreprocessConfiguration(size: 2))
        let input = try preprocessor([blank(2, 2)])
        #expect(input.shape == [1, 3, 2, 2])
        let values = try input.elements(Double.self)
        for channel in 0..<3 {
            let expected =
                (128.0 / 255 - PreprocessConfiguration.clipMean[channel])
                / PreprocessConfiguration.clipStandardDeviation[channel]
            #expect(abs(values[channel * 4] - expected) < 1e-6)
        }
    }

    private struct Counter: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test func viewsStayWithinThePictureAndTheirRanges() throws {
        var augmentation = TrainingAugmentation()
        augmentation.areaRange = 0.5...1
        var generator = Counter(state: 9)
        var areas: [Double] = []
        for _ in 0..<500 {
            let crop = augmentation.crop(width: 120, height: 90, using: &generator)
            #expect(crop.left >= 0 && crop.top >= 0 && crop.left + crop.width <= 120 && crop.top + crop.height <= 90)
            areas.append(Double(crop.width * crop.height) / (120 * 90))
        }
        #expect((areas.min() ?? 0) > 0.47 && (areas.max() ?? 2) <= 1)
        #expect((areas.max() ?? 0) - (areas.min() ?? 0) > 0.3)
    }

    @Test func aPictureBeyondTheAspectRangeGivesItsMiddle() {
        var generator = Counter(state: 1)
        let crop = TrainingAugmentation().crop(width: 300, height: 30, using: &generator)
        #expect(crop == .init(top: 0, left: 130, height: 30, width: 40))
    }

    @Test func mirroringReversesColumns() throws {
        let pixels: [UInt8] = [10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40]
        let picture = try Picture(width: 2, height: 2, pixels: pixels)
        var augmentation = TrainingAugmentation()
        augmentation.areaRange = 1...1
        augmentation.aspectRange = 1...1
        augmentation.mirrorProbability = 1
        var generator = Counter(state: 1)
        let view = try augmentation.view(of: picture, size: 2, interpolation: .bicubic, using: &generator)
        #expect(try view.select(0).elements(UInt8.self) == [20, 10, 40, 30])
    }
}

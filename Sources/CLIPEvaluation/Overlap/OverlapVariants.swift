import CLIPData
import Imaging
import Torch

extension OverlapThreshold {
    private static let quality = 50
    /// Of either side.
    private static let croppedShare = 0.9
    /// By how many percent a picture becomes brighter or darker.
    private static let brightnessChange = 5...15

    /// Near-duplicates of a picture, as copies on the web are: saved as a JPEG of quality 50; at half the size and up
    /// again; a part of 90 % of either side, anywhere in it; and 5 to 15 % brighter or darker. In this order.
    /// - Parameter seed: the same draws the same part and brightness.
    /// - Throws: `ImagingError`, `TorchError`.
    public static func variants(of picture: Picture, seed: UInt64) throws -> [Picture] {
        var generator = SplitMix64(seed: seed)
        var saved = try Picture.decode(picture.encoded(as: .jpeg(quality: quality)), name: picture.name)
        saved.name = "\(picture.name) (JPEG)"
        return [
            saved, try halvedAndBack(picture), try cropped(picture, &generator),
            try brightened(picture, &generator),
        ]
    }

    private static func halvedAndBack(_ picture: Picture) throws -> Picture {
        let half = try picture.resizedForStorage(shortestSide: max(1, min(picture.width, picture.height) / 2))
        let pixels = try Engine.withoutGradients {
            try Tensor(half.pixels, shape: [1, half.height, half.width, 3]).permuted([0, 3, 1, 2])  // [1, 3, h, w]
                .resizedPictures(height: picture.height, width: picture.width, .bilinear)  // [1, 3, H, W]
                .permuted([0, 2, 3, 1]).contiguous().elements(UInt8.self)
        }
        return try Picture(
            width: picture.width, height: picture.height, pixels: pixels, name: "\(picture.name) (halved)")
    }

    private static func cropped(_ picture: Picture, _ generator: inout SplitMix64) throws -> Picture {
        func part(_ side: Int) -> Int { max(1, Int((croppedShare * Double(side)).rounded())) }
        let (width, height) = (part(picture.width), part(picture.height))
        let left = generator.integer(below: picture.width - width + 1)
        let top = generator.integer(below: picture.height - height + 1)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * 3)
        for row in top..<top + height {
            let start = (row * picture.width + left) * 3
            pixels += picture.pixels[start..<start + width * 3]
        }
        return try Picture(width: width, height: height, pixels: pixels, name: "\(picture.name) (cropped)")
    }

    private static func brightened(_ picture: Picture, _ generator: inout SplitMix64) throws -> Picture {
        let change = brightnessChange.lowerBound + generator.integer(below: brightnessChange.count)
        let percent = generator.integer(below: 2) == 0 ? 100 + change : 100 - change
        let values = (0...255).map { UInt8(min(255, ($0 * percent + 50) / 100)) }
        return try Picture(
            width: picture.width, height: picture.height, pixels: picture.pixels.map { values[Int($0)] },
            name: "\(picture.name) (\(percent) % bright)")
    }
}

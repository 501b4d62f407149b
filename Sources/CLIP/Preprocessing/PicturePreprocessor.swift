import Imaging
import Torch

/// Brings pictures to a model's input, as open_clip's evaluation transform does: resize, cut out the middle, scale to
/// [0, 1], normalize.
public struct PicturePreprocessor: Sendable {
    /// Size, resizing, mean and deviation.
    public let configuration: PreprocessConfiguration

    /// A picture whose sides differ by more than this factor is refused: its resized form would not fit in memory.
    static let largestAspect = 128

    public init(_ configuration: PreprocessConfiguration) { self.configuration = configuration }

    /// Resized and cropped bytes, uint8 `[3, S, S]`.
    /// - Throws: ``CLIPError/picture(name:problem:)`` for a picture too long and thin.
    public func bytes(_ picture: Picture) throws -> Tensor {
        let (height, width) = try resizedSize(width: picture.width, height: picture.height, name: picture.name)
        let pixels = try picture.tensor()  // [1, 3, H, W]
        return try cropped(pixels.resizedIfNeeded(height: height, width: width, configuration.interpolation))
    }

    /// The middle of a resized picture, uint8 `[1, 3, H, W]` to `[3, S, S]`.
    func cropped(_ resized: Tensor) throws -> Tensor {
        let size = configuration.size
        let top = Self.cropStart(resized.shape[2], size)
        let left = Self.cropStart(resized.shape[3], size)
        return try resized.slice(top..<top + size, dimension: 2).slice(left..<left + size, dimension: 3)
            .contiguous().squeezed(0)
    }

    /// Normalizes bytes `[…, 3, S, S]` to float32 of the same shape: (x/255 − mean)/std by channel.
    public func normalize(_ bytes: Tensor) throws -> Tensor {
        try standardized(bytes.converted(to: .float32) / 255)
    }

    /// Byte pictures, each uint8 `[3, S, S]`, as one normalized batch, float32 `[B, 3, S, S]`: the very values that
    /// ``normalize(_:)`` gives for their stack, but in one pass through memory.
    public func normalizedBatch(_ pictures: [Tensor]) throws -> Tensor {
        guard let shape = pictures.first?.shape, shape.count == 3, shape[0] == 3,
            pictures.allSatisfy({ $0.shape == shape && $0.dtype == .uint8 })
        else { return try normalize(Tensor.stacked(pictures)) }
        // What becomes of each of the 256 grey levels in each channel.
        let levels = try Tensor((0..<768).map { UInt8(truncatingIfNeeded: $0) }, shape: [1, 3, 16, 16])
        let table = try normalize(levels).elements(Float.self)
        let area = shape[1] * shape[2]
        let batch = FloatMemory(count: pictures.count * 3 * area)
        for (index, picture) in pictures.enumerated() {
            let bytes = try picture.bytes()
            bytes.withUnsafeBufferPointer { bytes in
                table.withUnsafeBufferPointer { table in
                    for channel in 0..<3 {
                        let start = channel * area
                        let output = batch.pointer + (index * 3 * area + start)
                        for place in 0..<area { output[place] = table[channel * 256 + Int(bytes[start + place])] }
                    }
                }
            }
        }
        return try Tensor(
            borrowing: UnsafeRawBufferPointer(start: batch.pointer, count: batch.count * 4), ownedBy: batch,
            shape: [pictures.count] + shape, dtype: .float32)
    }

    /// A batch of pictures as the model takes it, float32 `[B, 3, S, S]`.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for none, ``CLIPError/picture(name:problem:)`` for one too long and
    ///   thin.
    public func callAsFunction(_ pictures: [Picture]) throws -> Tensor {
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return try normalize(Tensor.stacked(pictures.map { try bytes($0) }))
    }

    /// The size before cropping. The longer side is rounded down, as torchvision does.
    func resizedSize(width: Int, height: Int, name: String) throws -> (height: Int, width: Int) {
        let size = configuration.size
        let (long, short) = (max(width, height), min(width, height))
        guard short > 0, long / short <= Self.largestAspect else {
            let problem =
                "a picture of \(width)x\(height) is too long and thin: one side may be at most "
                + "\(Self.largestAspect) times the other. Cut it into parts."
            throw CLIPError.picture(name: name, problem: problem)
        }
        switch configuration.resizeMode {
        case .squash: return (size, size)
        case .shortest:
            let longer = size * long / short
            return width < height ? (longer, size) : (size, longer)
        }
    }

    /// Where a centered crop starts: half the rest, halves rounded to even, as Python rounds.
    static func cropStart(_ length: Int, _ size: Int) -> Int {
        Int((Double(length - size) / 2).rounded(.toNearestOrEven))
    }
}

extension Picture {
    /// The pixels as uint8 `[1, 3, H, W]` in channels-last memory, where libtorch resizes bytes as Pillow does.
    public func tensor() throws -> Tensor {
        try Tensor(pixels, shape: [1, height, width, 3]).permuted([0, 3, 1, 2])
    }
}

extension Tensor {
    func resizedIfNeeded(height: Int, width: Int, _ interpolation: Interpolation) throws -> Tensor {
        shape.suffix(2) == [height, width]
            ? self : try resizedPictures(height: height, width: width, interpolation)
    }
}

/// Memory for a tensor that is written once.
private final class FloatMemory {
    let pointer: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * 4, alignment: 64)
        pointer = bytes.bindMemory(to: Float.self, capacity: max(1, count))
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}

import Imaging
import Torch

extension PicturePreprocessor {
    /// Resized and cropped bytes, uint8 `[3, S, S]`, of a picture that becomes RGB after resizing, as in OpenAI's and
    /// open_clip's transform on a picture of Pillow's. Equal to Pillow to the bit where that order matters; pictures
    /// where it does not go the way of ``bytes(_:)``.
    /// - Throws: ``CLIPError/picture(name:problem:)`` for a picture too long and thin.
    public func bytes(resizedFirst picture: UnconvertedPicture) throws -> Tensor {
        if picture.resizesAsRGB { return try bytes(picture.converted()) }
        let (height, width) = try resizedSize(width: picture.width, height: picture.height, name: picture.name)
        let filter: PillowFilter = configuration.interpolation == .bicubic ? .bicubic : .bilinear
        return try cropped(picture.resized(width: width, height: height, filter: filter).converted().tensor())
    }
}

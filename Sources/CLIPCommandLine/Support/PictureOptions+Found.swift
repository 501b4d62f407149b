import CLIP
import CLIPData
import Imaging
import Torch

extension PictureOptions {
    /// A picture that was found, decoded.
    func decode(_ picture: PictureList.Found) throws -> Picture {
        switch picture.image {
        case .file(let path): try Picture.read(path: path, options: decoding)
        case .bytes(let data): try Picture.decode(data, name: picture.name, options: decoding)
        }
    }

    /// A picture that was found as the model's input bytes, uint8 `[3, S, S]`.
    func read(_ picture: PictureList.Found, for preprocessor: PicturePreprocessor) throws -> Tensor {
        try preprocessor.bytes(decode(picture))
    }
}

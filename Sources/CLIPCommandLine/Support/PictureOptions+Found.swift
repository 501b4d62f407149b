import CLIP
import CLIPData
import CLIPSearch
import Imaging
import Torch

extension PictureOptions {
    /// A picture that was found, decoded to be shown.
    func decode(_ picture: PictureList.Found) throws -> Picture {
        switch picture.image {
        case .file(let path): try Picture.read(path: path, options: decoding)
        case .bytes(let data): try Picture.decode(data, name: picture.name, options: decoding)
        }
    }

    /// A picture that was found as the model's input bytes, uint8 `[3, S, S]`.
    func read(_ picture: PictureList.Found, for preprocessor: PicturePreprocessor) throws -> Tensor {
        try prepare(picture, for: preprocessor).bytes
    }

    /// A picture that was found as the image tower takes it, with its own size.
    func prepare(
        _ picture: PictureList.Found, for preprocessor: PicturePreprocessor
    ) throws -> IndexUpdate.Input {
        guard alpha == .openCLIP else {
            let decoded = try decode(picture)
            return .init(bytes: try preprocessor.bytes(decoded), width: decoded.width, height: decoded.height)
        }
        let unconverted =
            switch picture.image {
            case .file(let path): try UnconvertedPicture.read(path: path, options: decoding)
            case .bytes(let data):
                try data.withUnsafeBytes {
                    try UnconvertedPicture.decode($0, name: picture.name, options: decoding)
                }
            }
        return .init(
            bytes: try preprocessor.bytes(resizedFirst: unconverted), width: unconverted.width,
            height: unconverted.height)
    }

    /// The same where the picture is decoded already, to be shown: another way to its numbers starts anew.
    func read(
        _ found: PictureList.Found, shown picture: Picture, for preprocessor: PicturePreprocessor
    ) throws -> Tensor {
        alpha == .openCLIP ? try read(found, for: preprocessor) : try preprocessor.bytes(picture)
    }
}

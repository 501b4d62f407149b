import CLIPText
import Foundation
import Torch

/// A picture's caption.
public struct PictureCaption: Sendable, Equatable {
    public var text: String
    /// From start-of-text to end-of-text.
    public var tokens: [Int32]
}

extension CLIPModel {
    /// Captions of pictures brought to the model's size by ``PicturePreprocessor/bytes(_:name:)``, uint8 `[3, S, S]`
    /// each, as one batch.
    /// - Parameters:
    ///   - prompt: what every caption begins with.
    ///   - generator: what ``CaptionOptions/Search/sampling(topK:temperature:)`` draws from.
    /// - Throws: ``CLIPError/noCaptionDecoder`` for a model that cannot write, `TorchError` for options that cannot be.
    public func captions(
        pictureBytes: [Tensor], options: CaptionOptions = CaptionOptions(), beginningWith prompt: String = "",
        using generator: inout some RandomNumberGenerator
    ) throws -> [PictureCaption] {
        guard !pictureBytes.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        // CoCa's models are published with CLIP's vocabulary only.
        guard model.captionDecoder != nil, let tokenizer = tokenizer as? CLIPTokenizer else {
            throw CLIPError.noCaptionDecoder
        }
        var options = options
        options.startToken = tokenizer.startToken
        options.endToken = tokenizer.endToken
        let start = prompt.isEmpty ? [] : tokenizer.encode(prompt)
        return try Engine.inference {
            let input = try preprocessor.normalize(Tensor.stacked(pictureBytes))
            return try model.captions(for: input, options: options, beginningWith: start, using: &generator).map {
                ids in
                let words = ids.filter { $0 != tokenizer.startToken && $0 != tokenizer.endToken }
                let text = tokenizer.decode(words).trimmingCharacters(in: .whitespaces)
                return PictureCaption(text: text, tokens: ids)
            }
        }
    }
}

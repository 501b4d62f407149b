import CLIPText
import Foundation
import Imaging
import Torch

/// A picture's caption.
public struct PictureCaption: Sendable, Equatable {
    /// What was written, without start and end.
    public var text: String
    /// From start-of-text to end-of-text.
    public var tokens: [Int32]
}

extension CLIPModel {
    /// Whether it can write captions: it has a decoder for them, and its tokenizer can read what that writes.
    public var writesCaptions: Bool { model.captionDecoder != nil && (try? tokenizer)?.captioning != nil }

    /// Captions of pictures, in their order.
    ///
    ///     let captions = try await clip.captions(for: [picture])
    ///     print(captions[0].text)
    ///
    /// - Parameters:
    ///   - pictures: in any number.
    ///   - options: how words are searched for.
    ///   - prompt: what every caption begins with.
    ///   - generator: what ``CaptionOptions/Search/sampling(topK:temperature:)`` draws from; a seeded one gives the
    ///     same captions again.
    /// - Throws: ``CLIPError/noCaptionDecoder`` for a model that cannot write, `TorchError` for options that cannot be.
    public func captions(
        for pictures: [Picture], options: CaptionOptions = CaptionOptions(), beginningWith prompt: String = "",
        using generator: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) async throws -> [PictureCaption] {
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        var generator = generator
        var captions: [PictureCaption] = []
        for batch in pictures.batches(of: Self.captionedPictures) {
            let start = generator
            let written = try await OffPool.computing {
                var drawn = start
                let bytes = try Engine.inference { try batch.map { try self.preprocessor.bytes($0) } }
                let texts = try self.captions(
                    pictureBytes: bytes, options: options, beginningWith: prompt, using: &drawn)
                return (texts: texts, generator: drawn)
            }
            captions += written.texts
            generator = written.generator
        }
        return captions
    }

    /// Pictures written about at a time; this bounds the memory.
    package static let captionedPictures = 8

    /// Captions of pictures brought to the model's size by ``PicturePreprocessor/bytes(_:)``, uint8 `[3, S, S]`
    /// each, as one batch.
    /// - Parameters:
    ///   - prompt: what every caption begins with.
    ///   - generator: what ``CaptionOptions/Search/sampling(topK:temperature:)`` draws from.
    /// - Throws: ``CLIPError/noCaptionDecoder`` for a model that cannot write, `TorchError` for options that cannot be.
    package func captions(
        pictureBytes: [Tensor], options: CaptionOptions = CaptionOptions(), beginningWith prompt: String = "",
        using generator: inout some RandomNumberGenerator
    ) throws -> [PictureCaption] {
        guard !pictureBytes.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        guard model.captionDecoder != nil, let tokenizer = try tokenizer.captioning else {
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

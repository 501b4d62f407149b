import CLIPText
import Foundation
import Imaging
import Torch

/// A model together with the tokenizer and preprocessing it was trained with, so that nobody can pair the wrong ones.
///
///     let clip = try ModelCatalog.description(of: "path/to/model").loaded()
///     let pictures = try clip.embed(pictures: [Picture.read(path: "cat.jpg")], names: ["cat.jpg"])
///     let texts = try clip.embed(texts: ["a cat", "a dog"])
///     let similarities = try pictures.matmul(texts.transposed())  // [1, 2]
public final class CLIPModel: Sendable {
    public let name: String
    public let model: DualEncoder
    public let tokenizer: any TextTokenizer
    public let preprocessor: PicturePreprocessor
    /// Where its weights came from; nil for a model that was never loaded.
    let weights: WeightsSource?

    public convenience init(
        name: String, model: DualEncoder, tokenizer: any TextTokenizer, preprocessor: PicturePreprocessor
    ) {
        self.init(name: name, model: model, tokenizer: tokenizer, preprocessor: preprocessor, weights: nil)
    }

    init(
        name: String, model: DualEncoder, tokenizer: any TextTokenizer, preprocessor: PicturePreprocessor,
        weights: WeightsSource?
    ) {
        self.weights = weights
        self.name = name
        self.model = model
        self.tokenizer = tokenizer
        self.preprocessor = preprocessor
    }

    /// Pictures encoded at a time; this bounds the memory.
    static let batchSize = 32
    /// Captions encoded at a time.
    static let captionBatchSize = 256

    /// Embeddings of pictures, float32 `[N, E]`.
    /// - Parameters:
    ///   - names: what messages call the pictures.
    ///   - normalized: whether each is divided by its length.
    public func embed(pictures: [Picture], names: [String], normalized: Bool = true) throws -> Tensor {
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return try Engine.inference {
            var parts: [Tensor] = []
            for start in stride(from: 0, to: pictures.count, by: Self.batchSize) {
                let range = start..<min(start + Self.batchSize, pictures.count)
                let bytes = try range.map { try preprocessor.bytes(pictures[$0], name: names[$0]) }
                parts.append(try embed(pictureBytes: bytes, normalized: normalized))
            }
            return try Tensor.concatenated(parts)
        }
    }

    /// Embeddings of pictures brought to the model's size by ``PicturePreprocessor/bytes(_:name:)``, uint8 `[3, S, S]`
    /// each, as one batch: float32 `[N, E]`.
    public func embed(pictureBytes: [Tensor], normalized: Bool = true) throws -> Tensor {
        guard !pictureBytes.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return try Engine.inference {
            let input = try preprocessor.normalize(Tensor.stacked(pictureBytes))
            return try finish(model.encode(pictures: input), normalized: normalized)
        }
    }

    /// Embeddings of texts, float32 `[N, E]`. Texts longer than the context length are cut; see
    /// ``CLIPText/TokenizedText/wasTruncated``.
    public func embed(texts: [String], normalized: Bool = true) throws -> Tensor {
        try embed(captions: texts.map { tokenizer.tokenize($0).tokens }, normalized: normalized)
    }

    /// Embeddings of token ids, float32 `[N, E]`. The text tower puts captions of like length together, so that little
    /// is padded.
    public func embed(captions: [[Int32]], normalized: Bool = true) throws -> Tensor {
        guard !captions.isEmpty else { throw CLIPError.emptyChoices(what: "texts") }
        return try Engine.inference {
            let parts = try stride(from: 0, to: captions.count, by: Self.captionBatchSize).map { start in
                let batch = Array(captions[start..<min(start + Self.captionBatchSize, captions.count)])
                return try finish(model.encode(captions: batch), normalized: normalized)
            }
            return try Tensor.concatenated(parts)
        }
    }

    /// Back on the CPU in 32 bits, where length and similarity are computed.
    private func finish(_ embeddings: Tensor, normalized: Bool) throws -> Tensor {
        let plain = try embeddings.converted(to: .float32).moved(to: .cpu)
        return normalized ? try plain.normalized() : plain
    }
}

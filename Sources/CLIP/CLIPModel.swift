import CLIPText
import Foundation
import Imaging
import Torch

/// A CLIP model together with the tokenizer and preprocessing it was made with, so that nobody can pair the wrong ones.
///
///     let clip = try await CLIPModel.load("ViT-B-32/laion2b_s34b_b79k")
///     let picture = try Picture.read(path: "cat.jpg")
///     let answers = try await clip.classify(picture, labels: ["cat", "dog"])
///     print(answers[0].label, answers[0].score)
///
/// Any number of tasks may ask one model at once. Questions are answered a batch at a time, each with all of the
/// processor's cores or the whole device, and never on the cooperative pool's threads; a task that is canceled stops
/// before its next batch with a `CancellationError`. Do not ask a model while it is trained.
public final class CLIPModel: Sendable {
    /// The name, directory or file it was loaded by.
    public let name: String
    /// The towers and the temperature.
    public let model: DualEncoder
    /// What turns texts into ids; why there is nothing, where the files that it is made of are not there.
    private let reading: Result<any TextTokenizer, any Error>
    /// What prepares pictures; nil for a text tower alone.
    let preparation: PicturePreprocessor?
    /// Where its weights came from; nil for a model that was never loaded.
    let weights: WeightsSource?
    /// Where its tokenizer's files are; nil where the family's own comes with this package.
    private let tokenizerDirectory: String?
    /// Hash of the weights as they lie in their file.
    let fileHash = FileHash()

    /// Puts together what belongs together; nothing is checked.
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - model: its towers.
    ///   - tokenizer: what the text tower was trained with; nil for an image tower alone.
    ///   - preprocessor: what the image tower was trained with; nil for a text tower alone.
    public convenience init(
        name: String, model: DualEncoder, tokenizer: (any TextTokenizer)?, preprocessor: PicturePreprocessor?
    ) {
        self.init(
            name: name, model: model, reading: tokenizer.map { .success($0) } ?? .failure(CLIPError.noTextTower),
            preprocessor: preprocessor, weights: nil)
    }

    init(
        name: String, model: DualEncoder, reading: Result<any TextTokenizer, any Error>,
        preprocessor: PicturePreprocessor?, weights: WeightsSource?, tokenizerDirectory: String? = nil
    ) {
        self.tokenizerDirectory = tokenizerDirectory
        self.weights = weights
        self.name = name
        self.model = model
        self.reading = reading
        preparation = preprocessor
    }

    /// What turns texts into the ids that the text tower reads.
    /// - Throws: ``CLIPError/noTextTower`` for an image tower alone; what reading the tokenizer's files threw where they
    ///   are not there: pictures are read without them.
    public var tokenizer: any TextTokenizer {
        get throws { try reading.get() }
    }

    /// The files that its tokenizer was made of, by their names, for ``ModelDirectory/write(_:preprocess:dtype:tokenizerFiles:)``;
    /// none where the family's own tokenizer comes with this package.
    /// - Throws: ``CLIPError/file(_:hint:)``.
    public func tokenizerFiles() throws -> [String: Data] {
        try tokenizerDirectory.map(ModelDirectory.tokenizerFiles) ?? [:]
    }

    /// What prepares pictures for the model.
    /// - Throws: ``CLIPError/noImageTower`` for a text tower alone.
    public var preprocessor: PicturePreprocessor {
        get throws {
            guard let preparation else { throw CLIPError.noImageTower }
            return preparation
        }
    }

    /// Pictures encoded at a time; this bounds the memory.
    static let batchSize = 32
    /// Captions encoded at a time.
    static let captionBatchSize = 256

    // MARK: On the calling thread

    /// Embeddings of pictures, float32 `[N, E]`.
    /// - Parameter normalized: whether each is divided by its length.
    package func vectors(pictures: [Picture], normalized: Bool = true) throws -> Tensor {
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return try Engine.inference {
            try Tensor.concatenated(
                pictures.batches(of: Self.batchSize).map { batch in
                    try vectors(pictureBytes: batch.map { try preprocessor.bytes($0) }, normalized: normalized)
                })
        }
    }

    /// Embeddings of pictures brought to the model's size by ``PicturePreprocessor/bytes(_:)``, uint8 `[3, S, S]`
    /// each, as one batch: float32 `[N, E]`.
    package func vectors(pictureBytes: [Tensor], normalized: Bool = true) throws -> Tensor {
        guard !pictureBytes.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return try Engine.inference {
            let input = try preprocessor.normalize(Tensor.stacked(pictureBytes))
            return try finish(model.encode(pictures: input), normalized: normalized)
        }
    }

    /// What embeddings are made of beside the embeddings, which are divided by their length: float32 `[N, W]` and
    /// `[N, E]`, of one batch.
    package func statesAndVectors(pictureBytes: [Tensor]) throws -> (states: Tensor, vectors: Tensor) {
        guard !pictureBytes.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        return try Engine.inference {
            let input = try preprocessor.normalize(Tensor.stacked(pictureBytes))
            let (states, embeddings) = try model.encodeWithStates(pictures: input)
            return (try finish(states, normalized: false), try finish(embeddings, normalized: true))
        }
    }

    /// Embeddings of texts, float32 `[N, E]`. Texts longer than the context length are cut; see
    /// `TokenizedText.wasTruncated`.
    package func vectors(texts: [String], normalized: Bool = true) throws -> Tensor {
        let tokenizer = try tokenizer
        return try vectors(captions: texts.map { tokenizer.tokenize($0).tokens }, normalized: normalized)
    }

    /// Embeddings of token ids, float32 `[N, E]`, each different caption encoded once. The text tower puts captions of
    /// like length together, so that little is padded.
    package func vectors(captions: [[Int32]], normalized: Bool = true) throws -> Tensor {
        guard !captions.isEmpty else { throw CLIPError.emptyChoices(what: "texts") }
        let distinct = DistinctInputs(captions)
        return try Engine.inference {
            try distinct.spread(
                Tensor.concatenated(
                    distinct.values.batches(of: Self.captionBatchSize).map { batch in
                        try finish(model.encode(captions: batch), normalized: normalized)
                    }))
        }
    }

    /// Back on the CPU in 32 bits, where length and similarity are computed.
    private func finish(_ embeddings: Tensor, normalized: Bool) throws -> Tensor {
        let plain = try embeddings.converted(to: .float32).moved(to: .cpu)
        return normalized ? try plain.normalized() : plain
    }
}

extension Array {
    /// The elements in their order, so many at a time.
    func batches(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

import CLIP
import CLIPData
import CLIPText
import Imaging
import Torch

/// Turns pairs into what the towers take: a random view for training, the model's own preprocessing for evaluation.
public struct PairDecoder: Sendable {
    /// A pair, decoded.
    public struct Example: Sendable {
        /// uint8 `[3, S, S]`.
        public let picture: Tensor
        /// Token ids of ``caption``, with start and end.
        public let tokens: [Int32]
        /// The caption that was drawn, as it was written.
        public let caption: String
        /// What the picture shows, for zero-shot accuracy; nil where the pair does not say.
        public let category: String?
        /// The shard and entry, or the file, the pair came from.
        public let location: String
        /// The pair's own; see `PairSample.number`.
        public let number: Int64
    }

    /// The model's: its context length bounds the captions.
    public let tokenizer: any TextTokenizer
    /// The model's: it says the side S and what makes numbers of bytes.
    public let preprocessor: PicturePreprocessor
    /// Nil for evaluation.
    public let augmentation: TrainingAugmentation?
    /// Which of a pair's captions is used.
    public let captionSampling: CaptionSampling
    /// How often it is one in another language.
    public let languages: LanguageSampling
    /// Where batches will be used.
    public let device: Device
    /// How many pairs go through the towers at a time: larger batches are left as bytes.
    public let microBatchSize: Int
    /// Told of every caption and its tokens, from any thread: for whoever wants to know how many are cut.
    public let onRead: @Sendable (_ caption: String, _ tokens: TokenizedText) -> Void

    /// - Parameters:
    ///   - tokenizer: the model's: its context length bounds the captions.
    ///   - preprocessor: the model's.
    ///   - augmentation: how pictures are varied; nil for evaluation.
    ///   - captionSampling: which of a pair's captions is used.
    ///   - languages: how often it is one in another language.
    ///   - device: the model's. Where it is a GPU, pictures go there as bytes, a quarter of the numbers they become,
    ///     while the step before is still being computed.
    ///   - microBatchSize: pairs that go through the towers at a time: larger batches are left as bytes.
    ///   - onRead: told of every caption and its tokens, from any thread.
    public init(
        tokenizer: any TextTokenizer, preprocessor: PicturePreprocessor, augmentation: TrainingAugmentation?,
        captionSampling: CaptionSampling = .first, languages: LanguageSampling = LanguageSampling(),
        device: Device = .cpu, microBatchSize: Int = .max,
        onRead: @escaping @Sendable (_ caption: String, _ tokens: TokenizedText) -> Void = { _, _ in }
    ) {
        self.tokenizer = tokenizer
        self.preprocessor = preprocessor
        self.augmentation = augmentation
        self.captionSampling = captionSampling
        self.languages = languages
        self.device = device
        self.microBatchSize = microBatchSize
        self.onRead = onRead
    }

    /// Decodes one pair; all randomness comes from `seed`.
    public func decode(_ sample: PairSample, seed: UInt64) throws -> Example {
        let picture = try Picture.decode(sample.imageBytes(), name: sample.location)
        let configuration = preprocessor.configuration
        let bytes: Tensor = try Engine.onThisThreadAlone {
            try Engine.withoutGradients {
                guard let augmentation else { return try preprocessor.bytes(picture) }
                var generator = SplitMix64(seed: seed)
                return try augmentation.view(
                    of: picture, size: configuration.size, interpolation: configuration.interpolation,
                    using: &generator)
            }
        }
        let caption =
            languages.caption(of: sample, like: captionSampling, seed: seed)
            ?? captionSampling.caption(of: sample, seed: seed)
        let text = tokenizer.tokenize(caption)
        onRead(caption, text)
        return Example(
            picture: bytes, tokens: text.tokens, caption: caption, category: sample.category,
            location: sample.location, number: sample.number)
    }

    /// Examples as one batch, of float32 pictures where they go through the towers together, else of bytes.
    public func batch(_ examples: [Example]) throws -> TrainingBatch {
        try Engine.onThisThreadAlone { try Engine.withoutGradients { try assembled(examples) } }
    }

    private func assembled(_ examples: [Example]) throws -> TrainingBatch {
        let isSplit = examples.count > microBatchSize
        let bytes = examples.map(\.picture)
        let pictures: Tensor =
            if isSplit {
                try placed(Tensor.stacked(bytes))
            } else if device.kind == .cuda {
                try preprocessor.normalize(placed(Tensor.stacked(bytes)))
            } else {
                try preprocessor.normalizedBatch(bytes)
            }
        return TrainingBatch(
            pictures: pictures, preprocessor: isSplit ? preprocessor : nil, captions: examples.map(\.tokens),
            texts: examples.map(\.caption), locations: examples.map(\.location),
            sampleNumbers: examples.map(\.number))
    }

    /// Bytes where they are to become numbers: on a GPU, unless those would take more than a quarter of its memory; then
    /// each micro-batch's numbers are moved when they are needed.
    private func placed(_ bytes: Tensor) throws -> Tensor {
        guard device.kind == .cuda, try bytes.count * 4 <= CUDA.memory(of: device.index ?? 0).total / 4 else {
            return bytes
        }
        return try bytes.uploaded(to: device)
    }
}

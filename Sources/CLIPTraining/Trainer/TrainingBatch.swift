import CLIP
import Torch

/// Pairs of one step.
public struct TrainingBatch: Sendable {
    /// Preprocessed pictures, float32 `[B, 3, S, S]`; or uint8, where ``preprocessor`` makes numbers of them when a part is
    /// wanted: a batch that goes through the towers in parts takes a quarter of the memory as bytes.
    public let pictures: Tensor
    /// Makes float32 of ``pictures`` that are bytes; may be nil where they are numbers already.
    public let preprocessor: PicturePreprocessor?
    /// Token ids with start and end, one row per picture.
    public let captions: [[Int32]]
    /// The captions as they were written, for a teacher that has another tokenizer; may be empty without one.
    public let texts: [String]
    /// Where each pair came from, for messages.
    public let locations: [String]
    /// Each pair's number, the same in every epoch (see `PairSample.number`), for losses that remember samples; may be
    /// empty for others.
    public let sampleNumbers: [Int64]

    /// One pair of a batch, but for its picture.
    public struct Pair: Sendable {
        /// Token ids with start and end.
        public var tokens: [Int32]
        /// The caption as it was written; needed where a teacher learns from it.
        public var text: String
        /// Where it came from, for messages.
        public var location: String
        /// See ``TrainingBatch/sampleNumbers``.
        public var sampleNumber: Int64

        /// - Parameters:
        ///   - tokens: with start and end, as the model's tokenizer gives them.
        ///   - text: the caption as it was written.
        ///   - location: where it came from, for messages.
        ///   - sampleNumber: the same in every epoch.
        public init(tokens: [Int32], text: String = "", location: String = "", sampleNumber: Int64 = 0) {
            (self.tokens, self.text, self.location, self.sampleNumber) = (tokens, text, location, sampleNumber)
        }
    }

    /// A batch whose pictures and captions are as many.
    /// - Parameters:
    ///   - pictures: float32 `[B, 3, S, S]` as the preprocessor gives them, or uint8 with `preprocessor`.
    ///   - preprocessor: for pictures that are still bytes.
    ///   - pairs: B of them, in the pictures' order.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for another number of pictures.
    public init(pictures: Tensor, preprocessor: PicturePreprocessor? = nil, pairs: [Pair]) throws {
        guard pictures.rank == 4, pictures.shape[0] == pairs.count else {
            throw TrainingError.invalidOption(
                name: "pairs", problem: "\(pairs.count) captions are given with pictures of shape \(pictures.shape)")
        }
        self.init(
            pictures: pictures, preprocessor: preprocessor, captions: pairs.map(\.tokens), texts: pairs.map(\.text),
            locations: pairs.map(\.location), sampleNumbers: pairs.map(\.sampleNumber))
    }

    /// - Parameters:
    ///   - pictures: in their order.
    ///   - preprocessor: for pictures that are still bytes.
    ///   - captions: token ids, a row for each picture.
    ///   - texts: as they were written.
    ///   - locations: for messages.
    ///   - sampleNumbers: the same in every epoch.
    package init(
        pictures: Tensor, preprocessor: PicturePreprocessor? = nil, captions: [[Int32]], texts: [String] = [],
        locations: [String] = [], sampleNumbers: [Int64] = []
    ) {
        self.pictures = pictures
        self.preprocessor = preprocessor
        self.captions = captions
        self.texts = texts
        self.locations = locations
        self.sampleNumbers = sampleNumbers
    }

    /// Pairs in the batch: B.
    public var count: Int { captions.count }

    /// Some of the pictures, preprocessed: float32 `[n, 3, S, S]`.
    public func pictures(_ range: Range<Int>) throws -> Tensor {
        let part = range == 0..<count ? pictures : try pictures.slice(range)
        guard part.dtype == .uint8, let preprocessor else { return part }
        return try Engine.withoutGradients { try preprocessor.normalize(part) }
    }
}

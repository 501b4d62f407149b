import Torch

/// Pairs of one step.
public struct TrainingBatch: Sendable {
    /// Preprocessed pictures, float32 `[B, 3, S, S]`.
    public let pictures: Tensor
    /// Token ids with start and end, one row per picture.
    public let captions: [[Int32]]
    /// The captions as they were written, for a teacher that has another tokenizer; may be empty without one.
    public let texts: [String]
    /// Where each pair came from, for messages.
    public let locations: [String]

    public init(pictures: Tensor, captions: [[Int32]], texts: [String] = [], locations: [String] = []) {
        self.pictures = pictures
        self.captions = captions
        self.texts = texts
        self.locations = locations
    }

    public var count: Int { captions.count }
}

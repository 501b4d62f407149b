/// A number that a loss reports beside its total. Its name is the same from the loss to the log, to TensorBoard and to
/// the plot.
public struct LossTerm: Hashable, Sendable {
    /// Where it is drawn.
    public enum Chart: Hashable, Sendable {
        /// Beside the total.
        case total
        /// By itself, under this title.
        case own(String)
    }

    /// In small letters, as in `image_to_text`.
    public let name: String
    /// What a curve beside the total's is called.
    public let title: String
    /// Where its curve goes.
    public let chart: Chart

    public init(_ name: String, title: String, chart: Chart = .total) {
        self.name = name
        self.title = title
        self.chart = chart
    }

    /// The cross-entropy of captions given pictures.
    public static let imageToText = LossTerm("image_to_text", title: "picture to text")
    /// The cross-entropy of pictures given captions.
    public static let textToImage = LossTerm("text_to_image", title: "text to picture")
    /// The cross-entropy against a teacher, both ways averaged and not yet weighted.
    public static let distillation = LossTerm(
        "distillation", title: "distillation", chart: .own("Distillation loss, not weighted"))
    /// The cross-entropy of a classifier's classes given its network's states, not yet weighted; see ``AnchorLoss``.
    public static let anchors = LossTerm("anchors", title: "anchors", chart: .own("Anchors' loss, not weighted"))
}

/// A loss over the global batch, the same on every process.
public struct LossValue: Sendable, Equatable {
    /// What a step lowers.
    public var total: Double
    /// The part that ``EmbeddingLoss/chance(batchSize:)`` speaks of: without what a teacher adds.
    public var contrastive: Double
    /// What else is reported, such as each direction's share.
    public var terms: [LossTerm: Double]

    /// - Parameters:
    ///   - total: what is lowered.
    ///   - contrastive: the total, unless there is more to it.
    ///   - terms: its named parts.
    public init(total: Double, contrastive: Double? = nil, terms: [LossTerm: Double] = [:]) {
        self.total = total
        self.contrastive = contrastive ?? total
        self.terms = terms
    }

    /// A term's value; nil where this batch has none.
    public subscript(term: LossTerm) -> Double? { terms[term] }
}

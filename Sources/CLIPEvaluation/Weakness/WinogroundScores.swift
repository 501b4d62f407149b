/// How often two pictures and two captions are matched (Thrush et al., "Winoground", arXiv 2204.03162, section 4).
///
/// A tie is wrong, so that a model that cannot tell two captions apart has nothing right.
public struct WinogroundScores: Sendable, Equatable, Codable {
    /// Items of which each picture is more similar to its caption than to the other.
    public let textCorrect: Int
    /// Items of which each caption is more similar to its picture than to the other.
    public let imageCorrect: Int
    /// Items that have both right.
    public let groupCorrect: Int
    /// Items.
    public let count: Int

    /// What similarities without meaning have right: of two independent comparisons both, and of four similarities the
    /// right two the largest.
    public static let chance = (text: 0.25, image: 0.25, group: 1.0 / 6)

    /// - Parameter similarities: `[item][picture][caption]`, two pictures and two captions each.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` for none or another shape,
    ///   ``EvaluationError/notFinite(name:)``.
    public init(similarities: [[[Double]]]) throws {
        let name = "the similarities of pictures and captions"
        guard !similarities.isEmpty else { throw EvaluationError.samples(name: name, problem: "there are no items") }
        var (text, image, group) = (0, 0, 0)
        for (place, item) in similarities.enumerated() {
            guard item.count == 2, item.allSatisfy({ $0.count == 2 }) else {
                throw EvaluationError.samples(
                    name: name, problem: "item \(place) is not of two pictures with two captions each")
            }
            guard item.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { throw EvaluationError.notFinite(name: name) }
            let isTextRight = item[0][0] > item[0][1] && item[1][1] > item[1][0]
            let isImageRight = item[0][0] > item[1][0] && item[1][1] > item[0][1]
            if isTextRight { text += 1 }
            if isImageRight { image += 1 }
            if isTextRight && isImageRight { group += 1 }
        }
        (textCorrect, imageCorrect, groupCorrect, count) = (text, image, group, similarities.count)
    }

    /// The text score, from 0 to 1, with Wilson's interval.
    public var text: Interval { .wilson(textCorrect, of: count) }

    /// The image score, from 0 to 1, with Wilson's interval.
    public var image: Interval { .wilson(imageCorrect, of: count) }

    /// The group score, from 0 to 1, with Wilson's interval.
    public var group: Interval { .wilson(groupCorrect, of: count) }
}

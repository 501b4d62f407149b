import CLIP
import Foundation
import Imaging

/// What a page shows: pictures, the words they were compared with, and how well they fit.
struct PageContent {
    var title: String
    var model: String
    var labels: [String]
    var captions: [String]
    var pictures: [PagePicture]

    /// Labels first, then captions: the rows of the matrix.
    var texts: [String] { labels + captions }
}

/// One picture with its answers.
struct PagePicture {
    var name: String
    /// JPEG files, small enough to be embedded.
    var card: Data
    var thumbnail: Data
    /// Best first; empty where there are no captions.
    var labels: [ScoredChoice]
    var captions: [ScoredChoice]

    init(name: String, picture: Picture, labels: [ScoredChoice], captions: [ScoredChoice]) throws {
        self.name = name
        self.labels = labels
        self.captions = captions
        card = try Self.reduced(picture, side: 224)
        thumbnail = try Self.reduced(picture, side: 72)
    }

    private static func reduced(_ picture: Picture, side: Int) throws -> Data {
        // A strip of a picture would stay as long as it is: its longest side is bounded as well.
        let shortest = min(picture.width, picture.height)
        let longest = max(picture.width, picture.height)
        let bounded = min(side, max(1, Int(Double(shortest) * Double(side * 4) / Double(longest))))
        return try picture.resizedForStorage(shortestSide: bounded).encoded(as: .jpeg(quality: 85))
    }

    /// Cosines in the order the labels, then the captions, were given: a column of the matrix.
    var similarities: [Double] {
        [labels, captions].flatMap { choices in choices.sorted { $0.index < $1.index }.map(\.similarity) }
    }

    /// The rows of the best label and the best caption.
    var bestRows: Set<Int> {
        Set([labels.first?.index, captions.first.map { labels.count + $0.index }].compactMap { $0 })
    }
}

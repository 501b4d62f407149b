import CLIPSearch
import Foundation

/// A search as `POST /v1/search` takes it, written by one who asks.
public struct ServerQuery: Encodable, Sendable {
    /// A part of what is looked for.
    public struct Term: Encodable, Sendable {
        var text: String?
        var image: String?
        var weight: Float

        /// Words.
        public init(text: String, weight: Float) { (self.text, self.weight) = (text, weight) }

        /// A picture file's bytes.
        public init(picture: Data, weight: Float) {
            image = picture.base64EncodedString()
            self.weight = weight
        }
    }

    private var add: [Term]
    private var subtract: [Term]
    private var index: String?
    private var top: Int
    private var minScore: Double?
    private var group: Double?
    private var filter: SearchRequest.Filter

    /// - Parameters:
    ///   - terms: with weights below 0 for what to keep away from.
    ///   - index: what the server calls it.
    ///   - top: how many answers.
    ///   - minScore: the least similarity.
    ///   - group: the similarity from which on answers are one group.
    public init(
        _ terms: [Term], index: String?, top: Int, minScore: Double? = nil, group: Double? = nil,
        filter: SearchFilter = SearchFilter()
    ) {
        add = terms.filter { $0.weight > 0 }
        subtract = terms.filter { $0.weight < 0 }.map { term in
            var term = term
            term.weight = -term.weight
            return term
        }
        self.index = index
        self.top = top
        self.minScore = minScore
        self.group = group
        self.filter = SearchRequest.Filter(filter)
    }
}

extension RunningServer {
    /// Asks for a search.
    /// - Returns: nil where no server answers any more, or it cannot do what is asked: then it is done without one.
    public func search(_ query: ServerQuery) async -> SearchDocument? {
        guard let body = try? ServerJSON.encoder().encode(query), let answer = await post("/v1/search", body) else {
            return nil
        }
        return try? ServerJSON.decode(SearchDocument.self, answer)
    }
}

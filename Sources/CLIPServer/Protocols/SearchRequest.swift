import CLIPSearch
import Foundation

/// What `POST /v1/search` is asked.
struct SearchRequest: Decodable, Sendable {
    var model: String?
    var text: String?
    var image: PictureInput?
    var id: Int64?
    var add: [Term]?
    var subtract: [Term]?
    var index: String?
    var top: Int?
    var minScore: Double?
    var filter: Filter?
    var group: Double?
    var details: Bool?
    var brief: Bool?

    /// `"words"`, or `{"text" | "image" | "id": …, "weight": 1}`.
    struct Term: Decodable, Sendable {
        enum Content: Sendable {
            case text(String)
            case picture(PictureInput)
        }
        var content: Content
        var weight: Float

        private enum Key: String, CodingKey { case text, image, id, weight }

        init(_ content: Content, weight: Float = 1) { (self.content, self.weight) = (content, weight) }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self.init(.text(text))
                return
            }
            let container = try decoder.container(keyedBy: Key.self)
            let weight = try container.decodeIfPresent(Float.self, forKey: .weight) ?? 1
            guard weight.isFinite, weight > 0, weight <= 1000 else {
                throw ServerError.bad("A weight is a number above 0, up to 1000.", "weight")
            }
            if let text = try container.decodeIfPresent(String.self, forKey: .text) {
                self.init(.text(text), weight: weight)
            } else if let id = try container.decodeIfPresent(Int64.self, forKey: .id) {
                self.init(.picture(.id(id)), weight: weight)
            } else {
                self.init(.picture(try container.decode(PictureInput.self, forKey: .image)), weight: weight)
            }
        }
    }

    /// Which pictures may be found.
    struct Filter: Codable, Sendable {
        var folder: String?
        var types: [String]?
        /// ISO 8601 dates, or dates with times; the whole of what each names counts.
        var after: String?
        var before: String?
        var minBytes: Int?
        var maxBytes: Int?
        var ids: [Int64]?

        /// What a filter is written as; ends of time are none.
        init(_ filter: SearchFilter) {
            func date(_ seconds: Int64?) -> String? {
                seconds.flatMap {
                    abs($0) < 100_000_000_000 ? Date(timeIntervalSince1970: Double($0)).ISO8601Format() : nil
                }
            }
            folder = filter.folder
            types = filter.fileTypes
            after = date(filter.taken?.lowerBound)
            before = date(filter.taken?.upperBound)
            minBytes = filter.size?.lowerBound
            maxBytes = filter.size.flatMap { $0.upperBound == .max ? nil : $0.upperBound }
            ids = filter.ids
        }

        func filter() throws -> SearchFilter {
            var filter = SearchFilter()
            filter.folder = folder.flatMap { $0.isEmpty ? nil : PicturePath.absolute($0) }
            filter.fileTypes = types.flatMap { $0.isEmpty ? nil : $0 }
            if after != nil || before != nil {
                let start = try after.map { try Self.date($0, "filter.after").start } ?? .min
                let end = try before.map { try Self.date($0, "filter.before").end } ?? .max
                guard start <= end else { throw ServerError.bad("filter.after is later than filter.before.", "filter") }
                filter.taken = start...end
            }
            if minBytes != nil || maxBytes != nil {
                let (least, most) = (minBytes ?? 0, maxBytes ?? .max)
                guard least <= most else {
                    throw ServerError.bad("filter.min_bytes is above filter.max_bytes.", "filter")
                }
                filter.size = least...most
            }
            if let ids, ids.count > 100_000 { throw ServerError.tooMuch("filter.ids may be 100000.", "filter.ids") }
            filter.ids = ids
            return filter
        }

        /// Dates without an offset are meant in UTC.
        private static func date(_ text: String, _ name: String) throws -> PictureDate {
            guard let zone = TimeZone(secondsFromGMT: 0), let date = PictureDate(text, zone: zone) else {
                throw ServerError.bad("\(name) is a date as 2024-01-31, or 2024-01-31T12:00:00Z.", name)
            }
            return date
        }
    }

    static let mostResults = 10_000

    /// Everything that is looked for, with its weight.
    func terms() throws -> [(content: Term.Content, weight: Float)] {
        var terms: [(Term.Content, Float)] = []
        if let text, !text.allSatisfy(\.isWhitespace) { terms.append((.text(text), 1)) }
        if let image { terms.append((.picture(image), 1)) }
        if let id { terms.append((.picture(.id(id)), 1)) }
        terms += (add ?? []).map { ($0.content, $0.weight) }
        guard !terms.isEmpty else {
            throw ServerError.bad("Say what to look for: text, image, id, or add.", "text")
        }
        terms += (subtract ?? []).map { ($0.content, -$0.weight) }
        guard terms.count <= 32 else { throw ServerError.tooMuch("A query may have 32 parts.", "add") }
        return terms
    }

    func check() throws {
        if let top, !(1...Self.mostResults).contains(top) {
            throw ServerError.bad("top goes from 1 to \(Self.mostResults).", "top")
        }
        if let minScore, !(-1...1).contains(minScore) {
            throw ServerError.bad("min_score goes from -1 to 1.", "min_score")
        }
        if let group, !(0.5...1).contains(group) { throw ServerError.bad("group goes from 0.5 to 1.", "group") }
    }
}

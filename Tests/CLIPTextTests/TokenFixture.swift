import Foundation

/// The texts and ids that `Fixtures/make_tokens.py` took from the reference tokenizer.
struct TokenFixture: Decodable {
    struct Entry: Decodable, Sendable {
        var text: String
        var ids: [Int32]

        init(from decoder: any Decoder) throws {
            var entry = try decoder.unkeyedContainer()
            if let plain = try? entry.decode(String.self) {
                text = plain
            } else {
                var repetition = try entry.nestedUnkeyedContainer()
                let unit = try repetition.decode(String.self)
                text = String(repeating: unit, count: try repetition.decode(Int.self))
            }
            if let plain = try? entry.decode([Int32].self) {
                ids = plain
            } else {
                ids = try entry.decode(Runs.self).runs.flatMap { Array(repeating: $0[0], count: Int($0[1])) }
            }
        }
    }

    struct Decoded: Decodable {
        var ids: [Int32]
        var text: String

        init(from decoder: any Decoder) throws {
            var entry = try decoder.unkeyedContainer()
            ids = try entry.decode([Int32].self)
            text = try entry.decode(String.self)
        }
    }

    private struct Runs: Decodable {
        var runs: [[Int32]]
    }

    var tokens: [Entry]
    var decoded: [Decoded]

    static func load() throws -> TokenFixture {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tokens.json")
        return try JSONDecoder().decode(TokenFixture.self, from: Data(contentsOf: file))
    }
}

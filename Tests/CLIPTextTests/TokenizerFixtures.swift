import Foundation
import Testing

@testable import CLIPText

/// The vocabularies, texts and ids that `Fixtures/make_tokenizers.py` wrote.
struct TokenizerFixtures {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/tokenizers")

    struct References: Decodable, Sendable {
        var texts: [String]
        var ids: [String: [[Int32]]]
        var pad: [String: Int32]
    }

    static let shared = Result { try load(folder) }

    static func load(_ folder: URL) throws -> References {
        let file = folder.appendingPathComponent("references.json")
        return try JSONDecoder().decode(References.self, from: Data(contentsOf: file))
    }

    static let names = [
        "clip-files", "clip-json", "siglip", "siglip-json", "siglip-by-authors", "siglip2", "siglip2-pairs",
        "siglip2-model", "bert", "bert-hf",
    ]

    /// The tokenizer whose ids the references give under `name`.
    static func tokenizer(_ name: String, in folder: URL = folder) throws -> any TextTokenizer {
        let directory = folder.appendingPathComponent(name)
        return switch name {
        case "clip-files", "clip-json": try TokenizerFiles.tokenizer(directory: directory, family: .clip)
        case "siglip": try TokenizerFiles.tokenizer(directory: directory, family: .sigLIP)
        case "siglip-json": try TokenizerFiles.tokenizer(directory: directory, family: .sigLIP, rules: .authors)
        case "siglip-by-authors":
            // open_clip's reading with the model file from which the other directory was made.
            try TokenizerFiles.tokenizer(
                directory: folder.appendingPathComponent("siglip"), family: .sigLIP, rules: .authors)
        case "siglip2-pairs": try TokenizerFiles.tokenizer(directory: directory, family: .sigLIP2, rules: .authors)
        case "siglip2", "siglip2-model": try TokenizerFiles.tokenizer(directory: directory, family: .sigLIP2)
        case "bert": try WordPieceTokenizer()
        default: try WordPieceTokenizer(rules: .transformers)
        }
    }

    /// Undoes the shortening of rows that end in equal ids.
    static func row(_ ids: [Int32]) -> [Int32] {
        guard let last = ids.last, last < 0, ids.count > 1 else { return ids }
        return ids.dropLast() + Array(repeating: ids[ids.count - 2], count: Int(-last))
    }

    /// Records the first row that differs from the reference, and how many do.
    static func compare(_ name: String, in folder: URL = folder, with references: References) throws {
        let tokenizer = try tokenizer(name, in: folder)
        let expected = try #require(references.ids[name == "siglip-by-authors" ? "siglip-json" : name])
        #expect(expected.count == references.texts.count)
        var wrong: [Int] = []
        for (index, text) in references.texts.enumerated()
        where tokenizer.tokenize(text).tokens != row(expected[index]) { wrong.append(index) }
        guard let first = wrong.first else { return }
        let text = references.texts[first]
        let ids = tokenizer.tokenize(text).tokens
        let place = zip(ids, row(expected[first])).enumerated().first { $1.0 != $1.1 }?.offset ?? ids.count
        Issue.record(
            """
            \(name): \(wrong.count) of \(expected.count) texts differ (\(wrong.prefix(12))), first \(first) at \(place):
            \(text.prefix(200).debugDescription)
            \(ids.prefix(40)), expected \(row(expected[first]).prefix(40))
            """)
    }
}

@Suite struct TokenizerParityTests {
    @Test(arguments: TokenizerFixtures.names) func everyRowOfTheReference(name: String) throws {
        let references = try TokenizerFixtures.shared.get()
        #expect(references.texts.count >= 250)
        try TokenizerFixtures.compare(name, with: references)
    }
}

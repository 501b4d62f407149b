import Foundation
import Testing

@testable import CLIPText

@Suite struct CLIPTokenizerTests {
    static let shared = Result { try CLIPTokenizer() }
    let tokenizer: CLIPTokenizer

    init() throws {
        tokenizer = try Self.shared.get()
    }

    /// Ids that OpenAI's and open_clip's tokenizers give, written out.
    @Test(
        arguments: [
            ("a diagram", [320, 22697]),
            ("a photo of a dog", [320, 1125, 539, 320, 1929]),
            ("a cat", [320, 2368]),
            ("A person riding a motorcycle", [320, 2533, 6765, 320, 10297]),
            ("hello world!!!", [3306, 1002, 995]),
            ("Hello World!", [3306, 1002, 256]),
            ("i've seen it", [328, 1200, 2041, 585]),
            ("Hello Båstad", [3306, 65, 23176, 16485]),
            (
                "donaudampfschifffahrtsgesellschaftskapitänsmütze",
                [
                    1067, 627, 1880, 16680, 13731, 1021, 778, 4810, 2290, 619, 10279, 45588, 83, 909, 688, 529, 42787,
                    978,
                    6522, 83, 1298,
                ]
            ),
            ("2023", [273, 271, 273, 274]),
            ("&lt;b&gt;AT&amp;amp;T&lt;/b&gt;", [283, 321, 285, 536, 261, 339, 34308, 321, 285]),
            ("it\u{2019}s", [585, 568]),
            ("mÃ¼ller", [28142, 7722]),
            ("İstanbul", [328, 16384, 11231]),
            ("日本語", [39121, 44353, 34002, 508]),
            ("caf\u{E9}", [15304]),
            ("cafe\u{301}", [15304]),
            ("\u{FB01}sh", [2759]),
            ("", []),
        ] as [(String, [Int32])])
    func knownIds(text: String, ids: [Int32]) {
        #expect(tokenizer.encode(text) == ids)
    }

    @Test func everyIdOfTheFixture() throws {
        let fixture = try TokenFixture.load()
        #expect(fixture.tokens.count >= 4000)
        for (index, entry) in fixture.tokens.enumerated() {
            let ids = tokenizer.encode(entry.text)
            guard ids != entry.ids else { continue }
            let place =
                zip(ids, entry.ids).enumerated().first { $1.0 != $1.1 }?.offset ?? min(ids.count, entry.ids.count)
            let text = entry.text.prefix(120).debugDescription
            Issue.record(
                "entry \(index) \(text): first difference at \(place), \(ids.count) ids for \(entry.ids.count)")
        }
    }

    @Test func shortcutForPlainTextGivesTheSameIds() throws {
        for entry in try TokenFixture.load().tokens {
            #expect(tokenizer.encodeBySteps(entry.text) == tokenizer.encode(entry.text), "\(entry.text.prefix(120))")
        }
        // Text that takes the shortcut, with every ASCII character next to every other.
        let ascii = (0x01...0x7E).map { String(UnicodeScalar(UInt8($0))) }
        for first in ascii {
            let text = ascii.map { "\(first)\($0)S'\(first)" }.joined(separator: " ")
            #expect(tokenizer.encodeBySteps(text) == tokenizer.encode(text))
        }
    }

    @Test func decodesAsTheReference() throws {
        for entry in try TokenFixture.load().decoded {
            #expect(tokenizer.decode(entry.ids) == entry.text, "\(entry.ids)")
        }
        #expect(tokenizer.decode([-1, 320, 49408, .max, .min, 2368]) == "a cat ")
    }

    @Test func decodingEncodedTextGivesItBack() {
        #expect(tokenizer.decode(tokenizer.encode("two dogs playing in the snow")) == "two dogs playing in the snow ")
        #expect(tokenizer.decode(tokenizer.encode("日本語 😀 été")) == "日本語 😀 été ")
    }

    @Test func vocabularyHasTheKnownSize() {
        #expect(tokenizer.vocabularySize == 49408)
        #expect(tokenizer.startToken == 49406)
        #expect(tokenizer.endToken == 49407)
        #expect(tokenizer.contextLength == 77)
        #expect(tokenizer.padToken == 0)
    }

    @Test func specialTokensMatchInAnyCase() {
        #expect(tokenizer.encode("<start_of_text>a<END_OF_TEXT>") == [49406, 320, 49407])
        #expect(tokenizer.encode("!<end_of_text>") != [256, 49407])
    }

    @Test func framesWhatFits() {
        let text = tokenizer.tokenize("a cat")
        #expect(text == TokenizedText(tokens: [49406, 320, 2368, 49407], wasTruncated: false, originalCount: 4))
        #expect(tokenizer.tokenize("").tokens == [49406, 49407])
        let full = tokenizer.tokenize(String(repeating: "cat ", count: 75))
        #expect(full.tokens.count == 77)
        #expect(!full.wasTruncated)
    }

    @Test func cutsAndReportsWhatDoesNot() throws {
        let text = tokenizer.tokenize(String(repeating: "cat ", count: 76))
        #expect(text.tokens == [49406] + Array(repeating: 2368, count: 75) + [49407])
        #expect(text.wasTruncated)
        #expect(text.originalCount == 78)
        let shortest = try CLIPTokenizer(contextLength: 2).tokenize("a cat")
        #expect(shortest == TokenizedText(tokens: [49406, 49407], wasTruncated: true, originalCount: 4))
    }

    @Test func padsRowsToTheContext() throws {
        let short = try CLIPTokenizer(contextLength: 5)
        let rows = short.padded([short.tokenize("a cat"), tokenizer.tokenize("a photo of a dog"), short.tokenize("")])
        #expect(rows == [[49406, 320, 2368, 49407, 0], [49406, 320, 1125, 539, 49407], [49406, 49407, 0, 0, 0]])
    }

    @Test func batchesGiveTheSameAsSingles() throws {
        let texts = try TokenFixture.load().tokens.prefix(1500).map(\.text)
        #expect(tokenizer.tokenize(texts) == texts.map { tokenizer.tokenize($0) })
        #expect(tokenizer.tokenize([String]()).isEmpty)
    }

    @Test func manyThreadsGiveTheSameAsOne() async throws {
        let entries = Array(try TokenFixture.load().tokens.prefix(1200))
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask { [tokenizer] in
                    var wrong = 0
                    for index in entries.indices {
                        let entry = entries[(index + task * 150) % entries.count]
                        if tokenizer.encode(entry.text) != entry.ids { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}

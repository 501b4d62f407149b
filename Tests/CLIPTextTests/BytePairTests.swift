import Testing

@testable import CLIPText

@Suite struct BytePairTests {
    private func vocabulary() throws -> CLIPVocabulary {
        try CLIPVocabulary(try ResourceFolder.own.read(CLIPVocabulary.resource))
    }

    /// A linear congruential generator, so that the words are the same on every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }

    @Test func queueMergesAsScanningDoes() throws {
        let vocabulary = try vocabulary()
        var generator = Generator(state: 7)
        for alphabet in ["ab", "theand", "abcdefghijklmnopqrstuvwxyz", "aaaaah", "éèа日"] {
            let letters = Array(alphabet.utf8)
            for _ in 0..<300 {
                let length = Int.random(in: 1...120, using: &generator)
                let word = (0..<length).map { _ in letters.randomElement(using: &generator) ?? 0 }
                var tokens = word.map { vocabulary.byteTokens[Int($0)] }
                tokens[length - 1] += 256
                var scanned = tokens
                vocabulary.merges.mergeByScanning(&scanned, from: 0)
                vocabulary.merges.mergeByQueue(&tokens, from: 0)
                #expect(tokens == scanned, "\(String(decoding: word, as: UTF8.self))")
            }
        }
    }

    @Test func tokensOfAWordSpellIt() throws {
        let vocabulary = try vocabulary()
        for word in ["cat", "motorcycle", "x", String(repeating: "long", count: 40)] {
            var tokens: [Int32] = []
            vocabulary.encode(Array(word.utf8), into: &tokens)
            let bytes = tokens.flatMap { vocabulary.bytes(of: $0).map(Array.init) ?? [] }
            #expect(String(decoding: bytes, as: UTF8.self) == word)
            #expect(tokens.map { vocabulary.endsWord($0) } == tokens.indices.map { $0 == tokens.count - 1 })
        }
    }

    @Test func smallVocabularyCountsItsTokens() throws {
        let vocabulary = try CLIPVocabulary(Array("a b\nab c</w>\n".utf8))
        #expect(vocabulary.count == 516)
        #expect(vocabulary.bytes(of: 513).map(Array.init) == Array("abc".utf8))
        #expect(vocabulary.bytes(of: 516) == nil)
        #expect(vocabulary.bytes(of: -1) == nil)
        var tokens: [Int32] = []
        vocabulary.encode(Array("abc".utf8), into: &tokens)
        #expect(tokens == [513])
    }

    @Test(arguments: [
        ("", 0), ("a\n", 1), ("a b\nzz c\n", 2), ("a b\na b\n", 2), ("a</w> b\n", 1), ("a b c\n", 1),
        ("\u{3042} b\n", 1),
        (" b\n", 1), ("a b\n\n", 2),
    ])
    func damagedMergesAreReported(text: String, line: Int) {
        #expect {
            try CLIPVocabulary(Array(text.utf8))
        } throws: { error in
            guard case CLIPTextError.resourceMalformed("merges.txt", line, _) = error else { return false }
            return true
        }
    }
}

import Foundation
import Testing

@testable import CLIPText

@Suite struct TokenizerIdentityTests {
    private let folder = TokenizerFixtures.folder

    @Test func equalFilesHaveEqualIdentities() throws {
        for name in TokenizerFixtures.names {
            let first = try TokenizerFixtures.tokenizer(name).identity
            #expect(try TokenizerFixtures.tokenizer(name).identity == first)
            #expect(first.contentHash.count == 32)
            let decoded = try JSONDecoder().decode(TokenizerIdentity.self, from: JSONEncoder().encode(first))
            #expect(decoded == first)
        }
    }

    @Test func differentReadingsDiffer() throws {
        let all = try TokenizerFixtures.names.map { try TokenizerFixtures.tokenizer($0).identity }
        // One model, from its own file and from the one made of it.
        #expect(all[3] == all[4])
        for (index, identity) in all.enumerated() where index != 4 {
            #expect(all[..<index].allSatisfy { $0 != identity }, "\(identity)")
        }
        #expect(
            all.map(\.cleaning) == [
                "nfc+lower", "nfc+lower", "canonical", "ftfy+canonical", "ftfy+canonical", "lower", "ftfy+canonical",
                "lower", "bert", "bert-hf",
            ])
        let clip = try CLIPTokenizer().identity
        #expect(clip.kind == "clip-bpe" && clip.cleaning == "ftfy+lower" && clip.vocabularySize == 49408)
        #expect(try CLIPTokenizer(contextLength: 10).identity.contentHash == clip.contentHash)
        #expect(try CLIPTokenizer(contextLength: 10).identity != clip)
    }

    @Test func rulesFollowThePublisher() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("clip-rules-\(UUID())")
        try FileManager.default.copyItem(at: folder.appendingPathComponent("siglip"), to: directory)
        defer { try? FileManager.default.removeItem(at: directory) }
        func cleaning(_ family: TokenizerFamily) throws -> String {
            try TokenizerFiles.tokenizer(directory: directory, family: family).identity.cleaning
        }
        #expect(try cleaning(.sigLIP) == "canonical")
        try Data("{}".utf8).write(to: directory.appendingPathComponent("open_clip_config.json"))
        #expect(try cleaning(.sigLIP) == "ftfy+canonical")
        #expect(try cleaning(.clip) == "ftfy+lower")
    }

    @Test(arguments: TextRules.allCases) func chineseFacts(rules: TextRules) throws {
        let tokenizer = try WordPieceTokenizer(rules: rules)
        #expect(tokenizer.vocabularySize == 21128)
        #expect(tokenizer.padToken == 0)
        #expect(tokenizer.tokenize("皮卡丘").tokens == [101, 4649, 1305, 687, 102])
        #expect(tokenizer.tokenize("iPhone14 手机").tokens == [101, 8210, 8717, 2797, 3322, 102])
        let long = tokenizer.tokenize(String(repeating: "猫", count: 60))
        #expect(long.tokens.count == 52 && long.tokens.last == 102)
        #expect(long.wasTruncated && long.originalCount == 62)
    }

    @Test func padsAsTheReference() throws {
        let pads = try TokenizerFixtures.shared.get().pad
        for (name, pad) in pads { #expect(try TokenizerFixtures.tokenizer(name).padToken == pad, "\(name)") }
        #expect(pads["clip-files"] == 0)
        let tokenizer = try TokenizerFixtures.tokenizer("siglip")
        let text = tokenizer.tokenize("a photo")
        #expect(text.tokens.count == 64)
        #expect(!text.wasTruncated && text.originalCount < 10)
        #expect(tokenizer.padded([text]) == [text.tokens])
    }

    /// The bundled vocabulary in the layout of a Hugging Face directory gives the ids of the bundled tokenizer wherever
    /// nothing is repaired.
    @Test func bundledVocabularyInADirectory() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("clip-bundled-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let merges = try ResourceFolder.own.read("merges.txt")
        let alphabet = PrintableAlphabet()
        var tokens = ["", "</w>"].flatMap { end in alphabet.bytes.map { "\(alphabet.character(of: $0))\(end)" } }
        tokens += merges.split(separator: 0x0A).map { String(decoding: $0.filter { $0 != 0x20 }, as: UTF8.self) }
        tokens += ["<|startoftext|>", "<|endoftext|>"]
        let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
        try JSONEncoder().encode(vocabulary).write(to: directory.appendingPathComponent("vocab.json"))
        try Data("#version: 0.2\n".utf8 + merges).write(to: directory.appendingPathComponent("merges.txt"))
        let tokenizer = try HuggingFaceCLIPTokenizer(directory: directory)
        let bundled = try CLIPTokenizer()
        #expect(tokenizer.vocabularySize == 49408 && tokenizer.padToken == 49407)
        for text in ["a photo of a dog", "Hello World!", "i've seen it", "Hello Båstad", "日本語", "cafe\u{301}", ""] {
            #expect(tokenizer.tokenize(text) == bundled.tokenize(text), "\(text)")
        }
    }
}

import Foundation
import Testing

@testable import CLIPText

/// What the directories of checkpoints may hold, rightly and wrongly.
@Suite struct TokenizerFilesTests {
    /// A copy of a fixture's directory, with one file replaced (or removed).
    private func directory(
        _ fixture: String?, _ name: String = "", _ contents: [UInt8]? = nil
    ) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clip-tokenizer-\(UUID())")
        if let fixture {
            try FileManager.default.copyItem(
                at: TokenizerFixtures.folder.appendingPathComponent(fixture), to: folder)
        } else {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        let file = folder.appendingPathComponent(name)
        if !name.isEmpty { try? FileManager.default.removeItem(at: file) }
        if let contents { try Data(contents).write(to: file) }
        return folder
    }

    private func refused(
        _ folder: URL, _ family: TokenizerFamily, naming words: String, rules: TextRules? = nil,
        location: SourceLocation = #_sourceLocation
    ) {
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            _ = try TokenizerFiles.tokenizer(directory: folder, family: family, rules: rules)
            Issue.record("was accepted", sourceLocation: location)
        } catch {
            #expect("\(error)".contains(words), "\(error)", sourceLocation: location)
        }
    }

    @Test(arguments: TokenizerFamily.allCases) func missingFilesAreNamed(family: TokenizerFamily) throws {
        let searched =
            switch family {
            case .clip: ["tokenizer.json", "vocab.json with merges.txt"]
            case .sigLIP: ["spiece.model", "sentencepiece.model", "tokenizer.model", "tokenizer.json"]
            case .sigLIP2: ["tokenizer.json", "tokenizer.model"]
            case .chineseCLIP, .bert: ["vocab.txt", "tokenizer.json"]
            }
        let folder = try directory(nil)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: CLIPTextError.tokenizerMissing(directory: folder.path, searched: searched)) {
            try TokenizerFiles.tokenizer(directory: folder, family: family)
        }
    }

    @Test func aFamilyRefusesAnothersFile() throws {
        refused(try directory("siglip-json"), .clip, naming: "expected BPE, not Unigram")
        refused(try directory("siglip-json"), .sigLIP2, naming: "expected BPE, not Unigram")
        refused(try directory("clip-json"), .sigLIP, naming: "expected Unigram, not BPE")
        refused(try directory("clip-json"), .chineseCLIP, naming: "expected WordPiece, not BPE")
        refused(try directory("clip-json"), .sigLIP2, naming: "end_of_word_suffix")
        refused(try directory("siglip2"), .clip, naming: "byte_fallback")
    }

    @Test(arguments: [
        ("", "expected '{'"), ("{", "expected '\"'"), ("[]", "expected '{'"), ("{}", "there are no tokens"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1}}}", "token id"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":4194304}}}", "token id"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":99999999999999999999}}}", "token id"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1.5}}}", "token id"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"a\":1}}}", "stands twice"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0}}}", "two tokens have the id 0"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a  b\"]}}", "one space"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]}}", "[left, right]"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\",\"a\",\"a\"]]}}", "[left, right]"),
        ("{\"model\":{\"type\":\"Word\",\"vocab\":{\"a\":0}}}", "is none of"),
        ("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}} x", "something follows"),
        ("{\"a\":\"\\ud800\"}", "surrogate"), ("{\"a\":\"\\x\"}", "escape"), ("{\"a\":\"\u{1}\"}", "control"),
        ("{\"a\":1e999}", "number"), ("{\"a\":tru}", "value"), ("{\"a\":1,}", "comma"),
        ("{\"a\":" + String(repeating: "[", count: 100_000), "deeper"),
        ("{\"a\":\"b", "without its end"),
    ])
    func damagedJSONIsRefused(text: String, words: String) throws {
        refused(try directory("clip-json", "tokenizer.json", Array(text.utf8)), .clip, naming: words)
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        refused(try directory("clip-json", "tokenizer.json", Array("{\"".utf8) + [0xFF, 0xC0]), .clip, naming: "UTF-8")
        refused(try directory(nil, "vocab.txt", [0x61, 0x0A, 0xC0]), .chineseCLIP, naming: "UTF-8")
    }

    @Test func damagedMergesAndSettingsAreRefused() throws {
        refused(try directory("clip-files", "merges.txt", Array("a b\nzq zq\n".utf8)), .clip, naming: "merge")
        refused(try directory("clip-files", "merges.txt", Array("a b c\n".utf8)), .clip, naming: "line 1")
        refused(try directory("clip-files", "merges.txt"), .clip, naming: "merges.txt")
        refused(
            try directory(
                "clip-files", "tokenizer_config.json",
                Array("{\"eos_token\":\"none\",\"added_tokens_decoder\":{}}".utf8)), .clip,
            naming: "eos_token: \"none\" is not in the vocabulary")
        refused(
            try directory(
                "clip-files", "tokenizer_config.json", Array("{\"added_tokens_decoder\":{\"-4\":\"x\"}}".utf8)),
            .clip, naming: "added_tokens_decoder.-4")
    }

    @Test func vocabularyOfWordsNeedsItsSpecialTokens() throws {
        refused(try directory(nil, "vocab.txt", Array("a\nb\n".utf8)), .chineseCLIP, naming: "[CLS]")
        refused(try directory(nil, "vocab.txt", Array("a\na\n".utf8)), .chineseCLIP, naming: "line 2")
        refused(try directory(nil, "vocab.txt", []), .chineseCLIP, naming: "[CLS]")
    }

    @Test func damagedSentencePieceModelsAreRefused() throws {
        let file = TokenizerFixtures.folder.appendingPathComponent("siglip/spiece.model")
        let model = [UInt8](try Data(contentsOf: file))
        let garbage = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 73 ^ $0 >> 3) }
        for bytes in [[], garbage, Array(model[..<(model.count / 2)]), [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] {
            refused(try directory("siglip", "spiece.model", bytes), .sigLIP, naming: "spiece.model")
        }
        // A model for words, which has no such algorithm here.
        var words = ProtocolBuffer.Writer()
        words.add(2, bytes: [0x18, 0x03])
        refused(try directory("siglip", "spiece.model", words.bytes + model), .sigLIP, naming: "spiece.model")
    }

    @Test func everyDamagedByteIsRefusedOrHarmless() throws {
        let file = TokenizerFixtures.folder.appendingPathComponent("siglip/spiece.model")
        let model = [UInt8](try Data(contentsOf: file))
        var usable = 0
        for place in stride(from: 0, to: model.count, by: 7) {
            var bytes = model
            bytes[place] ^= 1 << UInt8(place % 8)
            guard let read = try? SentencePieceModel(path: "x", bytes: bytes),
                let engine = try? SentencePieceEngine(read.serialized(), path: "x")
            else { continue }
            usable += 1
            for text in ["a photo of a dog ﬁ Ａ １ ½ ㈱ e\u{301} \u{200b} \u{3000}", "日本語 😀", ""] {
                #expect(engine.encode(Array(text.utf8)).allSatisfy { $0 >= 0 && $0 < read.pieces.count })
            }
        }
        #expect(usable > 100)
    }

    @Test func aTableThatLeadsOutsideItselfIsRefused() {
        #expect(!SentencePieceModel.isSound([]))
        #expect(!SentencePieceModel.isSound([UInt8](repeating: 0xFF, count: 4096)))
        // A trie of 256 units and one zero byte of replacements: empty, and so harmless.
        var map: [UInt8] = [0, 4, 0, 0] + [UInt8](repeating: 0, count: 1025)
        #expect(SentencePieceModel.isSound(map))
        // The first unit's children would lie at place 256 and after.
        map[4...7] = [0, 0, 4, 0]
        #expect(!SentencePieceModel.isSound(map))
    }

    @Test func contextHasToHoldTheFrame() throws {
        for (name, family, least) in [
            ("clip-json", TokenizerFamily.clip, 2), ("siglip", .sigLIP, 1), ("siglip2", .sigLIP2, 1),
        ] {
            let folder = TokenizerFixtures.folder.appendingPathComponent(name)
            #expect(throws: CLIPTextError.contextLengthTooSmall(least - 1)) {
                try TokenizerFiles.tokenizer(directory: folder, family: family, contextLength: least - 1)
            }
            let tokenizer = try TokenizerFiles.tokenizer(directory: folder, family: family, contextLength: least)
            let text = tokenizer.tokenize("two dogs")
            #expect(text.tokens.count == least)
            #expect(text.wasTruncated)
        }
    }
}

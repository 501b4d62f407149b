import CLIPData
import Foundation
import Testing

@testable import CLIPCorpus

@Suite struct WordCorpusTests {
    @Test func theSameInputMakesTheSameFiles() throws {
        let packages = try WordPackages()
        var files: [[Data]] = []
        for name in ["a", "b"] {
            let summary = try WordCorpus(packages.options()).build(to: packages.path(name))
            #expect(summary.texts == summary.sources.reduce(0) { $0 + $1.texts })
            #expect(summary.sources.allSatisfy { $0.texts > 0 } && summary.translations > 0)
            #expect(summary.vocabulary.wholeWords > 0.3 && summary.vocabulary.unknown < 0.5)
            files.append(try ["texts.tsv", "vocab.txt"].map { try Data(contentsOf: packages.url("\(name)/\($0)")) })
        }
        #expect(files[0] == files[1])
        let lines = String(decoding: files[0][0], as: UTF8.self).split(separator: "\n")
        #expect(lines.contains("A Sleeping Cat\t睡觉的猫\t睡覺的貓") && lines.contains("a cat asleep"))
        #expect(lines.contains("tabby") && lines.contains("cat\t猫\t貓\t猫咪\t貓咪") && lines.contains("cat: feline mammal"))
        let texts = lines.map { $0.split(separator: "\t")[0].lowercased() }
        #expect(Set(texts).count == texts.count)
        let tokens = String(decoding: files[0][1], as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(Array(tokens.prefix(5)) == VocabularySelection.special && tokens.contains("cat"))
        #expect(!tokens.contains { $0.hasPrefix("[unused") } && Set(tokens).count == tokens.count)
    }

    @Test func nothingElseIsReplacedAndNothingHalfIsLeft() throws {
        let packages = try WordPackages()
        try packages.put("full/mine.txt", "mine")
        #expect(
            throws: CorpusError.invalidOption(
                name: "output", reason: "\(packages.path("full")) holds other files, such as mine.txt")
        ) { try WordCorpus(packages.options()).build(to: packages.path("full")) }
        var options = packages.options()
        options.vocabularySize = 100
        #expect(throws: CorpusError.self) { try WordCorpus(options).build(to: packages.path("small")) }
        #expect(!FileManager.default.fileExists(atPath: packages.path("small")))
        for size in [0, 99, 1_000_001] {
            options.vocabularySize = size
            #expect(throws: CorpusError.self) { try WordCorpus(options) }
        }
        options = packages.options()
        options.root = packages.path("nowhere")
        #expect(throws: CorpusError.missingPackages(["wordnet-base"])) {
            try WordCorpus(options).build(to: packages.path("a"))
        }
    }

    @Test func malformedInputIsNamedWithItsLine() throws {
        let packages = try WordPackages()
        func reason(_ build: () throws -> some Any) -> String {
            do { _ = try build() } catch { return "\(error)" }
            return ""
        }
        let synset = "00000001 05 n 01 cat 0 000 | feline mammal  \n"
        for (data, expected) in [
            (synset + "0001 05 n\n", "data.noun, line 2: it is no synset"),
            ("00000001 05 n 09 cat 0 000 | a\n", "data.noun, line 1: it has fewer words"),
            (synset.replacing(" | ", with: " "), "data.noun, line 1: it is no synset"),
            ("  licence\n\n", "index.noun, line 2: there is no synset 2"),
        ] {
            try packages.put("wordnet/data.noun", data)
            #expect(reason { try WordNet(root: packages.root) }.contains(expected), "\(expected)")
        }
        try packages.put("wordnet/data.noun", synset)
        for index in ["cat n 1 0 1 0\n", "cat n x 0 1 0 00000001\n", "cat n 1 99999999999 1 0 00000001\n", "cat\n"] {
            try packages.put("wordnet/index.noun", index)
            #expect(reason { try WordNet(root: packages.root) }.contains("index.noun, line 1: it is no word"))
        }
        try packages.put("names.txt", "cat\n\ndog\tpuppy\n")
        #expect(reason { try PairTexts.names(packages.path("names.txt")) }.contains("names.txt, line 3: a name"))
        try packages.put("names.txt", String(repeating: "long ", count: 60))
        #expect(reason { try PairTexts.names(packages.path("names.txt")) }.contains("line 1: a name"))
        try packages.shard("bad.tar", [("a", "{\"caption\": 1}")])
        #expect(reason { try PairTexts.records(packages.path("bad.tar")) }.contains("line 1: the pair a's .json"))
        try packages.put("base.txt", "a\nb\n")
        #expect(reason { try VocabularySelection(path: packages.path("base.txt")) }.contains("as a vocabulary"))
        #expect(throws: CorpusError.self) { try ChineseDictionaryEntry.entries(Array("no\n".utf8), path: "d") }
    }
}

/// Miniatures of all that texts are made of, removed with the value.
final class WordPackages {
    let root = NSTemporaryDirectory() + "words-\(UUID().uuidString)"

    static let dictionary = """
        # a dictionary
        貓 猫 [mao1] /cat (CL:隻|只[zhi1])/(dialect) to hide oneself/
        貓咪 猫咪 [mao1 mi1] /kitty/cat/
        熊貓 熊猫 [xiong2 mao1] /panda/CL:隻|只[zhi1]/
        貓頭鷹 猫头鹰 [mao1 tou2 ying1] /owl/
        睡覺 睡觉 [shui4 jiao4] /to go to bed; to sleep/
        蘋果 苹果 [ping2 guo3] /apple/CL:個|个[ge4],顆|颗[ke1]/
        馬 马 [Ma3] /surname Ma/abbr. for Malaysia/
        畫蛇添足 画蛇添足 [hua4 she2 tian1 zu2] /lit. draw legs on a snake (idiom)/to overdo it (idiom)/
        信陽 信阳 [Xin4 yang2] /Xinyang prefecture-level city in Henan/
        """

    init() throws {
        try put("cedict.txt", Self.dictionary)
        try put(
            "wordnet/data.noun",
            """
              1 the licence
            00000001 05 n 02 cat 0 true_cat 0 000 | feline mammal; "a cat"
            00000002 13 n 01 apple 0 000 | (botany) fruit with red or yellow or green skin
            00000003 15 n 01 Paris 0 000 | the capital of France

            """)
        try put(
            "wordnet/index.noun",
            """
              1 the licence
            apple n 1 0 1 0 00000002
            cat n 1 0 1 1 00000001
            paris n 1 0 1 0 00000003
            true_cat n 1 0 1 0 00000001

            """)
        for (part, word) in [("verb", "sleep"), ("adj", "awake(p)"), ("adv", "soundly")] {
            try put("wordnet/data.\(part)", "00000004 29 v 01 \(word) 0 000 | be \(part) at rest\n")
            try put("wordnet/index.\(part)", "\(word.prefix { $0 != "(" }) v 1 0 1 2 00000004\n")
        }
        try put("names.txt", "tabby\r\nowl\n")
        let letters = (0x21...0x7E).compactMap(Unicode.Scalar.init).map(String.init).filter { $0 == $0.lowercased() }
        let pieces = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + letters.map { "##" + $0 }
        try put(
            "base.txt",
            (pieces + ["猫", "cat", "apple", "the", "owl", "sleep", "##ing", "unseen"]).joined(separator: "\n"))
        try shard(
            "train.tar",
            [
                ("a", Self.record("A Sleeping Cat", others: ["a cat asleep"], chinese: ["睡觉的猫", "睡覺的貓"])),
                ("b", Self.record("apple", others: [], chinese: [])),
            ])
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    static func record(_ caption: String, others: [String], chinese: [String]) -> String {
        let captions = ([caption] + others).map { "\"\($0)\"" }.joined(separator: ",")
        let pairs = zip(["zh", "zh-Hant"], chinese).map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
        return """
            {"key":"k","caption":"\(caption)","captions":[\(captions)],"keywords":["cat"],"captions_by_language":{\(pairs)},\
            "keywords_by_language":{},"glosses_by_language":{},"keyword_glosses_by_language":{},"folder":"","source":"",\
            "license":"","width":1,"height":1}
            """
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }
    func url(_ name: String) -> URL { URL(fileURLWithPath: path(name)) }

    func put(_ name: String, _ text: String) throws {
        try FileManager.default.createDirectory(
            at: url(name).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url(name))
    }

    func shard(_ name: String, _ records: [(key: String, json: String)]) throws {
        let writer = try ShardWriter(path: path(name))
        for record in records { try writer.append(key: record.key, files: [("json", Data(record.json.utf8))]) }
        try writer.finish()
    }

    func options() -> WordCorpus.Options {
        var options = WordCorpus.Options()
        (options.root, options.dictionary, options.pairs) = (root, path("cedict.txt"), path("train.tar"))
        (options.names, options.baseVocabulary, options.vocabularySize) = (path("names.txt"), path("base.txt"), 300)
        return options
    }
}

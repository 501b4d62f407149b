import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// A text tower with another's tokenizer, padding or pooling gives numbers without meaning, and no error.
@Suite struct TextMismatchTests {
    private func description(_ name: String) throws -> ModelDescription {
        try ModelCatalog.description(of: FixtureModel.root() + "/families/" + name)
    }

    // MARK: Padding

    @Test(arguments: ["hf-siglip", "hf-siglip2"]) func sigLIPsTextsArePaddedToTheContext(_ name: String) throws {
        let clip = try description(name).loaded()
        for text in ["a dog", "", "a photo of a very very very long caption that is cut by any tokenizer of sixteen"] {
            let tokens = try clip.tokenizer.tokenize(text)
            #expect(tokens.tokens.count == 16, "\(text)")
            let read = min(tokens.originalCount, 16)
            #expect(try tokens.tokens[read...].allSatisfy { try $0 == clip.tokenizer.padToken }, "\(text)")
        }
        // What transformers' padding=True makes of a batch: rows of the longest text's length.
        let row = try clip.tokenizer.tokenize("a dog").tokens
        for bad in [Array(row.prefix(5)), Array(row.prefix(15)), row + [row[15]]] {
            let error = #expect(throws: TorchError.self) { try clip.vectors(captions: [row, bad]) }
            #expect(
                error?.description.contains("caption 1 has \(bad.count) tokens where exactly 16 are needed") == true)
        }
    }

    /// The padding is part of the text: another pad token is another vector.
    @Test func thePadTokenMatters() throws {
        let clip = try description("hf-siglip").loaded()
        let row = try clip.tokenizer.tokenize("a dog").tokens
        let other = try row.map { try $0 == clip.tokenizer.padToken ? 0 : $0 }
        #expect(other != row)
        let vectors = try clip.vectors(captions: [row, other])
        let cosine = try vectors.select(0).reshaped([1, 16]).matmul(vectors.select(1).reshaped([16, 1])).item()
        #expect(cosine < 0.999, "\(cosine)")
    }

    // MARK: Truncation

    @Test(arguments: ["hf-clip", "hf-siglip", "hf-siglip2", "hf-chinese-clip"])
    func whatIsCutIsReported(_ name: String) throws {
        let tokenizer = try description(name).tokenizer()
        let word = name.hasSuffix("chinese-clip") ? "狗" : " a"
        for count in 0...40 {
            let tokens = tokenizer.tokenize(String(repeating: word, count: count))
            #expect(tokens.tokens.count <= tokenizer.contextLength)
            #expect(tokens.wasTruncated == (tokens.originalCount > tokenizer.contextLength), "\(name) \(count)")
        }
        let short = tokenizer.tokenize(word)
        let long = tokenizer.tokenize(String(repeating: word, count: 40))
        #expect(!short.wasTruncated && long.wasTruncated)
        // The end stays, which CLIP's towers read the text at.
        if !name.contains("siglip") { #expect(long.tokens.last == short.tokens.last) }
    }

    // MARK: Tokenizers

    @Test func aTokenizerOfAnotherVocabularyIsRefused() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip-eos", in: folder)
            let other = try FamilyCopy("hf-clip", in: folder)
            #expect(try model.description().tokenizer().vocabularySize == 564)
            for name in ["tokenizer.json", "vocab.json", "merges.txt"] {
                try model.remove(name)
                try FileManager.default.copyItem(atPath: other.file(name), toPath: model.file(name))
            }
            // 574 ids for a table of 567 rows; and, further below, far fewer than the table's rows.
            expectRefused(at: "vocab_size") { _ = try model.description().tokenizer() }
            expectRefused(at: "vocab_size") { _ = try model.description().loaded() }
        }
    }

    /// Without files of its own, a model of CLIP's family reads CLIP's vocabulary, which must be the weights'.
    @Test func theVocabularyThatComesAlongIsHeldAgainstTheWeights() throws {
        let bare = try description("open_clip-bin")
        expectRefused(at: "vocab_size") { _ = try bare.tokenizer() }
        expectRefused(at: "vocab_size") { _ = try bare.loaded() }
        let own = try ModelCatalog.description(of: FixtureModel(name: "words").directory())
        #expect(try own.tokenizer().vocabularySize == 49_408)
    }

    /// open_clip's directories of models that read another library's tokenizer carry its files: they are not CLIP's.
    @Test func aForeignVocabularyBesideOpenCLIPsWeightsIsNotReadAsCLIPs() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            let target = folder + "/open_clip"
            try ModelConversion.convert(model.description(), to: .openCLIP, at: target)
            let there = try ModelCatalog.description(of: target)
            #expect(there.configuration.text?.vocabularySize == 574)
            #expect(
                try there.tokenizer().tokenize("a dog").tokens
                    == model.description().tokenizer().tokenize("a dog").tokens)
            // Without them, CLIP's would have ids beyond the table; with more rows than ids, it would go unseen.
            for name in ["tokenizer.json", "vocab.json", "merges.txt"] {
                try FileManager.default.removeItem(atPath: target + "/" + name)
            }
            expectRefused(at: "vocab_size") { _ = try there.tokenizer() }
            var large = try ModelCatalog.description(of: FixtureModel(name: "words").directory())
            guard var tower = large.configuration.text as? TextTransformerConfiguration else { return }
            tower.vocabularySize = 250_002
            large.configuration.text = tower
            expectRefused(at: "vocab_size") { _ = try large.tokenizer() }
        }
    }

    @Test(arguments: [("hf-siglip", ["spiece.model"]), ("hf-siglip2", ["tokenizer.json"])])
    func aSigLIPModelWithoutItsTokenizerIsRefused(_ name: String, _ files: [String]) throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy(name, in: folder)
            for file in files { try model.remove(file) }
            #expect(throws: CLIPTextError.self) { try model.description().tokenizer() }
            // Pictures are read without it.
            let clip = try model.description().loaded()
            #expect(throws: CLIPTextError.self) { try clip.vectors(texts: ["a dog"]) }
        }
        // Its weights alone do not hold the vocabulary.
        let configuration = try description(name).configuration
        let bare = ModelDescription(
            name: name, configuration: configuration, preprocess: PreprocessConfiguration(for: configuration),
            weightsPath: nil)
        let error = #expect(throws: CLIPError.self) { try bare.tokenizer() }
        #expect(error?.description.contains("the model's directory is needed") == true)
    }

    @Test func aTokenizerOfAnotherFamilyIsRefused() throws {
        try withTemporaryDirectory { folder in
            // SigLIP's sentences for a CLIP model, and CLIP's for a SigLIP model.
            let clip = try FamilyCopy("hf-clip", in: folder)
            let sigLIP = try FamilyCopy("hf-siglip2", in: folder)
            let chinese = try FamilyCopy("hf-chinese-clip", in: folder)
            let tokenizers = try ["clip": clip, "siglip": sigLIP].mapValues {
                try Data(contentsOf: URL(fileURLWithPath: $0.file("tokenizer.json")))
            }
            try #require(tokenizers["siglip"]).write(to: URL(fileURLWithPath: clip.file("tokenizer.json")))
            #expect(throws: (any Error).self) { try clip.description().tokenizer() }
            try #require(tokenizers["clip"]).write(to: URL(fileURLWithPath: sigLIP.file("tokenizer.json")))
            #expect(throws: (any Error).self) { try sigLIP.description().tokenizer() }
            try chinese.remove("vocab.txt")
            // Then the vocabulary that comes along is asked, which is another size.
            expectRefused(at: "vocab_size") { _ = try chinese.description().tokenizer() }
        }
    }

    // MARK: Pooling

    /// `eos_token_id` 2 means the largest id, anything else the first of that id. Both are right for their models, and
    /// either is wrong for the other's.
    @Test func theTokenATextIsReadAtIsItsConfigurations() throws {
        try withTemporaryDirectory { folder in
            for (name, other) in [("hf-clip", 5), ("hf-clip-eos", 2)] {
                let model = try FamilyCopy(name, in: folder)
                let expected = try TensorFile.read(model.file("expected.safetensors"))
                let captions = try FixtureModel.rows(#require(expected["tokens"]))
                let right = try model.description().loaded()
                try expectClose(
                    right.vectors(captions: captions, normalized: false), #require(expected["text"]), tolerance: 1e-5,
                    name)
                try model.edit("config.json", inside: "text_config") { $0["eos_token_id"] = other }
                let changed = try model.description()
                #expect(try !changed.configuration.textTower().isEqual(to: right.model.configuration.textTower()))
                guard name == "hf-clip-eos" else {
                    // Rows without that id have no place to be read at.
                    #expect(throws: TorchError.self) { try changed.loaded().vectors(captions: captions) }
                    continue
                }
                let wrong = try changed.loaded().vectors(captions: captions, normalized: false)
                let difference = try (wrong - right.vectors(captions: captions, normalized: false)).absolute()
                #expect(try difference.sum().item() > 0.1)
            }
        }
    }
}

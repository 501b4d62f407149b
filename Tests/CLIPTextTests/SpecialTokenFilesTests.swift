import Foundation
import Testing

@testable import CLIPText

/// Which of the small files beside a vocabulary has the last word. Ids are those of transformers 5.23's CLIPTokenizer with
/// CLIP's vocabulary and the same files.
@Suite struct SpecialTokenFilesTests {
    private static let names =
        #""bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>""#
    private static let decoder = #""added_tokens_decoder": {"49407": {"content": "<|endoftext|>", "special": true}}"#
    private static let end = #""pad_token": "<|endoftext|>""#
    private static let mark = #""pad_token": "!""#

    /// CLIP's vocabulary with small files of the test's own.
    private func tokenizer(_ files: [String: String]) throws -> HuggingFaceCLIPTokenizer {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clip-tokenizer-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var all = try CLIPTokenizer.huggingFaceFiles(contextLength: 77).filter {
            $0.key.hasPrefix("vocab") || $0.key.hasPrefix("merges")
        }
        for (name, text) in files { all[name + ".json"] = Data(("{" + text + "}").utf8) }
        for (name, data) in all { try data.write(to: folder.appendingPathComponent(name)) }
        return try HuggingFaceCLIPTokenizer(directory: folder)
    }

    @Test(
        arguments: [
            // Stable Diffusion 2's: the map's pad token counts, and is found in the text.
            (["tokenizer_config": "\(names), \(end)", "special_tokens_map": "\(names), \(mark)"], 0, [2117, 0, 0]),
            (["tokenizer_config": "\(names), \(mark)", "special_tokens_map": "\(names), \(end)"], 49407, [2117, 748]),
            (["tokenizer_config": "\(names), \(mark)"], 0, [2117, 0, 0]),
            (["special_tokens_map": "\(names), \(mark)"], 0, [2117, 0, 0]),
            // Where the configuration lists its tokens, the map says nothing.
            (["tokenizer_config": "\(names), \(end), \(decoder)", "special_tokens_map": mark], 49407, [2117, 748]),
            (["tokenizer_config": "\(names), \(decoder)", "special_tokens_map": mark], 49407, [2117, 748]),
            (
                ["tokenizer_config": #"\#(names), \#(end), "added_tokens_decoder": {}"#, "special_tokens_map": mark],
                49407, [2117, 748]
            ),
            ([:], 49407, [2117, 748]),
        ] as [([String: String], Int32, [Int32])])
    func theFileThatTransformersHeedsDecides(_ files: [String: String], _ pad: Int32, _ ids: [Int32]) throws {
        let tokenizer = try tokenizer(files)
        #expect(tokenizer.padToken == pad)
        #expect(tokenizer.tokenize("beach!!").tokens == [49406] + ids + [49407])
    }

    /// Ids of tokens that were added later; special ones are looked for as they are written.
    @Test func tokensOfAnOldDirectoryHaveTheirIds() throws {
        let added = ["added_tokens": #""<new>": 49408"#, "tokenizer_config": Self.names]
        let plain = try tokenizer(added)
        #expect(plain.encode("a <new> b<NEW>c") == [320, 49408, 321, 49408, 322])
        #expect(plain.vocabularySize == 49409)
        let special = try tokenizer(added.merging(["special_tokens_map": #""pad_token": "<new>""#]) { $1 })
        #expect(special.padToken == 49408)
        #expect(special.encode("a <new> b<NEW>c") == [320, 49408, 321, 283, 686, 285, 322])
        let listed = try tokenizer([
            "added_tokens": #""<new>": 49408"#, "tokenizer_config": "\(Self.names), \(Self.decoder)",
        ])
        #expect(listed.vocabularySize == 49408)
    }

    /// A special token without a place in a text, or one of several.
    @Test(arguments: [
        #""mask_token": "cat</w>""#, #""additional_special_tokens": ["cat</w>"]"#,
        #""extra_special_tokens": ["cat</w>"]"#,
    ]) func everySpecialTokenIsFoundInTheText(_ token: String) throws {
        let tokenizer = try tokenizer(["tokenizer_config": "\(Self.names), \(token)"])
        #expect(tokenizer.encode("cat</w> dog") == [2368, 1929])
    }
}

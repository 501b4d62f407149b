import Foundation

extension CLIPTokenizer {
    /// The vocabulary as Hugging Face's `CLIPTokenizer` reads it: `vocab.json`, `merges.txt`, `tokenizer_config.json` and
    /// `special_tokens_map.json`, by name.
    /// - Throws: ``CLIPTextError`` when the package's own data file is missing or damaged.
    public static func huggingFaceFiles(contextLength: Int) throws(CLIPTextError) -> [String: Data] {
        let merges = try ResourceFolder.own.read(CLIPVocabulary.resource)
        let table = try CLIPVocabulary(merges)
        let (start, end) = ("<|startoftext|>", "<|endoftext|>")
        let special: [String: Any] = ["bos_token": start, "eos_token": end, "unk_token": end, "pad_token": end]
        var configuration = special
        configuration["tokenizer_class"] = "CLIPTokenizer"
        configuration["model_max_length"] = contextLength
        configuration["do_lower_case"] = true
        configuration["errors"] = "replace"
        return [
            "vocab.json": vocabulary(table, start: start, end: end),
            "merges.txt": Data("#version: 0.2\n".utf8) + merges,
            "tokenizer_config.json": sortedJSON(configuration), "special_tokens_map.json": sortedJSON(special),
        ]
    }

    /// Tokens in the order of their ids, which a dictionary would lose.
    private static func vocabulary(_ table: CLIPVocabulary, start: String, end: String) -> Data {
        let alphabet = PrintableAlphabet()
        var lines: [String] = []
        for token in 0..<Int32(table.count) {
            var text = ""
            if token == table.startToken {
                text = start
            } else if token == table.endToken {
                text = end
            } else {
                for byte in table.bytes(of: token) ?? [] { text.unicodeScalars.append(alphabet.character(of: byte)) }
                if table.endsWord(token) { text += "</w>" }
            }
            let quoted = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            lines.append("\"\(quoted)\":\(token)")
        }
        return Data(("{" + lines.joined(separator: ",") + "}").utf8)
    }
}

extension WordPieceTokenizer {
    /// Tokens of the vocabulary that this package brings along, Chinese-CLIP's.
    public static let ownVocabularySize = 21_128

    /// That vocabulary as Hugging Face's `BertTokenizer` reads it: `vocab.txt` and `tokenizer_config.json`, by name.
    /// - Throws: ``CLIPTextError`` when the package's own data file is missing.
    public static func huggingFaceFiles(contextLength: Int) throws(CLIPTextError) -> [String: Data] {
        let configuration: [String: Any] = [
            "tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": contextLength,
        ]
        return [
            "vocab.txt": Data(try ResourceFolder.own.read(ownVocabulary)),
            "tokenizer_config.json": sortedJSON(configuration),
        ]
    }
}

private func sortedJSON(_ object: [String: Any]) -> Data {
    (try? JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])) ?? Data()
}

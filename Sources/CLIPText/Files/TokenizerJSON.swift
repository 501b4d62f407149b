import StrictJSON

/// What a `tokenizer.json` of Hugging Face's `tokenizers` says, as far as tokens depend on it.
struct TokenizerJSON {
    private(set) var path: String
    /// "BPE", "Unigram" or "WordPiece".
    var model = ""
    var vocabulary = TokenStrings()
    /// Log-probabilities by id, of a Unigram model.
    var scores: [Float] = []
    var merges = MergeList()
    /// The small members of the model: `unk_token`, `byte_fallback`, `unk_id` and so on.
    var options: [String: JSONValue] = [:]
    /// The other members of the file: `normalizer`, `added_tokens`, `post_processor`, `padding` and so on.
    var rest: [String: JSONValue] = [:]

    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)``.
    init(path: String, bytes: [UInt8]) throws(CLIPTextError) {
        self.path = path
        do throws(JSONFault) {
            var result = self
            var reader = try JSONReader(bytes)
            try reader.readObject { (reader, key) throws(JSONFault) in
                let name = String(decoding: key, as: UTF8.self)
                if name == "model", reader.peek() == UInt8(ascii: "{") {
                    try result.readModel(&reader)
                } else {
                    result.rest[name] = try reader.readValue()
                }
            }
            try reader.finish()
            self = result
        } catch {
            throw CLIPTextError(error, path: path)
        }
        guard vocabulary.count > 0 else { throw malformed("model.vocab", "there are no tokens") }
        let kinds = ["BPE", "Unigram", "WordPiece"]
        guard kinds.contains(model) else { throw malformed("model.type", "\"\(model)\" is none of \(kinds)") }
        if let id = vocabulary.sharedID() { throw malformed("model.vocab", "two tokens have the id \(id)") }
    }

    func malformed(_ place: String, _ reason: String) -> CLIPTextError {
        .fileMalformed(path: path, place: place, reason: reason)
    }

    private mutating func readModel(_ reader: inout JSONReader) throws(JSONFault) {
        var result = self
        try reader.readObject { (reader, key) throws(JSONFault) in
            let name = String(decoding: key, as: UTF8.self)
            switch name {
            case "vocab" where reader.peek() == UInt8(ascii: "{"):
                guard result.vocabulary.count == 0 else { throw reader.fault("a second vocabulary") }
                result.vocabulary = try Self.readVocabulary(&reader)
            case "vocab":
                guard result.vocabulary.count == 0 else { throw reader.fault("a second vocabulary") }
                try result.readScores(&reader)
            case "merges":
                guard result.merges.count == 0 else { throw reader.fault("a second list of merges") }
                try result.readMerges(&reader)
            default: result.options[name] = try reader.readValue()
            }
        }
        self = result
        // Early files do not name the kind.
        model = options["type"]?.string ?? (scores.isEmpty ? merges.count > 0 ? "BPE" : "WordPiece" : "Unigram")
    }

    /// An object of token to id.
    static func readVocabulary(_ reader: inout JSONReader) throws(JSONFault) -> TokenStrings {
        var vocabulary = TokenStrings()
        try reader.readObject { (reader, token) throws(JSONFault) in
            try Self.insert(token, try Self.readID(&reader), &vocabulary, reader)
        }
        return vocabulary
    }

    /// A token's id, within the bounds of any vocabulary.
    private static func readID(_ reader: inout JSONReader) throws(JSONFault) -> Int32 {
        guard let number = try? reader.readNatural(), number < TokenStrings.mostTokens else {
            throw reader.fault("expected a token id from 0 to \(TokenStrings.mostTokens - 1)")
        }
        return Int32(number)
    }

    private static func insert(
        _ token: [UInt8], _ id: Int32, _ vocabulary: inout TokenStrings, _ reader: JSONReader
    ) throws(JSONFault) {
        do throws(TokenStrings.Rejection) {
            try vocabulary.insert(token, id: id)
        } catch {
            throw reader.fault(error.reason(token))
        }
    }

    /// An array of `[token, score]`; the id is the place in it.
    private mutating func readScores(_ reader: inout JSONReader) throws(JSONFault) {
        var vocabulary = TokenStrings()
        var scores: [Float] = []
        try reader.readArray { reader throws(JSONFault) in
            var token: [UInt8]?
            var score: Double?
            try reader.readArray { reader throws(JSONFault) in
                if token == nil { token = try reader.readString() } else { score = try reader.readNumber() }
            }
            guard let token, let score else { throw reader.fault("expected [token, score]") }
            try Self.insert(token, Int32(scores.count), &vocabulary, reader)
            scores.append(Float(score))
        }
        self.vocabulary = vocabulary
        self.scores = scores
    }

    /// An array of `"left right"` or `["left", "right"]`.
    private mutating func readMerges(_ reader: inout JSONReader) throws(JSONFault) {
        var merges = MergeList()
        try reader.readArray { reader throws(JSONFault) in
            if reader.peek() == UInt8(ascii: "[") {
                var parts: [[UInt8]] = []
                try reader.readArray { reader throws(JSONFault) in
                    guard parts.count < 2 else { throw reader.fault("expected [left, right]") }
                    parts.append(try reader.readString())
                }
                guard parts.count == 2 else { throw reader.fault("expected [left, right]") }
                merges.append(parts[0], parts[1])
            } else {
                guard merges.append(line: try reader.readString()) else {
                    throw reader.fault("expected two tokens with one space between them")
                }
            }
        }
        self.merges = merges
    }
}

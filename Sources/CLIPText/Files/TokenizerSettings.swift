import Foundation
import StrictJSON

/// What the small files beside a vocabulary say: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`,
/// and the `added_tokens` of a `tokenizer.json`.
///
/// As transformers reads them: where `tokenizer_config.json` lists its tokens itself (`added_tokens_decoder`), it alone
/// counts. Where it does not, the file is of before 2023: then `special_tokens_map.json` has the last word on special
/// tokens, and `added_tokens.json` holds the ids.
struct TokenizerSettings {
    private var config: JSONValue = .object([:])
    private var special: JSONValue = .object([:])
    private var added: [String: AddedTokens.Entry] = [:]
    private var order: [String] = []
    private let path: String

    /// - Throws: ``CLIPTextError`` when a file is damaged.
    init(directory: URL, json: TokenizerJSON?) throws(CLIPTextError) {
        let file = directory.appendingPathComponent("tokenizer_config.json")
        path = file.path
        if let value = try TokenizerFileAccess.readJSON(file) { config = value }
        let listsTokens = config["added_tokens_decoder"] != nil
        if !listsTokens {
            let map = directory.appendingPathComponent("special_tokens_map.json")
            if let value = try TokenizerFileAccess.readJSON(map) { special = value }
            try addLegacyTokens(directory.appendingPathComponent("added_tokens.json"))
        }
        for (place, token) in (json?.rest["added_tokens"]?.array ?? []).enumerated() {
            guard let json else { break }
            try add(token, id: token["id"]?.tokenID, path: json.path, place: "added_tokens[\(place)]")
        }
        if case .object(let tokens)? = config["added_tokens_decoder"] {
            for (id, token) in tokens.sorted(by: { $0.key < $1.key }) {
                try add(token, id: Int32(id), path: path, place: "added_tokens_decoder.\(id)")
            }
        }
    }

    /// `added_tokens.json` is an object of token to id; a token is special where a special token's name means it.
    private mutating func addLegacyTokens(_ file: URL) throws(CLIPTextError) {
        guard case .object(let tokens)? = try TokenizerFileAccess.readJSON(file) else { return }
        let extra = (value("extra_special_tokens")?.array ?? []).compactMap(\.tokenText)
        let names = Set(Self.specialKeys.compactMap(tokenText) + extra)
        for (content, id) in tokens.sorted(by: { $0.key < $1.key }) {
            let token: [String: JSONValue] = ["content": .string(content), "special": .bool(names.contains(content))]
            try add(.object(token), id: id.tokenID, path: file.path, place: content)
        }
    }

    private mutating func add(_ token: JSONValue, id: Int32?, path: String, place: String) throws(CLIPTextError) {
        guard let content = token.tokenText, let id, id >= 0, id < TokenStrings.mostTokens else {
            let reason = "expected a content and an id from 0 to \(TokenStrings.mostTokens - 1)"
            throw .fileMalformed(path: path, place: place, reason: reason)
        }
        guard added.count < 1 << 16, content.utf8.count <= 256 else {
            throw .fileMalformed(path: path, place: place, reason: "too many added tokens, or one of over 256 bytes")
        }
        guard !content.isEmpty else { return }
        if added[content] == nil { order.append(content) }
        added[content] = Self.entry(token, content, id)
    }

    private static func entry(_ token: JSONValue, _ content: String, _ id: Int32) -> AddedTokens.Entry {
        let isSpecial = token["special"]?.bool ?? true
        return AddedTokens.Entry(
            content: content, id: id, isNormalized: token["normalized"]?.bool ?? !isSpecial,
            stripsLeft: token["lstrip"]?.bool ?? false, stripsRight: token["rstrip"]?.bool ?? false,
            isSingleWord: token["single_word"]?.bool ?? false)
    }

    /// Every special token that transformers has a name for.
    private static let specialKeys = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// What the files say of a special token, or of several.
    private func value(_ key: String) -> JSONValue? { special[key] ?? config[key] }

    /// A member of `tokenizer_config.json`.
    subscript(key: String) -> JSONValue? { config[key] }

    /// The text of a special token such as "eos_token".
    func tokenText(_ name: String) -> String? { special[name]?.tokenText ?? config[name]?.tokenText }

    /// The id that an added token has.
    func id(of content: String) -> Int32? { added[content]?.id }

    /// The added tokens, and the special tokens that `names` mention, with the ids of a vocabulary.
    func addedTokens(names: [(key: String, text: String)], in vocabulary: TokenStrings) -> [AddedTokens.Entry] {
        var entries = order.compactMap { added[$0] }
        for name in names where added[name.text] == nil {
            guard let id = vocabulary.find(name.text) else { continue }
            // Of several roles of one token, the last one's spelling counts, as in the reference.
            entries.removeAll { $0.content == name.text }
            // The settings may spell out how the token is looked for.
            entries.append(Self.entry(value(name.key) ?? .null, name.text, id))
        }
        // Special tokens that have no place in a text are found in it all the same.
        let others =
            Self.specialKeys.compactMap(value)
            + ["additional_special_tokens", "extra_special_tokens"]
            .flatMap { value($0)?.array ?? [] }
        for token in others {
            guard let text = token.tokenText, let id = vocabulary.find(text),
                !entries.contains(where: { $0.content == text })
            else { continue }
            entries.append(Self.entry(token, text, id))
        }
        return entries
    }
}

extension JSONValue {
    /// The text of a special token: a string, or an object with its `content`.
    var tokenText: String? { string ?? self["content"]?.string }

    /// A token's id, where the number is whole and fits 32 bits.
    var tokenID: Int32? { integer.flatMap { Int32(exactly: $0) } }
}

extension CLIPTextError {
    /// What is wrong with a JSON file.
    init(_ fault: JSONFault, path: String) {
        self = .fileMalformed(path: path, place: "byte \(fault.place)", reason: fault.reason)
    }
}

import Foundation
import StrictJSON

extension SentencePieceModel {
    /// The model that a Unigram `tokenizer.json` was made from, as far as it tells.
    ///
    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)``.
    init(_ json: TokenizerJSON) throws(CLIPTextError) {
        self.init(path: json.path)
        guard json.model == "Unigram" else {
            throw json.malformed("model.type", "expected Unigram, not \(json.model)")
        }
        let unknown = Int(json.options["unk_id"]?.tokenID ?? 0)
        guard unknown >= 0, unknown < json.scores.count else {
            throw json.malformed("model.unk_id", "there is no such token")
        }
        let special = Set((json.rest["added_tokens"]?.array ?? []).compactMap { $0["id"]?.tokenID })
        hasByteFallback = json.options["byte_fallback"]?.bool ?? false
        pieces = json.scores.indices.map { id in
            let text = Array(json.vocabulary.bytes(at: id))
            var type = PieceType.normal
            if id == unknown {
                type = .unknown
            } else if hasByteFallback, Self.isByte(text) {
                type = .byte
            } else if special.contains(Int32(id)) {
                type = .control
            }
            return Piece(text: text, score: json.scores[id], type: type)
        }
        unknownPiece = String(decoding: pieces[unknown].text, as: UTF8.self)
        if let map = Self.charsMap(json.rest["normalizer"] ?? .null) {
            guard let bytes = Data(base64Encoded: map) else {
                throw json.malformed("normalizer.precompiled_charsmap", "it is not base 64")
            }
            charsMap = [UInt8](bytes)
        }
        try validate()
    }

    /// Whether a piece is written `<0x00>` to `<0xFF>`.
    static func isByte(_ text: [UInt8]) -> Bool {
        text.count == 6 && text.starts(with: "<0x".utf8) && text[5] == UInt8(ascii: ">")
            && hexDigit(text[3]) != nil && hexDigit(text[4]) != nil
    }

    private static func charsMap(_ normalizer: JSONValue) -> String? {
        if normalizer["type"]?.string == "Precompiled" { return normalizer["precompiled_charsmap"]?.string }
        return normalizer["normalizers"]?.array?.lazy.compactMap { charsMap($0) }.first
    }
}

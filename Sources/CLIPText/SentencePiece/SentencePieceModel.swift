import Checksums

/// A SentencePiece model as its file describes it (`sentencepiece_model.proto`), reduced to what tokens depend on.
struct SentencePieceModel {
    enum Kind: UInt64 {
        case unigram = 1
        case bytePairs = 2
    }

    enum PieceType: UInt64 {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    struct Piece {
        var text: [UInt8]
        var score: Float
        var type: PieceType
    }

    let path: String
    var pieces: [Piece] = []
    var kind = Kind.unigram
    var hasByteFallback = false
    var treatsSpaceAsSuffix = false
    var unknownPiece = "<unk>"
    var charsMap: [UInt8] = []
    var addsDummyPrefix = true
    var removesExtraSpaces = true
    var escapesSpaces = true

    init(path: String) { self.path = path }

    /// Reads a serialized ModelProto.
    ///
    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)``.
    init(path: String, bytes: [UInt8]) throws(CLIPTextError) {
        self.path = path
        do throws(ProtocolBuffer.Damaged) {
            var message = ProtocolBuffer(bytes[...])
            while let field = try message.next() {
                guard case .bytes(let content) = field.value else { continue }
                switch field.number {
                case 1: try readPiece(content)
                case 2: try readTraining(content)
                case 3: try readNormalizer(content)
                default: break
                }
            }
        } catch {
            throw .fileMalformed(
                path: path, place: "byte \(error.place)", reason: "it is no SentencePiece model (a protocol buffer)")
        }
        try validate()
    }

    private mutating func readPiece(_ bytes: ArraySlice<UInt8>) throws(ProtocolBuffer.Damaged) {
        var message = ProtocolBuffer(bytes)
        var piece = Piece(text: [], score: 0, type: .normal)
        while let field = try message.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let text)): piece.text = Array(text)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .integer(let type)):
                guard let known = PieceType(rawValue: type) else { throw .init(place: bytes.startIndex) }
                piece.type = known
            default: break
            }
        }
        guard pieces.count < Int(TokenStrings.mostTokens) else { throw .init(place: bytes.startIndex) }
        pieces.append(piece)
    }

    private mutating func readTraining(_ bytes: ArraySlice<UInt8>) throws(ProtocolBuffer.Damaged) {
        var message = ProtocolBuffer(bytes)
        while let field = try message.next() {
            switch (field.number, field.value) {
            case (3, .integer(let value)):
                guard let known = Kind(rawValue: value) else { throw .init(place: bytes.startIndex) }
                kind = known
            case (24, .integer(let value)): treatsSpaceAsSuffix = value != 0
            case (35, .integer(let value)): hasByteFallback = value != 0
            case (45, .bytes(let text)): unknownPiece = String(decoding: text, as: UTF8.self)
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(ProtocolBuffer.Damaged) {
        var message = ProtocolBuffer(bytes)
        while let field = try message.next() {
            switch (field.number, field.value) {
            case (2, .bytes(let map)): charsMap = Array(map)
            case (3, .integer(let value)): addsDummyPrefix = value != 0
            case (4, .integer(let value)): removesExtraSpaces = value != 0
            case (5, .integer(let value)): escapesSpaces = value != 0
            default: break
            }
        }
    }

    /// The id of a piece.
    func id(of text: String) -> Int32? {
        let bytes = Array(text.utf8)
        return pieces.firstIndex { $0.text == bytes }.map(Int32.init(truncatingIfNeeded:))
    }

    private func malformed(_ place: String, _ reason: String) -> CLIPTextError {
        .fileMalformed(path: path, place: place, reason: reason)
    }

    /// Refuses what the engine would stumble over; it trusts the files it reads.
    func validate() throws(CLIPTextError) {
        var seen = TokenStrings()
        guard !pieces.isEmpty else { throw malformed("pieces", "there are none") }
        for (id, piece) in pieces.enumerated() {
            guard !piece.text.isEmpty, !piece.text.contains(0), piece.text.count <= 1 << 16, piece.score.isFinite,
                String(decoding: piece.text, as: UTF8.self).utf8.elementsEqual(piece.text)
            else { throw malformed("piece \(id)", "it is empty, overlong, no UTF-8, or its score is no number") }
            do throws(TokenStrings.Rejection) {
                try seen.insert(piece.text, id: Int32(id))
            } catch {
                throw malformed("piece \(id)", error.reason(piece.text))
            }
        }
        guard pieces.count(where: { $0.type == .unknown }) == 1 else {
            throw malformed("pieces", "expected one for what is unknown")
        }
        if hasByteFallback {
            let bytes = pieces.filter { $0.type == .byte }.map { String(decoding: $0.text, as: UTF8.self) }
            guard Set(bytes) == Set(CharacterPairVocabulary.byteNames) else {
                throw malformed("pieces", "expected one for each of 256 bytes")
            }
        } else if pieces.contains(where: { $0.type == .byte }) {
            throw malformed("pieces", "pieces for bytes, but no byte fallback")
        }
        if !charsMap.isEmpty, !Self.isSound(charsMap) {
            throw malformed("normalizer", "its table of characters is damaged")
        }
    }

    /// Whether every walk through the table's trie stays inside it, and every replacement too.
    ///
    /// The table is the size of a double-array trie (Darts-clone), the trie, and replacements ended by zero bytes. A
    /// unit says where its children are: at its place xor its offset xor the next byte.
    static func isSound(_ map: [UInt8]) -> Bool {
        guard map.count > 4 else { return false }
        func unit(_ place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(map[place + $1]) << UInt32(8 * $1) }
        }
        let size = Int(unit(0))
        guard size >= 1024, size % 1024 == 0, size < map.count - 4, map.last == 0 else { return false }
        let replacements = map.count - 4 - size
        let count = size / 4
        for place in 0..<count {
            let value = unit(4 + 4 * place)
            // A value: reached only from its parent, which may be any unit.
            if value >> 31 == 1 { continue }
            let offset = Int((value >> 10) << ((value & (1 << 9)) >> 6))
            guard (place ^ offset) | 0xFF < count else { return false }
            if value & (1 << 8) != 0 {
                let leaf = unit(4 + 4 * (place ^ offset))
                guard Int(leaf & 0x7FFF_FFFF) < replacements else { return false }
            }
        }
        return true
    }

    /// The model as the engine reads it.
    func serialized() -> [UInt8] {
        var model = ProtocolBuffer.Writer()
        for piece in pieces {
            var message = ProtocolBuffer.Writer()
            message.add(1, bytes: piece.text)
            message.add(2, float: piece.score)
            message.add(3, integer: piece.type.rawValue)
            model.add(1, bytes: message.bytes)
        }
        var training = ProtocolBuffer.Writer()
        training.add(3, integer: kind.rawValue)
        training.add(24, integer: treatsSpaceAsSuffix ? 1 : 0)
        training.add(35, integer: hasByteFallback ? 1 : 0)
        training.add(45, bytes: Array(unknownPiece.utf8))
        model.add(2, bytes: training.bytes)
        var normalizer = ProtocolBuffer.Writer()
        normalizer.add(2, bytes: charsMap)
        normalizer.add(3, integer: addsDummyPrefix ? 1 : 0)
        normalizer.add(4, integer: removesExtraSpaces ? 1 : 0)
        normalizer.add(5, integer: escapesSpaces ? 1 : 0)
        model.add(3, bytes: normalizer.bytes)
        return model.bytes
    }
}

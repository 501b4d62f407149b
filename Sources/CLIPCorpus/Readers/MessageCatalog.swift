import Files

/// A file of gettext's translations (`.mo`), as the GNU gettext manual describes it under "The Format of GNU MO Files".
struct MessageCatalog: Sendable {
    /// The translation of each message; one with a context has it before an U+0004.
    private let translations: [String: String]

    /// No catalog has more messages or bytes.
    private static let mostMessages = 1 << 20
    private static let mostBytes = 1 << 26

    /// A file that is absent has no translations.
    ///
    /// - Throws: ``CorpusError/damagedFile(path:reason:)``.
    init(path: String) throws {
        guard CorpusFiles.exists(path) else {
            self.init(translations: [:])
            return
        }
        try self.init(try CorpusFiles.contents(path, limit: Self.mostBytes), path: path)
    }

    private init(translations: [String: String]) { self.translations = translations }

    /// - Throws: ``CorpusError/damagedFile(path:reason:)``.
    init(_ bytes: [UInt8], path: String) throws {
        let reader = ByteReader(bytes: bytes, path: path)
        let magic = try reader.number(at: 0, isBigEndian: false)
        guard magic == 0x9504_12DE || magic == 0xDE12_0495 else {
            throw reader.damaged("it is no catalog of gettext's")
        }
        let isBig = magic == 0xDE12_0495
        let count = try reader.number(at: 8, isBigEndian: isBig)
        let originals = try reader.number(at: 12, isBigEndian: isBig)
        let translated = try reader.number(at: 16, isBigEndian: isBig)
        guard count <= Self.mostMessages else { throw reader.damaged("it claims \(count) messages") }
        func text(_ table: Int, _ index: Int) throws -> String {
            let length = try reader.number(at: table + 8 * index, isBigEndian: isBig)
            let offset = try reader.number(at: table + 8 * index + 4, isBigEndian: isBig)
            let bytes = try reader.slice(at: offset, count: length)
            // Of singular and plural, the singular.
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        var translations: [String: String] = [:]
        for index in 0..<count {
            let original = try text(originals, index)
            let translation = try text(translated, index)
            if !original.isEmpty, !translation.isEmpty { translations[original] = translation }
        }
        self.init(translations: translations)
    }

    subscript(message: String) -> String? { translations[message] }
}

/// Reads numbers and runs of bytes out of a file, and refuses what lies outside it.
struct ByteReader: Sendable {
    let bytes: [UInt8]
    let path: String

    func damaged(_ reason: String) -> CorpusError { .damagedFile(path: path, reason: reason) }

    /// Four bytes.
    func number(at offset: Int, isBigEndian: Bool) throws -> Int {
        let four = try slice(at: offset, count: 4)
        let value = four.reduce(0) { $0 << 8 | UInt32($1) }
        return Int(isBigEndian ? value : value.byteSwapped)
    }

    /// Two bytes, the higher first.
    func short(at offset: Int) throws -> Int { try slice(at: offset, count: 2).reduce(0) { $0 << 8 | Int($1) } }

    func slice(at offset: Int, count: Int) throws -> ArraySlice<UInt8> {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
            throw damaged("it ends early: \(count) bytes at \(offset) of \(bytes.count)")
        }
        return bytes[offset..<(offset + count)]
    }
}

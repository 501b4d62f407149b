import CLIPText
import Foundation

/// A small vocabulary of WordPiece for texts in English and Chinese: what is used of a larger one's English pieces, and
/// Chinese characters.
struct VocabularySelection {
    /// The larger vocabulary's tokens, an id each.
    private let base: [String]
    private let tokenizer: WordPieceTokenizer
    private let path: String

    static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    /// Rarer characters are not learned.
    static let leastUses = 3
    static let mostCharacters = 6000
    /// What a caption or a class's name counts for, of a line.
    static let pictureWeight = 20
    static let sizes = 100...1_000_000
    static let punctuation = Set("、。〈〉《》「」『』【】〔〕！（），．：；？～·…—“”‘’％＆＋－／＊".unicodeScalars.map(\.value))

    /// - Throws: ``CorpusError/file(_:)``, ``CorpusError/damagedFile(path:reason:)``.
    init(path: String) throws {
        let bytes = try CorpusFiles.contents(path, limit: 1 << 26)
        do throws(CLIPTextError) {
            tokenizer = try WordPieceTokenizer(lines: bytes, path: path)
        } catch {
            throw CorpusError.damagedFile(path: path, reason: "as a vocabulary: \(error)")
        }
        self.path = path
        base = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self)
        }
    }

    /// The tokens of the new vocabulary, in order: special ones, then by the larger one's order, then Chinese.
    /// - Throws: ``CorpusError/invalidOption(name:reason:)`` where characters alone are more than `size`.
    func tokens(for lines: [LessonTable.Line], size: Int) throws -> [String] {
        let chinese = Self.characters(of: lines)
        let letters = Set(base.indices.filter { Self.isSingle(base[$0]) })
        let needed = Self.special.count + chinese.count + letters.count
        guard needed <= size else {
            throw CorpusError.invalidOption(
                name: "vocabularySize", reason: "\(size) is less than the \(needed) characters that the texts use")
        }
        var uses: [Int: Int] = [:]
        for line in lines {
            let weight = line.isOfPictures ? Self.pictureWeight : 1
            for id in tokenizer.encode(line.text) { uses[Int(id), default: 0] += weight }
        }
        let isSpecial = Set(Self.special)
        let used = uses.keys.filter { id in
            let token = base[id]
            return !letters.contains(id) && !isSpecial.contains(token) && !token.hasPrefix("[unused")
                && !token.unicodeScalars.contains { Self.isChinese($0.value) }
        }
        let sorted = used.sorted { a, b in
            let (first, second) = (uses[a] ?? 0, uses[b] ?? 0)
            return first == second ? a < b : first > second
        }
        let kept = letters.union(sorted.prefix(size - needed)).sorted()
        return Self.special + kept.map { base[$0] } + chinese
    }

    /// The most used Chinese characters, and the punctuation marks among the texts, by code point.
    static func characters(of lines: [LessonTable.Line]) -> [String] {
        var uses: [UInt32: Int] = [:]
        for text in lines.lazy.flatMap({ [$0.text] + $0.translations }) {
            // As the tokenizer takes them apart.
            for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars where isChinese(scalar.value) {
                uses[scalar.value, default: 0] += 1
            }
        }
        let characters = uses.filter { $0.value >= leastUses && !punctuation.contains($0.key) }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(mostCharacters).map(\.key)
        return (characters + punctuation).sorted().compactMap { Unicode.Scalar($0).map { String(Character($0)) } }
    }

    /// A letter, a digit or a punctuation mark of ASCII, or what continues a word so.
    private static func isSingle(_ token: String) -> Bool {
        let rest = token.hasPrefix("##") && token.utf8.count == 3 ? token.dropFirst(2) : token[...]
        guard rest.utf8.count == 1, let byte = rest.utf8.first else { return false }
        return (0x21...0x7E).contains(byte) && !(0x41...0x5A).contains(byte)
    }

    static func isChinese(_ point: UInt32) -> Bool {
        switch point {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2FA1F: true
        default: punctuation.contains(point)
        }
    }
}

/// How well a vocabulary fits texts.
struct VocabularyFit {
    /// Of the words in captions and classes' names, by how often they occur, those that are one token.
    private(set) var wholeWords = 0.0
    /// Of all tokens, those that stand for what the vocabulary has not.
    private(set) var unknown = 0.0

    init(_ tokens: [String], lines: [LessonTable.Line]) throws {
        let file = tokens.joined(separator: "\n") + "\n"
        let tokenizer = try WordPieceTokenizer(lines: Array(file.utf8), path: "vocab.txt")
        let continues = tokens.map { $0.hasPrefix("##") && $0.count > 2 }
        let unknownToken = tokens.firstIndex(of: "[UNK]") ?? 1
        var (words, whole, all, missing) = (0, 0, 0, 0)
        for line in lines {
            for (number, text) in ([line.text] + line.translations).enumerated() {
                let ids = tokenizer.encode(text).map(Int.init)
                all += ids.count
                missing += ids.count { $0 == unknownToken }
                guard number == 0, line.isOfPictures else { continue }
                for place in ids.indices where !continues[ids[place]] {
                    words += 1
                    let isCut = place + 1 < ids.count && continues[ids[place + 1]]
                    if !isCut, ids[place] != unknownToken { whole += 1 }
                }
            }
        }
        wholeWords = words == 0 ? 1 : Double(whole) / Double(words)
        unknown = all == 0 ? 0 : Double(missing) / Double(all)
    }
}

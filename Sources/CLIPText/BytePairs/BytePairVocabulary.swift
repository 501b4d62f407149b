import Checksums
import Foundation
import StrictJSON

/// Where a byte-pair vocabulary was found: a `tokenizer.json`, or a `vocab.json` with its `merges.txt`.
struct BytePairSource {
    let path: String
    let vocabulary: TokenStrings
    let merges: MergeList
    let json: TokenizerJSON?

    static let fileNames = ["tokenizer.json", "vocab.json with merges.txt"]

    /// - Throws: ``CLIPTextError`` when there is neither, or a file is damaged.
    init(directory: URL) throws(CLIPTextError) {
        let file = directory.appendingPathComponent("tokenizer.json")
        if let bytes = try TokenizerFileAccess.read(file) {
            let json = try TokenizerJSON(path: file.path, bytes: bytes)
            guard json.model == "BPE" else { throw json.malformed("model.type", "expected BPE, not \(json.model)") }
            if json.options["byte_fallback"]?.bool == true {
                throw json.malformed("model.byte_fallback", "CLIP's words are bytes; this is another family's file")
            }
            path = file.path
            vocabulary = json.vocabulary
            merges = json.merges
            self.json = json
            return
        }
        let vocabularyFile = directory.appendingPathComponent("vocab.json")
        let mergesFile = directory.appendingPathComponent("merges.txt")
        guard let words = try TokenizerFileAccess.read(vocabularyFile),
            let lines = try TokenizerFileAccess.read(mergesFile)
        else { throw .tokenizerMissing(directory: directory.path, searched: Self.fileNames) }
        path = vocabularyFile.path
        do throws(JSONFault) {
            var reader = try JSONReader(words)
            vocabulary = try TokenizerJSON.readVocabulary(&reader)
            try reader.finish()
        } catch {
            throw CLIPTextError(error, path: path)
        }
        guard vocabulary.count > 0, vocabulary.sharedID() == nil else {
            throw .fileMalformed(path: path, place: "the file", reason: "no tokens, or two with one id")
        }
        merges = try Self.merges(lines, path: mergesFile.path)
        json = nil
    }

    private static func merges(_ file: [UInt8], path: String) throws(CLIPTextError) -> MergeList {
        var merges = MergeList()
        for (index, line) in file.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.isEmpty || line.starts(with: "#version".utf8) { continue }
            guard merges.append(line: line) else {
                throw .fileMalformed(
                    path: path, place: "line \(index + 1)", reason: "expected two tokens with one space between them")
            }
        }
        return merges
    }
}

/// A byte-level byte-pair encoding whose words end in `</w>`, with ids from a file.
struct BytePairVocabulary: Sendable {
    /// The tokens of each byte inside a word and at its end; -1 where the vocabulary has none.
    private let inner: [Int32]
    private let last: [Int32]
    private let merges: MergeTable
    private let unknown: Int32?
    private let strings: TokenStrings
    private let mergesHash: String

    init(_ source: BytePairSource, unknown: Int32?) throws(CLIPTextError) {
        let alphabet = PrintableAlphabet()
        let spelled = (0..<256).map { byte in String(alphabet.character(of: UInt8(byte))) }
        inner = spelled.map { source.vocabulary.find($0) ?? -1 }
        last = spelled.map { source.vocabulary.find($0 + "</w>") ?? -1 }
        merges = try source.merges.table(source.vocabulary, path: source.path)
        strings = source.vocabulary
        self.unknown = unknown
        mergesHash = source.merges.contentHash()
    }

    /// Appends the tokens of a word.
    func encode(word: ArraySlice<UInt32>, into out: inout [Int32]) {
        let bytes = utf8Bytes(word)
        let start = out.count
        for (index, byte) in bytes.enumerated() {
            let token = index == bytes.count - 1 ? last[Int(byte)] : inner[Int(byte)]
            if token >= 0 { out.append(token) } else if let unknown { out.append(unknown) }
        }
        merges.apply(to: &out, from: start)
    }

    /// A hash over everything that decides ids.
    func contentHash(added: [AddedTokens.Entry]) -> ContentHash {
        var hash = ContentHash()
        strings.add(to: &hash)
        hash.update(mergesHash)
        AddedTokens.add(added, to: &hash)
        return hash
    }
}

extension TokenStrings {
    /// Adds all tokens and ids to a hash, in the order of ids, so that the order in a file does not matter.
    func add(to hash: inout ContentHash) {
        var buffer: [UInt8] = []
        for entry in ids.indices.sorted(by: { ids[$0] < ids[$1] }) {
            let token = bytes(at: entry)
            withUnsafeBytes(of: ids[entry].littleEndian) { buffer.append(contentsOf: $0) }
            withUnsafeBytes(of: Int32(truncatingIfNeeded: token.count).littleEndian) { buffer.append(contentsOf: $0) }
            buffer.append(contentsOf: token)
        }
        buffer.withUnsafeBytes { hash.update($0) }
    }
}

extension AddedTokens {
    /// Adds what the entries say to a hash, in the order of ids.
    static func add(_ entries: [Entry], to hash: inout ContentHash) {
        for entry in entries.sorted(by: { ($0.id, $0.content) < ($1.id, $1.content) }) {
            hash.update(entry.content)
            let flags = [entry.isNormalized, entry.stripsLeft, entry.stripsRight, entry.isSingleWord]
            hash.update("\(entry.id) \(flags)")
        }
    }
}

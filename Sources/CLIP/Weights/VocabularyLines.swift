import Files
import Foundation

/// A `vocab.txt`: a token on each line, its id the number of lines before.
struct VocabularyLines {
    let path: String
    let data: Data
    /// The tokens, in UTF-8: Swift's strings are equal where only their spelling differs.
    let lines: [[UInt8]]

    /// Far larger than any known.
    private static let mostBytes = 64 << 20

    /// - Throws: ``CLIPError/file(_:hint:)``, or ``CLIPError/configuration(source:key:problem:)`` for a file that is not
    ///   UTF-8, or has an empty or a repeated line.
    init(path: String) throws {
        self.path = path
        data = try CLIPError.wrapping(hint: "A vocabulary has a token on each line.") {
            try WholeFile.data(path, limit: Self.mostBytes)
        }
        guard String(data: data, encoding: .utf8) != nil else {
            throw CLIPError.configuration(source: path, key: "file", problem: "it is not UTF-8")
        }
        var lines = data.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            Array(line.last == 0x0D ? line.dropLast() : line)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        var places: [[UInt8]: Int] = [:]
        for (place, line) in lines.enumerated() {
            if line.isEmpty {
                throw CLIPError.configuration(source: path, key: "line \(place + 1)", problem: "it is empty")
            }
            if let first = places.updateValue(place, forKey: line) {
                throw CLIPError.configuration(
                    source: path, key: "line \(place + 1)",
                    problem: "\"\(String(decoding: line, as: UTF8.self))\" is on line \(first + 1) already")
            }
        }
        self.lines = lines
    }

    /// The special tokens' places.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` for one that is not there.
    func special() throws -> [(name: String, place: Int)] {
        try ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map { name in
            guard let place = lines.firstIndex(of: Array(name.utf8)) else {
                throw CLIPError.configuration(source: path, key: name, problem: "there is no such token")
            }
            return (name, place)
        }
    }
}

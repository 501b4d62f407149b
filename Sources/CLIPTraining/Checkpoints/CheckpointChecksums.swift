import Checksums
import Files
import Foundation

/// `checksums.json` in a checkpoint's directory: what each file was when it was written, by which a damaged one is known.
enum CheckpointChecksums {
    private static let name = "checksums.json"

    /// What is known of a file of the directory.
    private struct Entry: Codable, Equatable {
        var bytes: Int
        /// See `ContentHash`.
        var xxh3: String

        /// Reads a file from its beginning to its end.
        init(of path: String) throws(FileFault) {
            var hash = ContentHash()
            var total = 0
            try FileReader(path).forEachPiece { piece in
                hash.update(piece)
                total += piece.count
            }
            bytes = total
            xxh3 = hash.hexadecimal()
        }
    }

    /// Takes down what all files of a directory are.
    static func write(in directory: String) throws {
        var entries: [String: Entry] = [:]
        for name in try Folder.names(in: directory) { entries[name] = try Entry(of: directory + "/" + name) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try WholeFile.write(encoder.encode(entries), to: directory + "/" + name)
    }

    /// What is wrong with a directory that has its checksums; nil where every file is as it was written.
    static func damage(of directory: String) -> String? {
        guard let data = try? WholeFile.data(directory + "/" + name, limit: 1 << 20),
            let wanted = try? JSONDecoder().decode([String: Entry].self, from: data)
        else { return "\(name) is missing or cannot be read" }
        for (name, expected) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let found = try? Entry(of: directory + "/" + name) else {
                return "\(name) is missing or cannot be read"
            }
            if found.bytes != expected.bytes { return "\(name) has \(found.bytes) bytes of \(expected.bytes)" }
            if found.xxh3 != expected.xxh3 { return "\(name) is not what was written: its checksum differs" }
        }
        return nil
    }
}

import Files
import Foundation

/// The files inside one of Qt's binary resource bundles (`.rcc`), versions 1 to 3, as `QResource` reads them.
struct ResourceBundle: Sendable {
    /// A file in the bundle.
    struct Entry: Sendable, Equatable {
        /// The path from the bundle's root, without a slash in front.
        let path: String
        let isCompressed: Bool
        fileprivate let offset: Int
    }

    /// The bundle's files, in its own order.
    let entries: [Entry]
    private let reader: ByteReader

    private static let mostEntries = 1 << 16
    private static let longestPath = 1024
    private static let mostBytes = 1 << 26

    /// - Throws: ``CorpusError/damagedFile(path:reason:)``.
    init(path: String) throws { try self.init(try CorpusFiles.contents(path, limit: 1 << 28), path: path) }

    /// - Throws: ``CorpusError/damagedFile(path:reason:)``.
    init(_ bytes: [UInt8], path: String) throws {
        let reader = ByteReader(bytes: bytes, path: path)
        guard try reader.slice(at: 0, count: 4).elementsEqual("qres".utf8) else {
            throw reader.damaged("it is no bundle of Qt's resources")
        }
        let version = try reader.number(at: 4, isBigEndian: true)
        guard (1...3).contains(version) else { throw reader.damaged("version \(version) is not known") }
        let walk = Walk(
            reader: reader, tree: try reader.number(at: 8, isBigEndian: true),
            data: try reader.number(at: 12, isBigEndian: true), names: try reader.number(at: 16, isBigEndian: true),
            nodeBytes: version == 1 ? 14 : 22)
        var entries: [Entry] = []
        var visits = 0
        try walk.visit(node: 0, path: "", visits: &visits, into: &entries)
        self.entries = entries
        self.reader = reader
    }

    /// A file's bytes.
    ///
    /// - Throws: ``CorpusError/damagedFile(path:reason:)``.
    func contents(of entry: Entry) throws -> Data {
        let count = try reader.number(at: entry.offset, isBigEndian: true)
        let bytes = try reader.slice(at: entry.offset + 4, count: count)
        guard entry.isCompressed else { return Data(bytes) }
        // The length, then a zlib stream.
        let size = try reader.number(at: entry.offset + 4, isBigEndian: true)
        guard bytes.count > 4, size <= Self.mostBytes else {
            throw reader.damaged("\(entry.path) claims \(size) bytes")
        }
        guard let inflated = Inflate.zlib(bytes.dropFirst(4), limit: size), inflated.count == size else {
            throw reader.damaged("\(entry.path) cannot be decompressed")
        }
        return Data(inflated)
    }

    private struct Walk {
        let reader: ByteReader
        let tree: Int
        let data: Int
        let names: Int
        let nodeBytes: Int

        func visit(node: Int, path: String, visits: inout Int, into entries: inout [Entry]) throws {
            visits += 1
            // Folders that hold each other would never end.
            guard visits <= ResourceBundle.mostEntries, path.count <= ResourceBundle.longestPath else {
                throw reader.damaged("it holds more than \(ResourceBundle.mostEntries) files")
            }
            let start = tree + node * nodeBytes
            let flags = try reader.short(at: start + 4)
            guard flags & 2 != 0 else {
                guard flags & 4 == 0 else { throw reader.damaged("\(path) is compressed with zstd") }
                let offset = data + (try reader.number(at: start + 10, isBigEndian: true))
                entries.append(Entry(path: path, isCompressed: flags & 1 != 0, offset: offset))
                return
            }
            let count = try reader.number(at: start + 6, isBigEndian: true)
            let first = try reader.number(at: start + 10, isBigEndian: true)
            guard count <= ResourceBundle.mostEntries else { throw reader.damaged("it claims \(count) files") }
            for child in first..<(first + count) {
                let name = try name(at: try reader.number(at: tree + child * nodeBytes, isBigEndian: true))
                try visit(node: child, path: path.isEmpty ? name : "\(path)/\(name)", visits: &visits, into: &entries)
            }
        }

        /// A length, a hash, and UTF-16 with the higher byte first.
        private func name(at offset: Int) throws -> String {
            let count = try reader.short(at: names + offset)
            let bytes = Array(try reader.slice(at: names + offset + 6, count: 2 * count))
            let units = (0..<count).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
            return String(decoding: units, as: UTF16.self)
        }
    }
}

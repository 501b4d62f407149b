import Files
import Foundation

/// File listings and contents of the packages.
enum CorpusFiles {
    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Paths below `folder` that end in `suffix`, sorted by their bytes.
    static func paths(under folder: String, suffix: String) -> [String] {
        guard let walker = FileManager.default.enumerator(atPath: folder) else { return [] }
        return walker.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Files right in `folder` that end in `suffix`, without what only points to another, sorted by their bytes.
    static func names(in folder: String, suffix: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            name.hasSuffix(suffix)
                && (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) == nil
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// - Throws: ``CorpusError/file(_:)``.
    static func contents(_ path: String, limit: Int) throws -> [UInt8] {
        do throws(FileFault) { return try WholeFile.bytes(path, limit: limit) } catch { throw CorpusError.file(error) }
    }

    static func bytes(_ path: String) -> [UInt8]? {
        try? WholeFile.bytes(path, limit: 1 << 30)
    }
}

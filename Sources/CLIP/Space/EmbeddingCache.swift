import Checksums
import Files
import Foundation
import Torch

/// Embeddings kept on disk, so that what was encoded once is not encoded again: a file an entry, the least recently used ones
/// removed where all together would be more than the limit. Any number of processes may use one folder.
///
///     let names = try await clip.classifier(labels: thousandNames, templates: templates, cache: EmbeddingCache())
public struct EmbeddingCache: Sendable {
    /// What is kept, for people to look at.
    public struct Entry: Sendable, Equatable, Codable {
        /// What tells it from all others: 32 hexadecimal digits.
        public let key: String
        /// What it is.
        public let description: String
        /// Of its file.
        public let bytes: Int
        /// When it was made or read last.
        public let used: Date
    }

    /// Where the files are.
    public let folder: String
    /// All files together, in bytes.
    public let limit: Int

    /// 10 GiB: ten million vectors of 256 numbers.
    public static let defaultLimit = 10 << 30

    private static let ending = ".safetensors"
    private static let descriptionKey = "description"
    private static let keyKey = "key"
    private static let checksumKey = "checksum"

    /// Told where something cannot be kept.
    package var onProblem: (@Sendable (String) -> Void)?
    /// Tells what is computed otherwise than usual from the rest; nil as usual.
    package var variant: String?

    /// - Parameters:
    ///   - folder: nil for `CLIP_CACHE`, or else `swift-clip/embeddings` in the user's folder of caches.
    ///   - limit: in bytes; nil for `CLIP_CACHE_GIB`, or else ``defaultLimit``.
    /// - Throws: ``CLIPError/setting(name:value:reason:)``.
    public init(
        folder: String? = nil, limit: Int? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let caches = value("XDG_CACHE_HOME") ?? (value("HOME") ?? NSHomeDirectory()) + "/.cache"
        self.folder = folder ?? value("CLIP_CACHE") ?? caches + "/swift-clip/embeddings"
        if let limit {
            self.limit = limit
        } else if let text = value("CLIP_CACHE_GIB") {
            guard let number = Double(text), number >= 0, number < 1e6 else {
                throw CLIPError.setting(
                    name: "CLIP_CACHE_GIB", value: text, reason: "it takes a number of GiB, such as 10")
            }
            self.limit = Int(number * Double(1 << 30))
        } else {
            self.limit = Self.defaultLimit
        }
    }

    /// What is kept, the most recently used first.
    public func entries() -> [Entry] {
        files().map { file in
            let metadata = (try? TensorFile.metadata(of: path(file.key))) ?? [:]
            return Entry(
                key: file.key, description: metadata[Self.descriptionKey] ?? "damaged", bytes: file.bytes,
                used: file.used)
        }
    }

    /// The same without a look into the files. Others' files, models in a folder that was given by mistake, are none.
    private func files() -> [(key: String, bytes: Int, used: Date)] {
        let names = (try? Folder.names(in: folder)) ?? []
        return names.filter { $0.hasSuffix(Self.ending) }.compactMap { name in
            let key = String(name.dropLast(Self.ending.count))
            guard key.utf8.count == 32, key.allSatisfy(\.isHexDigit),
                let attributes = try? FileManager.default.attributesOfItem(atPath: Folder.join(folder, name)),
                let bytes = attributes[.size] as? Int, let used = attributes[.modificationDate] as? Date
            else { return nil }
            return (key, bytes, used)
        }.sorted { ($0.used, $1.key) > ($1.used, $0.key) }
    }

    /// Removes what was not used since; all without a date.
    /// - Returns: what was removed.
    /// - Throws: ``CLIPError/file(_:)``.
    @discardableResult
    public func clear(unusedSince date: Date? = nil) throws -> [Entry] {
        let removed = entries().filter { entry in date.map { entry.used < $0 } ?? true }
        for entry in removed { try remove(entry.key) }
        return removed
    }

    /// The tensors of a key, as they were made before or are made now. What cannot be kept, on a full disk, is made all the same.
    /// - Parameters:
    ///   - parts: all that decides them.
    ///   - description: what people see of it.
    package func tensors(
        _ parts: [String], _ description: String, _ make: () throws -> [String: Tensor]
    ) throws -> [String: Tensor] {
        if let kept = kept(parts) { return kept }
        let made = try make()
        keep(made, parts, description)
        return made
    }

    /// What was kept; nil where there is nothing, or something damaged or of an older form, which is then made anew.
    package func kept(_ parts: [String]) -> [String: Tensor]? {
        let key = key(parts)
        let path = self.path(key)
        guard FileManager.default.fileExists(atPath: path), let metadata = try? TensorFile.metadata(of: path),
            metadata[Self.keyKey] == key, let tensors = try? TensorFile.read(path),
            let checksum = try? Self.checksum(tensors), metadata[Self.checksumKey] == checksum
        else { return nil }
        try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
        return tensors
    }

    /// Keeps what was made, unless it alone is more than the limit. Nothing fails where it cannot be kept.
    package func keep(_ tensors: [String: Tensor], _ parts: [String], _ description: String) {
        guard tensors.values.reduce(0, { $0 + $1.count * $1.dtype.byteCount }) <= limit else { return }
        let key = key(parts)
        do {
            let metadata = [
                Self.keyKey: key, Self.descriptionKey: description, Self.checksumKey: try Self.checksum(tensors),
            ]
            try Folder.make(folder)
            // Its checksum tells what a crash left of it; waiting for the disk would take longer than a few labels do.
            try TensorFile.write(tensors, metadata: metadata, to: path(key), isDurable: false)
            try makeRoom(except: key)
        } catch {
            onProblem?("\(folder): embeddings are not kept: \(error)")
        }
    }

    private func makeRoom(except key: String) throws {
        var total = 0
        for file in files() {
            total += file.bytes
            if total > limit, file.key != key { try remove(file.key) }
        }
    }

    private func remove(_ key: String) throws {
        let path = self.path(key)
        guard unlink(path) == 0 || errno == ENOENT else {
            throw CLIPError.file(FileFault.system(path, .removing))
        }
    }

    private func path(_ key: String) -> String { Folder.join(folder, key + Self.ending) }

    private func key(_ parts: [String]) -> String {
        var hash = ContentHash()
        for part in parts + (variant.map { [$0] } ?? []) { hash.update(part) }
        return hash.hexadecimal()
    }

    /// A disk's errors would be vectors like any others.
    private static func checksum(_ tensors: [String: Tensor]) throws -> String {
        var hash = ContentHash()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            hash.update(name)
            hash.update("\(tensor.dtype) \(tensor.shape)")
            try tensor.bytes().withUnsafeBytes { hash.update($0) }
        }
        return hash.hexadecimal()
    }
}

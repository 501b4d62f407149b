import Files
import Foundation
import Transfer

/// huggingface_hub's cache, which people already have:
///
///     <root>/models--owner--name/refs/main                       the commit that the revision stands for
///     <root>/models--owner--name/blobs/<tag>                     each content once
///     <root>/models--owner--name/snapshots/<commit>/config.json  -> ../../blobs/<tag>
///     <root>/.locks/models--owner--name/<tag>.lock
struct HubCache: Sendable {
    /// What an entry may hold at most, lest a strange folder be walked forever.
    private static let maximumFiles = 100_000

    let root: String
    let repository: HubRepository

    private var folderName: String { "models--" + repository.id.split(separator: "/").joined(separator: "--") }
    private var folder: String { "\(root)/\(folderName)" }

    func blob(_ tag: String) -> String { "\(folder)/blobs/\(tag)" }
    func lock(_ tag: String) -> String { "\(root)/.locks/\(folderName)/\(tag).lock" }
    func snapshot(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }

    /// The commit that the repository's revision stood for when it was last asked for.
    func commit() -> String? {
        if SafeName.isCommit(repository.revision) { return repository.revision }
        guard let bytes = try? WholeFile.bytes("\(folder)/refs/\(repository.revision)", limit: 256) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return SafeName.isCommit(text) ? text : nil
    }

    /// The files of a snapshot that are there, links to missing blobs left out.
    func files(of commit: String) -> [String] {
        let path = snapshot(commit)
        guard let walk = FileManager.default.enumerator(atPath: path) else { return [] }
        var names: [String] = []
        for case let name as String in walk {
            guard names.count < Self.maximumFiles else { break }
            if hasFile(name, commit: commit) { names.append(name) }
        }
        return names
    }

    /// Whether a snapshot has a file whose bytes are there.
    func hasFile(_ name: String, commit: String) -> Bool {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: "\(snapshot(commit))/\(name)", isDirectory: &isFolder)
        return isThere && !isFolder.boolValue
    }

    /// Notes which commit the revision stands for.
    func remember(_ commit: String) throws(ModelHubError) {
        guard repository.revision != commit, self.commit() != commit else { return }
        try keep("\(folder)/refs/\(repository.revision)") { path throws(FileFault) in
            try WholeFile.write(commit, to: path)
        }
    }

    /// Lets a file of a snapshot point to its blob.
    func link(_ name: String, commit: String, to tag: String) throws(ModelHubError) {
        let up = String(repeating: "../", count: 2 + name.utf8.count { $0 == UInt8(ascii: "/") })
        try keep("\(snapshot(commit))/\(name)") { path throws(FileFault) in
            try SymbolicLink.turn(path, to: "\(up)blobs/\(tag)")
        }
    }

    /// Marks the cache as one, so that backups leave it out (https://bford.info/cachedir/).
    func mark() {
        let path = root + "/CACHEDIR.TAG"
        guard !FileManager.default.fileExists(atPath: path) else { return }
        let text = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of models from a hub.\n"
        try? WholeFile.write(text, to: path)
    }

    static func makeFolder(_ path: String) throws(ModelHubError) {
        try ModelHubError.keeping { () throws(FileFault) in try Folder.make(path) }
    }

    /// Makes a file or link that others never see half-made, and the folders above it.
    private func keep(_ path: String, make: (String) throws(FileFault) -> Void) throws(ModelHubError) {
        try Self.makeFolder(Folder.parent(of: path))
        try ModelHubError.keeping { () throws(FileFault) in try make(path) }
    }
}

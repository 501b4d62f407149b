import Files
import Foundation

/// The pictures of a folder and its subfolders, each with its caption in a file of the same name beside it:
/// `cat.jpg` with `cat.txt`, `cat.json`, or both.
struct FolderPairs: PairList {
    private struct Item {
        let path: String
        let hasText: Bool
        let hasJSON: Bool
    }

    private let root: String
    private let items: [Item]
    private static let maximumCaptionBytes = 1 << 20

    /// - Throws: ``CLIPDataError`` when a folder cannot be listed, or holds no pictures.
    init(path: String) throws(CLIPDataError) {
        root = path
        var items: [Item] = []
        var shards = 0
        var folders = [""]
        while let folder = folders.popLast() {
            let names = try CLIPDataError.wrapping { () throws(FileFault) in
                try Folder.names(in: Self.join(path, folder))
            }
            let present = Set(names)
            // Reversed, since the last folder pushed is listed first.
            for name in names.sorted().reversed() where !name.hasPrefix(".") {
                let relative = Self.join(folder, name)
                let (stem, fileExtension) = Self.split(name)
                if PairSample.imageExtensions.contains(fileExtension) {
                    items.append(
                        Item(
                            path: relative, hasText: present.contains("\(stem).txt"),
                            hasJSON: present.contains("\(stem).json")))
                } else if fileExtension == "tar" {
                    shards += 1
                } else if fileExtension != "txt", fileExtension != "json", Self.isFolder(Self.join(path, relative)) {
                    folders.append(relative)
                }
            }
        }
        guard !items.isEmpty else {
            let hint = shards > 0 ? "; for its \(shards) tar shards, give '\(Self.join(path, "*.tar"))'" : ""
            throw .invalidSpecification(specification: path, reason: "the folder holds no pictures\(hint)")
        }
        self.items = items.sorted { $0.path < $1.path }
    }

    var count: Int { items.count }

    func pair(at index: Int) -> Result<PairSample, SkippedSample> {
        let item = items[index]
        let path = Self.join(root, item.path)
        let stem = Self.split(path).stem
        do {
            let text = item.hasText ? try WholeFile.data("\(stem).txt", limit: Self.maximumCaptionBytes) : nil
            let json = item.hasJSON ? try WholeFile.data("\(stem).json", limit: Self.maximumCaptionBytes) : nil
            let record = try CaptionRecord.read(text: text, json: json).get()
            return .success(
                PairSample(
                    key: Self.split(item.path).stem, image: .file(path: path),
                    imageName: URL(fileURLWithPath: path).lastPathComponent, caption: record.caption,
                    alternatives: record.alternatives, keywords: record.keywords, category: record.category,
                    captionWeights: record.weights, location: path, number: Int64(index)))
        } catch let reason as SkipReason {
            return .failure(SkippedSample(location: path, reason: reason))
        } catch {
            return .failure(SkippedSample(location: path, reason: .unreadable("\(error)")))
        }
    }

    /// Whether a path is a folder itself: links are not followed, since they may form a circle.
    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func join(_ folder: String, _ name: String) -> String {
        if folder.isEmpty || name.isEmpty { return folder + name }
        return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The path up to its last dot, and the lower-cased rest.
    private static func split(_ path: String) -> (stem: String, fileExtension: String) {
        guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return (path, "") }
        return (String(path[..<dot]), path[path.index(after: dot)...].lowercased())
    }
}

import Files
import Foundation

/// The pictures of a folder and its subfolders, each with its caption in a file of the same name beside it:
/// `cat.jpg` with `cat.txt`, `cat.json`, or both.
///
/// Where no caption is anywhere and every picture lies in a subfolder, the subfolders are classes: each picture has the
/// name of the one it lies in, or below, for category and caption.
struct FolderPairs: PairList {
    private struct Item {
        /// Relative to the root.
        let folder: String
        let name: String
        /// The names of the files with its captions.
        let text: String?
        let json: String?

        var path: String { FolderWalk.join(folder, name) }
        /// The subfolder of the root that it lies in, or below.
        var topFolder: String { folder.split(separator: "/").first.map(String.init) ?? "" }
    }

    private let root: String
    private let items: [Item]
    /// Linked folders that lead to what was read already, relative to the root: left out the second time.
    let repeatedFolders: [String]
    /// The subfolders' names, where they are classes.
    let classNames: [String]?
    private static let maximumCaptionBytes = 1 << 20

    /// - Throws: ``CLIPDataError`` when a folder cannot be listed, or holds no pictures.
    init(path: String) throws(CLIPDataError) {
        root = path
        let walk = try FolderWalk(path) { name in
            let fileExtension = FolderWalk.split(name).fileExtension
            return PairSample.isImage(fileExtension) || Self.isCaption(fileExtension)
        }
        // Pairs that are not there today and are tomorrow would change a run.
        if let fault = walk.unreadable.first { throw .file(fault) }
        var items: [Item] = []
        var shards = 0
        for folder in walk.folders {
            // Captions by the picture's name, whatever the case of their own extension: `UP.JPEG` with `UP.TXT`.
            var captions: [String: String] = [:]
            for name in folder.names {
                let (stem, fileExtension) = FolderWalk.split(name)
                if Self.isCaption(fileExtension) { captions["\(stem).\(fileExtension)"] = name }
                if fileExtension == "tar" { shards += 1 }
            }
            for name in folder.names {
                let (stem, fileExtension) = FolderWalk.split(name)
                guard PairSample.isImage(fileExtension) else { continue }
                items.append(
                    Item(folder: folder.path, name: name, text: captions["\(stem).txt"], json: captions["\(stem).json"])
                )
            }
        }
        guard !items.isEmpty else { throw .noPictures(in: path, shards: shards) }
        self.items = items.sorted { $0.path < $1.path }
        let hasClasses = items.allSatisfy { $0.text == nil && $0.json == nil && !$0.folder.isEmpty }
        classNames = hasClasses ? Set(items.map(\.topFolder)).sorted() : nil
        repeatedFolders = walk.repeated
    }

    private static func isCaption(_ fileExtension: String) -> Bool { ["txt", "json"].contains(fileExtension) }

    var count: Int { items.count }

    var picturePaths: [String] { items.map { FolderWalk.join(root, $0.path) } }

    func pair(at index: Int) -> Result<PairSample, SkippedSample> {
        let item = items[index]
        let path = FolderWalk.join(root, item.path)
        if classNames != nil {
            return .success(
                PairSample(
                    key: FolderWalk.split(item.path).stem, image: .file(path: path), imageName: item.name,
                    caption: item.topFolder, category: item.topFolder, location: path, number: Int64(index)))
        }
        func caption(_ name: String?) throws -> Data? {
            guard let name else { return nil }
            let file = FolderWalk.join(root, FolderWalk.join(item.folder, name))
            return try WholeFile.data(file, limit: Self.maximumCaptionBytes)
        }
        do {
            let (text, json) = (try caption(item.text), try caption(item.json))
            let record = try CaptionRecord.read(text: text, json: json).get()
            return .success(
                PairSample(
                    key: FolderWalk.split(item.path).stem, image: .file(path: path),
                    imageName: URL(fileURLWithPath: path).lastPathComponent, caption: record.caption,
                    alternatives: record.alternatives, keywords: record.keywords, category: record.category,
                    captionWeights: record.weights, otherLanguages: record.otherLanguages, location: path,
                    number: Int64(index)))
        } catch let reason as SkipReason {
            return .failure(SkippedSample(location: path, reason: reason))
        } catch {
            return .failure(SkippedSample(location: path, reason: .unreadable("\(error)")))
        }
    }
}

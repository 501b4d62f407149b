import Files
import Foundation
import ModelHub
import StrictJSON

extension ModelDirectory {
    /// What lies here where no model is; nil where that is not known.
    var foreignFiles: ForeignFiles? { ForeignFiles(among: Self.listing(path)) }

    /// Entries that are looked at in one folder, lest a strange one be walked forever.
    private static let mostEntries = 2000

    /// Files and folders of a folder, and those of its folders.
    private static func listing(_ path: String) -> [String] {
        func entries(_ path: String) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: path)).map { Array($0.sorted().prefix(mostEntries)) }
                ?? []
        }
        let own = entries(path)
        return own + own.prefix(100).flatMap { name in entries(path + "/" + name).map { name + "/" + $0 } }
    }

    /// The folder in which sentence-transformers keeps a CLIP model, as `modules.json` says it; nil for other
    /// directories, and where the model lies beside that list.
    static func folderOfSentenceTransformers(in path: String) -> String? {
        let isModel = [ModelFiles.openCLIPConfiguration, ModelFiles.huggingFaceConfiguration].contains {
            FileManager.default.fileExists(atPath: path + "/" + $0)
        }
        guard !isModel,
            let data = try? WholeFile.data(path + "/" + ModelFiles.sentenceTransformersModules, limit: 1 << 20),
            let modules = try? JSONValue(data).array
        else { return nil }
        let folder = modules.first { $0["type"]?.string?.hasSuffix(".CLIPModel") == true }?["path"]?.string
        guard let folder, !folder.isEmpty, !folder.contains("/"), !folder.contains("\0"), !folder.hasPrefix(".") else {
            return nil
        }
        return path + "/" + folder
    }
}

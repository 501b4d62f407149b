import CLIP
import Foundation

/// Files to be written at a command's end.
enum OutputFile {
    /// Refuses, before any work is done, a path that cannot become a file.
    /// - Throws: ``CLIP/CLIPError/writing(path:reason:)``.
    static func check(_ path: String) throws {
        func isFolder(_ path: String) -> Bool {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        if path.isEmpty { throw CLIPError.writing(path: "\"\"", reason: "a file name is needed.") }
        if isFolder(path) { throw CLIPError.writing(path: path, reason: "a folder of this name is in the way.") }
        if !isFolder(folder) {
            throw CLIPError.writing(
                path: path, reason: "there is no folder \(folder). Make it, or choose another place.")
        }
    }
}

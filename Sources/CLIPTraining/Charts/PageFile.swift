import CLIP
import Foundation

/// A page on disk.
package enum PageFile {
    /// Writes the page under a temporary name, and gives it its own when it is whole.
    /// - Throws: ``CLIP/CLIPError/writing(path:reason:)``.
    package static func write(_ page: String, to path: String) throws {
        do {
            try Data(page.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CLIPError.writing(path: path, reason: error.localizedDescription)
        }
    }
}

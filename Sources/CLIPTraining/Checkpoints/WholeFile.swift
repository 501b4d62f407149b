import CLIP
import Foundation

/// A file that appears whole or not at all.
package enum WholeFile {
    /// Writes under a temporary name, and gives the file its own when it is on the disk.
    ///
    /// Foundation's atomic writing would do, but for the name of what it leaves behind when the process is killed: nobody
    /// could tell later whose that was. This one's is what ``CLIP/AtomicDirectory/removeLeftovers(of:)`` looks for.
    /// - Throws: ``CLIP/CLIPError/writing(path:reason:)``.
    package static func write(_ data: Data, to path: String) throws {
        do {
            try DurableFile.replace(path, with: data)
        } catch {
            throw CLIPError.writing(path: path, reason: WriteFault(error, path: path).reason)
        }
    }

    package static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }
}

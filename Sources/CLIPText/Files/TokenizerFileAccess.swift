import Foundation
import StrictJSON

/// Reads the tokenizer files of a checkpoint's directory, with a bound on their size.
enum TokenizerFileAccess {
    /// Larger than any tokenizer file known (Gemma 3's tokenizer.json has 33 MB).
    static let mostBytes = 256 << 20

    /// The file's contents, or nil when there is no such file.
    ///
    /// - Throws: ``CLIPTextError/fileUnreadable(path:reason:)`` when it cannot be read or is too large.
    static func read(_ file: URL, mostBytes: Int = mostBytes) throws(CLIPTextError) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let data: Data?
        do {
            let values = try file.resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey])
            guard values.isRegularFile == true else {
                throw CLIPTextError.fileUnreadable(path: file.path, reason: "it is not a regular file")
            }
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            data = try handle.read(upToCount: mostBytes + 1)
        } catch let error as CLIPTextError {
            throw error
        } catch {
            throw .fileUnreadable(path: file.path, reason: "\(error.localizedDescription)")
        }
        let bytes = [UInt8](data ?? Data())
        guard bytes.count <= mostBytes else {
            throw .fileUnreadable(path: file.path, reason: "it is larger than \(mostBytes >> 20) MiB")
        }
        return bytes
    }

    /// A small JSON file, or nil when there is none.
    static func readJSON(_ file: URL) throws(CLIPTextError) -> JSONValue? {
        guard let bytes = try read(file, mostBytes: 16 << 20) else { return nil }
        do throws(JSONFault) {
            return try JSONValue(bytes)
        } catch {
            throw CLIPTextError(error, path: file.path)
        }
    }
}

import Files
import Foundation
import StrictJSON

/// Reads the tokenizer files of a checkpoint's directory, with a bound on their size.
enum TokenizerFileAccess {
    /// Larger than any tokenizer file known (Gemma 3's tokenizer.json has 33 MB).
    static let mostBytes = 256 << 20

    /// The file's contents, or nil when there is no such file.
    ///
    /// - Throws: ``CLIPTextError/file(_:)`` when it cannot be read or is too large.
    static func read(_ file: URL, mostBytes: Int = mostBytes) throws(CLIPTextError) -> [UInt8]? {
        do throws(FileFault) {
            return try WholeFile.bytes(file.path, limit: mostBytes)
        } catch {
            if error.isMissing { return nil }
            throw .file(error)
        }
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

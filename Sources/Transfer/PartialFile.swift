import Files
import Foundation

/// The file beside the target that bytes are gathered in, over several runs if need be.
final class PartialFile: ByteSink {
    private let file: AppendedFile

    init(_ path: String) throws(TransferError) {
        file = try TransferError.wrapping { () throws(FileFault) in try AppendedFile(path) }
    }

    var path: String { file.path }
    var length: Int { file.length }
    var canRestart: Bool { true }
    var isWanted: Bool { true }

    func append(_ data: Data) throws(TransferError) {
        try TransferError.wrapping { () throws(FileFault) in try file.append(data) }
    }

    func restart() throws(TransferError) { try clear() }
    func expect(_ total: Int) {}

    func clear() throws(TransferError) {
        try TransferError.wrapping { () throws(FileFault) in try file.clear() }
    }

    func remove() { file.remove() }

    /// Brings the bytes to the disk and gives them their name.
    func commit(to target: String) throws(TransferError) {
        try TransferError.wrapping { () throws(FileFault) in try file.commit(to: target) }
    }
}

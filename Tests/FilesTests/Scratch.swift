import Files
import Foundation

/// A folder that is removed with the object.
final class Scratch {
    let folder: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("files-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        folder = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { folder + "/" + name }

    /// Makes a file, without the code under test.
    @discardableResult
    func file(_ name: String, _ text: String = "old") throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    func text(_ name: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: path(name)), encoding: .utf8)
    }

    /// All names, also hidden ones.
    func names(_ folder: String = ".") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(folder)).sorted()
    }

    func link(_ name: String, to destination: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: destination)
    }

    /// Where a link leads; nil for what is none.
    func destination(_ name: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path(name))
    }
}

/// The fault that a body throws.
func fault(_ body: () throws -> Void) -> FileFault? {
    do {
        try body()
        return nil
    } catch {
        return error as? FileFault
    }
}

/// What is read from a pipe, by a thread of its own, until its writers are gone.
final class PipeReader: @unchecked Sendable {
    // Unchecked: the semaphore orders the only write before the only read.
    private var bytes = Data()
    private let done = DispatchSemaphore(value: 0)

    init(_ path: String) {
        Thread.detachNewThread { [self] in
            if let handle = FileHandle(forReadingAtPath: path) { bytes = handle.readDataToEndOfFile() }
            done.signal()
        }
    }

    func text() -> String {
        done.wait()
        return String(decoding: bytes, as: UTF8.self)
    }
}

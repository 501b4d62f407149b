import Checksums
import Files
import Foundation

/// How patient downloads are.
public struct DownloadOptions: Sendable {
    /// How many seconds may pass without a byte.
    public var stallTimeout: Double = 30
    /// How many tries in a row may fail without bringing a mebibyte.
    public var attempts = 5
    /// Seconds before the second try; each further one waits twice as long.
    public var firstDelay: Double = 1
    /// No try waits longer, in seconds.
    public var maximumDelay: Double = 30
    /// Files above this size are refused.
    public var maximumBytes = 1 << 38
    /// Asked several times a second, on the thread that downloads, whether to end.
    public var isCancelled: @Sendable () -> Bool = { false }
    /// Waits between tries.
    public var pause: @Sendable (_ seconds: Double) -> Void = { Thread.sleep(forTimeInterval: $0) }

    /// Patient enough for a home connection: five tries, half a minute without a byte.
    public init() {}
}

/// Counts the tries that failed, and waits between them.
package struct Retries {
    /// A connection that brings this much each time may break as often as it likes: the end comes nearer.
    private static let worthwhile = 1 << 20
    /// The longest that a server's wish to be left alone is followed.
    private static let longestWish: Double = 120

    let options: DownloadOptions
    private var failures = 0

    package init(_ options: DownloadOptions) { self.options = options }

    /// Waits if another try may help.
    /// - Throws: the error itself, if none does.
    package mutating func wait(
        after error: TransferError, gained: Int = 0, wish: Double? = nil
    ) throws(TransferError) {
        guard error.isTransient else { throw error }
        failures = gained >= Self.worthwhile ? 1 : failures + 1
        guard failures < options.attempts else { throw error }
        let delay = options.firstDelay * Double(1 << min(failures - 1, 20))
        options.pause(max(min(delay, options.maximumDelay), min(wish ?? 0, Self.longestWish)))
    }
}

/// Downloads files: in pieces over broken connections, verified before they get their name. All calls block, and may
/// come from any thread; of several threads and processes that want the same file, one downloads it.
package struct Downloader: Sendable {
    package let options: DownloadOptions
    package let client = HTTPClient()

    package init(options: DownloadOptions = DownloadOptions()) { self.options = options }

    /// Fetches a file, unless it is there with the right checksum (or, without one, the right size).
    ///
    /// The bytes gather in `<path>.incomplete`. It stays when the connection is lost and is continued by the next call
    /// that can verify the result.
    ///
    /// - Parameters:
    ///   - path: where the file goes; missing folders are made.
    ///   - sha256: 64 hexadecimal digits.
    ///   - size: in bytes.
    ///   - headers: sent to the host of `url` only, not to those it redirects to.
    ///   - progress: told how many bytes are there, and of how many if that is known; on this thread.
    /// - Throws: ``TransferError``; then nothing new has the name `path`.
    package func fetch(
        _ url: URL, to path: String, sha256: String? = nil, size: Int? = nil, headers: [String: String] = [:],
        progress: (_ done: Int, _ total: Int?) -> Void = { _, _ in }
    ) throws(TransferError) {
        let sum = sha256?.lowercased()
        if let sum, !sum.isHexadecimal(count: 64) { throw .invalidChecksum(text: sum) }
        try makeFolder(of: path)
        let file = RemoteFile(
            request: HTTPRequest(url: url, ownHeaders: headers), checksum: sum.map { .sha256($0) }, size: size)
        try FileLock.hold(path + ".lock", removing: true, isCancelled: options.isCancelled) {
            () throws(TransferError) in
            if try !file.isThere(at: path) { try fetch(file, to: path, progress: progress) }
        }
    }

    /// Fetches a file whose lock is held and which is not there yet.
    package func fetch(_ file: RemoteFile, to path: String, progress: (Int, Int?) -> Void) throws(TransferError) {
        let shown = file.request.url.shown
        if let size = file.size, size > options.maximumBytes {
            throw .tooLarge(url: shown, limit: options.maximumBytes)
        }
        let part = try PartialFile(path + ".incomplete")
        // Bytes from an earlier call are continued only if a checksum will tell whether they belong here.
        if file.checksum == nil || part.length > file.size ?? .max { try part.clear() }
        let earlier = part.length
        var transfer = ResumingTransfer(
            file.request, size: file.size, refusesWebPages: true, client: client, options: options)
        do throws(TransferError) {
            try checkSpace(for: file, having: earlier, path: path)
            try transfer.run(into: part, progress: progress)
            if let wrong = try file.wrongChecksum(of: part.path) {
                // Perhaps only what lay here from an earlier call was wrong; then all of it has to come anew.
                guard earlier > 0 else { throw wrong }
                try part.clear()
                try transfer.run(into: part, progress: progress)
                if let wrong = try file.wrongChecksum(of: part.path) { throw wrong }
            }
            try part.commit(to: path)
        } catch {
            if !error.keepsPart || part.length == 0 { part.remove() }
            throw error
        }
    }

    private func checkSpace(for file: RemoteFile, having: Int, path: String) throws(TransferError) {
        guard let size = file.size, let free = Folder.freeBytes(at: Folder.parent(of: path)) else { return }
        let needed = max(size - having, 0)
        guard needed <= free else { throw .diskFull(path: path, needed: needed, available: free) }
    }

    package func makeFolder(of path: String) throws(TransferError) {
        try TransferError.wrapping { () throws(FileFault) in try Folder.make(Folder.parent(of: path)) }
    }
}

/// A file on a server, and what is known of it beforehand.
package struct RemoteFile {
    package enum Checksum: Equatable {
        case sha256(String)
        /// Git's SHA-1 of the content, or its plain SHA-1: some mirrors answer with the one for the other.
        case sha1(String)

        /// The one that so many lower-case digits make; nil for what is neither.
        package init?(hexadecimal text: String) {
            if text.isHexadecimal(count: 64) {
                self = .sha256(text)
                return
            }
            guard text.isHexadecimal(count: 40) else { return nil }
            self = .sha1(text)
        }

        var digits: String {
            switch self {
            case .sha256(let digits), .sha1(let digits): digits
            }
        }

        func actual(_ path: String) throws(TransferError) -> String {
            try TransferError.wrapping { () throws(FileFault) in
                switch self {
                case .sha256: return try SHA256.hexadecimal(ofFile: path)
                case .sha1(let digits):
                    let git = try SHA1.hexadecimal(ofFile: path, asGitBlob: true)
                    guard git != digits else { return git }
                    return try SHA1.hexadecimal(ofFile: path) == digits ? digits : git
                }
            }
        }
    }

    package var request: HTTPRequest
    package var checksum: Checksum?
    /// In bytes.
    package var size: Int?

    package init(request: HTTPRequest, checksum: Checksum? = nil, size: Int? = nil) {
        self.request = request
        self.checksum = checksum
        self.size = size
    }

    /// Whether the file lies at a path already.
    /// - Throws: ``TransferError/file(_:)`` if something that is no file lies there.
    package func isThere(at path: String) throws(TransferError) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard !isFolder.boolValue else { throw .file(FileFault(path, .creating, .folder)) }
        if let size {
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: (path as NSString).resolvingSymlinksInPath)
            guard (attributes?[.size] as? NSNumber)?.intValue == size else { return false }
        }
        if let checksum { return try checksum.actual(path) == checksum.digits }
        return size != nil
    }

    /// The error to report if the bytes at a path are not those announced.
    func wrongChecksum(of path: String) throws(TransferError) -> TransferError? {
        guard let checksum else { return nil }
        let actual = try checksum.actual(path)
        guard actual != checksum.digits else { return nil }
        return .checksumMismatch(url: request.url.shown, expected: checksum.digits, actual: actual)
    }
}

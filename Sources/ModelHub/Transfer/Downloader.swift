import Checksums
import Foundation

/// How patient downloads are.
public struct DownloadOptions: Sendable {
    /// How many seconds may pass without a byte.
    public var stallTimeout: Double = 30
    /// How many tries in a row may fail without bringing a mebibyte.
    public var attempts = 5
    /// Seconds before the second try; each further one waits twice as long.
    public var firstDelay: Double = 1
    public var maximumDelay: Double = 30
    /// Files above this size are refused.
    public var maximumBytes = 1 << 38
    /// Asked several times a second, on the thread that downloads, whether to end with ``ModelHubError/cancelled``.
    public var isCancelled: @Sendable () -> Bool = { false }
    /// Waits between tries.
    public var pause: @Sendable (_ seconds: Double) -> Void = { Thread.sleep(forTimeInterval: $0) }

    public init() {}
}

/// Downloads files: in pieces over broken connections, verified before they get their name. All calls block, and may
/// come from any thread; of several threads and processes that want the same file, one downloads it.
public struct Downloader: Sendable {
    public let options: DownloadOptions
    let client = HTTPClient()

    public init(options: DownloadOptions = DownloadOptions()) { self.options = options }

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
    /// - Throws: ``ModelHubError``; then nothing new has the name `path`.
    public func fetch(
        _ url: URL, to path: String, sha256: String? = nil, size: Int? = nil, headers: [String: String] = [:],
        progress: (_ done: Int, _ total: Int?) -> Void = { _, _ in }
    ) throws(ModelHubError) {
        let sum = sha256?.lowercased()
        if let sum, !SafeName.isHexadecimal(sum, count: 64) {
            throw .invalidName(kind: "SHA-256", name: sum, reason: "it should have 64 hexadecimal digits")
        }
        try makeFolder(of: path)
        let file = RemoteFile(
            request: HTTPRequest(url: url, ownHeaders: headers), checksum: sum.map { .sha256($0) }, size: size)
        try FileLock.hold(path + ".lock", removing: true, isCancelled: options.isCancelled) {
            () throws(ModelHubError) in
            if try !file.isThere(at: path) { try fetch(file, to: path, progress: progress) }
        }
    }

    /// Fetches a file whose lock is held and which is not there yet.
    func fetch(_ file: RemoteFile, to path: String, progress: (Int, Int?) -> Void) throws(ModelHubError) {
        let shown = file.request.url.shown
        if let size = file.size, size > options.maximumBytes {
            throw .tooLarge(url: shown, limit: options.maximumBytes)
        }
        var download = try Download(file, client: client, options: options, path: path)
        let earlier = download.part.length
        do throws(ModelHubError) {
            try checkSpace(for: file, having: earlier, path: path)
            try download.run(progress)
            if let wrong = try download.wrongChecksum() {
                // Perhaps only what lay here from an earlier call was wrong; then all of it has to come anew.
                guard earlier > 0 else { throw wrong }
                try download.part.clear()
                try download.run(progress)
                if let wrong = try download.wrongChecksum() { throw wrong }
            }
            try download.part.commit(to: path)
        } catch {
            if !error.keepsPart || download.part.length == 0 { download.part.remove() }
            throw error
        }
    }

    private func checkSpace(for file: RemoteFile, having: Int, path: String) throws(ModelHubError) {
        let folder = (path as NSString).deletingLastPathComponent
        guard let size = file.size, let free = PartialFile.freeBytes(at: folder.isEmpty ? "." : folder) else { return }
        let needed = max(size - having, 0)
        guard needed <= free else { throw .diskFull(path: path, needed: needed, available: free) }
    }

    func makeFolder(of path: String) throws(ModelHubError) {
        let folder = (path as NSString).deletingLastPathComponent
        guard !folder.isEmpty else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: folder, reason: "making the folder: \((error as NSError).localizedDescription)")
        }
    }
}

/// A file on a server, and what is known of it beforehand.
struct RemoteFile {
    enum Checksum: Equatable {
        case sha256(String)
        /// Git's SHA-1 of the content, or its plain SHA-1: some mirrors answer with the one for the other.
        case sha1(String)

        var digits: String {
            switch self {
            case .sha256(let digits), .sha1(let digits): digits
            }
        }

        func actual(_ path: String) throws(ModelHubError) -> String {
            do {
                switch self {
                case .sha256: return try SHA256.hexadecimal(ofFile: path)
                case .sha1(let digits):
                    let git = try SHA1.hexadecimal(ofFile: path, asGitBlob: true)
                    guard git != digits else { return git }
                    return try SHA1.hexadecimal(ofFile: path) == digits ? digits : git
                }
            } catch { throw .unwritable(path: path, reason: "\(error)") }
        }
    }

    var request: HTTPRequest
    var checksum: Checksum?
    /// In bytes.
    var size: Int?

    /// Whether the file lies at a path already.
    /// - Throws: ``ModelHubError/unwritable(path:reason:)`` if something that is no file lies there.
    func isThere(at path: String) throws(ModelHubError) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard !isFolder.boolValue else { throw .unwritable(path: path, reason: "a folder has this name") }
        if let size {
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: (path as NSString).resolvingSymlinksInPath)
            guard (attributes?[.size] as? NSNumber)?.intValue == size else { return false }
        }
        if let checksum { return try checksum.actual(path) == checksum.digits }
        return size != nil
    }
}

extension ModelHubError {
    /// Whether the bytes that came before this error are worth continuing.
    var keepsPart: Bool {
        switch self {
        case .lengthMismatch, .tooLarge, .checksumMismatch, .rangeMismatch, .notAFile: false
        default: true
        }
    }
}

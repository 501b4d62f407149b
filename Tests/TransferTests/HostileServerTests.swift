import Files
import Foundation
import LoopbackServer
import Testing

@testable import Transfer

/// Servers that lie, break and mislead: each ends with its own error, and never with a file under the final name.
@Suite struct HostileServerTests {
    private static let bytes = sampleBytes(100_000)

    /// The error of a fetch, after which no file has the name; and whether a partial file is left.
    private func failure(
        size: Int? = nil, sha256 sum: String? = nil, options: DownloadOptions = Pauses().options(attempts: 3),
        earlier: [UInt8]? = nil, headers: [String: String] = [:],
        _ handler: @escaping @Sendable (Asked, Int) -> Reply
    ) throws -> (error: TransferError?, keptPart: Bool, requests: Int) {
        var result: (error: TransferError?, keptPart: Bool, requests: Int) = (nil, false, 0)
        try withFolder { folder in
            try withServer(handler) { server in
                let path = folder + "/a"
                if let earlier { try write(earlier, path + ".incomplete") }
                let url = try server.url("/a?signature=secret")
                result.error = transferError {
                    try Downloader(options: options).fetch(url, to: path, sha256: sum, size: size, headers: headers)
                }
                #expect(contents(path) == nil)
                if let error = result.error { #expect(!"\(error)".contains("secret")) }
                result.keptPart = contents(path + ".incomplete") != nil
                result.requests = server.asked.count
            }
        }
        return result
    }

    @Test func wrongBytesAreDeletedAndReported() throws {
        let sum = sha256([1])
        let result = try failure(sha256: sum) { _, _ in Reply(body: Self.bytes) }
        guard case .checksumMismatch(_, sum, sha256(Self.bytes)) = result.error else {
            return #expect(Bool(false), "\(result)")
        }
        #expect(!result.keptPart)
    }

    /// Announced and sent sizes in disagreement with the size that is known.
    @Test(arguments: [99_999, 100_001]) func filesOfAnotherSizeAreRefused(_ size: Int) throws {
        let announced = try failure(size: size) { _, _ in Reply(body: Self.bytes) }
        guard case .lengthMismatch(_, size, 100_000) = announced.error else {
            return #expect(Bool(false), "\(announced)")
        }
        #expect(!announced.keptPart)
    }

    @Test func moreBytesThanKnownAreRefusedWhereNoneWereAnnounced() throws {
        let result = try failure(size: 50_000) { _, _ in Reply(body: Self.bytes, isUnmeasured: true) }
        guard case .lengthMismatch(_, 50_000, let received) = result.error else {
            return #expect(Bool(false), "\(result)")
        }
        #expect(received > 50_000)
        #expect(!result.keptPart)
    }

    /// A connection that always ends early, with and without an announced length.
    @Test(arguments: [false, true]) func filesThatNeverEndAreGivenUp(_ isUnmeasured: Bool) throws {
        let result = try failure(size: 100_000, sha256: sha256(Self.bytes)) { asked, _ in
            guard let start = asked.rangeStart else {
                return Reply(body: Self.bytes, dropsAfter: 30_000, isUnmeasured: isUnmeasured)
            }
            let headers = ["Content-Range": "bytes \(start)-99999/100000"]
            return Reply(
                status: 206, headers: headers, body: Array(Self.bytes[start...]), dropsAfter: 0,
                isUnmeasured: isUnmeasured)
        }
        guard case .unreachable = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.keptPart)
        #expect(result.requests == 3)
    }

    @Test(arguments: [
        "bytes 0-99999/100000", "bytes 40000-99999/90000", "bytes 40000-99999/200000", "bytes 40001-99999/100000",
        "bytes",
        "bytes 40000-39999/100000", "bytes 40000-9223372036854775807/*", "bytes 40000-99999999999999999999/*", "",
    ]) func otherRangesThanAskedForAreRefused(_ range: String) throws {
        let result = try failure(
            size: 100_000, sha256: sha256(Self.bytes), earlier: Array(Self.bytes[..<40_000])
        ) { _, _ in Reply(status: 206, headers: ["Content-Range": range], body: Array(Self.bytes[40_000...])) }
        guard case .rangeMismatch(_, "bytes 40000-", let answered) = result.error else {
            return #expect(Bool(false), "\(result)")
        }
        #expect(answered == range || answered == "no range")
        #expect(!result.keptPart)
    }

    @Test func aPartThatNobodyAskedForIsRefused() throws {
        let result = try failure { _, _ in
            Reply(status: 206, headers: ["Content-Range": "bytes 0-99999/100000"], body: Self.bytes)
        }
        guard case .rangeMismatch = result.error else { return #expect(Bool(false), "\(result)") }
    }

    @Test func aServerThatAlwaysRefusesTheRangeIsGivenUp() throws {
        let result = try failure(sha256: sha256(Self.bytes), earlier: [1, 2, 3]) { _, _ in Reply(status: 416) }
        guard case .httpStatus(_, 416) = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.requests == 2)
    }

    @Test func redirectsInACircleEnd() throws {
        let result = try failure { _, _ in .redirect("/a") }
        guard case .tooManyRedirects(_, 10) = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.requests == 11)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://", ""])
    func redirectsToOtherThanTheWebAreRefused(_ location: String) throws {
        let result = try failure { _, _ in .redirect(location) }
        guard case .invalidAnswer = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.requests == 1)
    }

    @Test func webPagesAreNoModels() throws {
        let result = try failure { _, _ in
            Reply(headers: ["Content-Type": "text/html; charset=utf-8"], body: Array("<html>Sign in</html>".utf8))
        }
        guard case .notAFile(_, "text/html; charset=utf-8") = result.error else {
            return #expect(Bool(false), "\(result)")
        }
        #expect(!result.keptPart)
    }

    @Test(arguments: [401, 403]) func refusedAccessSaysWhatToDo(_ status: Int) throws {
        let without = try failure { _, _ in Reply(status: status) }
        #expect("\(try #require(without.error))".contains("token"))
        let with = try failure(headers: ["Authorization": "Bearer x"]) { _, _ in Reply(status: status) }
        guard case .unauthorized(_, status, true) = with.error else { return #expect(Bool(false), "\(with)") }
        #expect(with.requests == 1)
    }

    @Test func missingFilesAreNamed() throws {
        let result = try failure { _, _ in Reply(status: 404) }
        guard case .notFound(let url) = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(url.hasSuffix("/a"))
        #expect(result.requests == 1)
    }

    /// 400 is final; 500 is tried as often as allowed.
    @Test(arguments: [(400, 1), (500, 3)]) func otherStatusesAreReported(_ status: Int, _ requests: Int) throws {
        let result = try failure { _, _ in Reply(status: status) }
        guard case .httpStatus(_, status) = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.requests == requests)
    }

    @Test func stallsEnd() throws {
        var options = Pauses().options(attempts: 1)
        options.stallTimeout = 0.3
        let result = try failure(sha256: sha256(Self.bytes), options: options, earlier: [1, 2, 3]) { _, _ in
            let headers = ["Content-Range": "bytes 3-99999/100000"]
            return Reply(status: 206, headers: headers, body: Array(Self.bytes[3...]), dropsAfter: 0, stalls: true)
        }
        guard case .stalled(_, 0.3) = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.keptPart)
    }

    /// Who does not want it any more need not wait for a server that says nothing.
    @Test func aCancelledDownloadEndsAndKeepsWhatCame() throws {
        let flag = Flag()
        var options = Pauses().options()
        options.isCancelled = { flag.isSet }
        let result = try failure(sha256: sha256(Self.bytes), options: options, earlier: [1, 2, 3]) { _, _ in
            flag.set()
            let headers = ["Content-Range": "bytes 3-99999/100000"]
            return Reply(status: 206, headers: headers, body: Array(Self.bytes[3...]), dropsAfter: 0, stalls: true)
        }
        guard case .cancelled = result.error else { return #expect(Bool(false), "\(result)") }
        #expect(result.requests == 1 && result.keptPart)
    }

    /// Another process may hold the lock for as long as its download takes.
    @Test func aCancelledWaitForAnotherDownloadEnds() throws {
        try withFolder { folder in
            let path = folder + "/lock"
            try FileLock.hold(path) { () throws(TransferError) in
                let error = transferError { try FileLock.hold(path, isCancelled: { true }) {} }
                #expect(error == .cancelled)
            }
        }
    }

    @Test func nobodyThere() throws {
        try withFolder { folder in
            let server = try TestServer { _, _ in Reply() }
            let url = try server.url("/a")
            server.stop()
            let error = transferError { try Downloader(options: Pauses().options()).fetch(url, to: folder + "/a") }
            guard case .unreachable = error else { return #expect(Bool(false), "\(String(describing: error))") }
        }
    }

    /// The bound holds for what is known, announced, and sent.
    @Test func theBoundHolds() throws {
        let options = Pauses().options(maximumBytes: 60_000)
        let known = try failure(size: 60_001, options: options) { _, _ in Reply(body: Self.bytes) }
        #expect(known.requests == 0)
        let announced = try failure(options: options) { _, _ in Reply(body: Self.bytes) }
        let sent = try failure(options: options) { _, _ in Reply(body: Self.bytes, isUnmeasured: true) }
        for result in [known, announced, sent] {
            guard case .tooLarge(_, 60_000) = result.error else { return #expect(Bool(false), "\(result)") }
            #expect(!result.keptPart)
        }
    }

    @Test func moreThanTheDiskHolds() throws {
        let options = Pauses().options(maximumBytes: .max)
        let result = try failure(size: 1 << 60, options: options) { _, _ in Reply(body: Self.bytes) }
        guard case .diskFull(_, 1_152_921_504_606_846_976, let free) = result.error else {
            return #expect(Bool(false), "\(result)")
        }
        #expect(free >= 0)
        #expect(result.requests == 0)
    }

    @Test func placesThatCannotBeWritten() throws {
        try withFolder { folder in
            try withServer({ _, _ in Reply(body: Self.bytes) }) { server in
                try write([1], folder + "/file")
                for path in [folder + "/file/below/a", folder] {
                    let error = transferError { try Downloader().fetch(server.url("/a"), to: path) }
                    guard case .file = error else { return #expect(Bool(false), "\(String(describing: error))") }
                }
                try FileManager.default.createDirectory(
                    atPath: folder + "/b.incomplete", withIntermediateDirectories: true)
                let error = transferError { try Downloader().fetch(server.url("/a"), to: folder + "/b") }
                guard case .file = error else { return #expect(Bool(false), "\(String(describing: error))") }
            }
        }
    }

    #if os(Linux)
    @Test func aFullDiskIsNamed() throws {
        let file = try AppendedFile("/dev/full")
        let error = transferError {
            try TransferError.wrapping { () throws(FileFault) in try file.append(Data([1, 2, 3])) }
        }
        #expect(error == .file(FileFault("/dev/full", .writing, .system(ENOSPC))))
        #expect(error?.fileFault?.isFull == true)
    }
    #endif

    /// Secrets go to the host they are for, and not to the one it redirects to, nor back through it.
    @Test func tokensStayAtHome() throws {
        try withFolder { folder in
            try withServer({ asked, _ in .file(Self.bytes, to: asked) }) { other in
                let target = try other.url("/cdn").absoluteString
                try withServer({ asked, _ in .redirect(asked.path == "/a" ? "/b" : target) }) { home in
                    try Downloader().fetch(
                        home.url("/a"), to: folder + "/a", headers: ["Authorization": "Bearer secret"])
                    #expect(home.asked.map { $0.headers["authorization"] } == ["Bearer secret", "Bearer secret"])
                    #expect(other.asked.map { $0.headers["authorization"] } == [nil])
                    #expect(difference(folder + "/a", Self.bytes) == nil)
                }
            }
        }
    }
}

/// Set once, from any thread.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var isRaised = false

    var isSet: Bool { lock.withLock { isRaised } }

    func set() { lock.withLock { isRaised = true } }
}

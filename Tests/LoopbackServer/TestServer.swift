import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a client asked.
package struct Asked: Sendable {
    package let method: String
    /// With its query, as it came.
    package let path: String
    /// By lower-case names.
    package let headers: [String: String]

    /// The first byte of `Range: bytes=n-`.
    package var rangeStart: Int? {
        guard let range = headers["range"], range.hasPrefix("bytes="), range.hasSuffix("-") else { return nil }
        return Int(range.dropFirst(6).dropLast())
    }
}

/// What the server does then, be it a lie.
package struct Reply: Sendable {
    package var status = 200
    package var headers: [String: String] = [:]
    package var body: [UInt8] = []
    /// How many bytes of the body go out before the connection is closed.
    package var dropsAfter: Int?
    /// Keeps the connection open without sending more until the server stops.
    package var stalls = false
    /// Sends no Content-Length of its own.
    package var isUnmeasured = false

    package init(
        status: Int = 200, headers: [String: String] = [:], body: [UInt8] = [], dropsAfter: Int? = nil,
        stalls: Bool = false, isUnmeasured: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.dropsAfter = dropsAfter
        self.stalls = stalls
        self.isUnmeasured = isUnmeasured
    }

    /// A file, from the byte that is asked for; honest.
    package static func file(_ bytes: [UInt8], to asked: Asked, tag: String = "\"v1\"") -> Reply {
        guard let start = asked.rangeStart, asked.headers["if-range"].map({ $0 == tag }) ?? true else {
            return Reply(headers: ["ETag": tag], body: bytes)
        }
        guard start < bytes.count else {
            return Reply(status: 416, headers: ["Content-Range": "bytes */\(bytes.count)"])
        }
        let range = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
        return Reply(status: 206, headers: ["ETag": tag, "Content-Range": range], body: Array(bytes[start...]))
    }

    package static func redirect(_ location: String, _ headers: [String: String] = [:], status: Int = 302) -> Reply {
        Reply(status: status, headers: headers.merging(["Location": location]) { $1 }, body: Array("moved".utf8))
    }
}

/// An HTTP server on 127.0.0.1 with one thread a connection and one request a connection.
package final class TestServer: @unchecked Sendable {
    private let listener: Int32
    private let port: UInt16
    private let lock = NSCondition()
    private var isStopped = false
    private var isClosed = false
    private var log: [Asked] = []
    private let handler: @Sendable (_ asked: Asked, _ earlier: Int) -> Reply

    /// - Parameter handler: told the request and the number of requests before it.
    package init(_ handler: @escaping @Sendable (_ asked: Asked, _ earlier: Int) -> Reply) throws {
        self.handler = handler
        listener = Self.makeSocket()
        let socket = listener
        var bound = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let isBound = Self.withAddress(0) { bind(socket, $0, $1) } == 0
                return isBound && listen(socket, 32) == 0 ? getsockname(socket, address, &size) : -1
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EINVAL) }
        port = UInt16(bigEndian: bound.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    package func url(_ path: String = "") throws -> URL {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw POSIXError(.EINVAL) }
        return url
    }

    /// All requests so far.
    package var asked: [Asked] { lock.withLock { log } }

    /// Returns when nobody listens any more. The thread that accepts closes the listener: its number may belong to
    /// another server at once.
    package func stop() {
        lock.withLock {
            isStopped = true
            lock.broadcast()
        }
        // Accepting ends with the next connection.
        let knock = Self.makeSocket()
        _ = Self.withAddress(port) { connect(knock, $0, $1) }
        close(knock)
        lock.withLock { while !isClosed { lock.wait() } }
    }

    private func accept() {
        while true {
            let connection = systemAccept(listener)
            if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard connection >= 0, !lock.withLock({ isStopped }) else {
                if connection >= 0 { close(connection) }
                close(listener)
                return lock.withLock {
                    isClosed = true
                    lock.broadcast()
                }
            }
            Thread.detachNewThread { [self] in
                serve(connection)
                close(connection)
            }
        }
    }

    private static func makeSocket() -> Int32 {
        #if canImport(Glibc)
        return socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        return socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    /// Calls `body` with 127.0.0.1 and a port.
    private static func withAddress(_ port: UInt16, body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func serve(_ connection: Int32) {
        guard let asked = readRequest(connection) else { return }
        let earlier = lock.withLock {
            log.append(asked)
            return log.count - 1
        }
        let reply = handler(asked, earlier)
        var head = "HTTP/1.1 \(reply.status) Status\r\nConnection: close\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        let isMeasured = reply.headers["Content-Length"] != nil || reply.isUnmeasured
        if !isMeasured { head += "Content-Length: \(reply.body.count)\r\n" }
        guard send(Array((head + "\r\n").utf8), connection) else { return }
        if asked.method != "HEAD" {
            guard send(Array(reply.body.prefix(reply.dropsAfter ?? .max)), connection) else { return }
        }
        if reply.stalls {
            lock.withLock { while !isStopped { lock.wait() } }
        }
    }

    private func readRequest(_ connection: Int32) -> Asked? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let start = lines[0].split(separator: " ")
        guard start.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return Asked(method: String(start[0]), path: String(start[1]), headers: headers)
    }

    private func send(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { systemSend(connection, $0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}

// Under names that the methods of the same name do not hide.
private func systemAccept(_ listener: Int32) -> Int32 { accept(listener, nil, nil) }

private func systemSend(_ connection: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
    return send(connection, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    #else
    var on: Int32 = 1
    setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    return send(connection, bytes.baseAddress, bytes.count, 0)
    #endif
}

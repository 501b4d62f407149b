import CTorch

/// A small key-value server that the processes of a run find each other by: c10d's TCPStore.
///
/// One process serves it, or a launcher such as torchrun does; the others connect. Everything here is safe to call from
/// several threads, but a call may wait for another's answer.
public final class RendezvousStore: @unchecked Sendable {
    let handle: ct_store

    /// Serves a store, or connects to one.
    /// - Parameters:
    ///   - port: 0 picks a free one where this process serves; see ``port``.
    ///   - timeout: seconds to wait for the server.
    ///   - prefix: put before every key, so that several runs can share a server.
    /// - Throws: ``TorchError`` when the port is taken or nobody answers in time.
    public init(host: String, port: Int, serves: Bool, timeout: Double, prefix: String = "") throws {
        let context = "\(host):\(port)"
        guard let number = UInt16(exactly: port) else {
            throw TorchError(context: context, message: "ports are numbers from 0 to 65535")
        }
        Engine.initialize()
        var made: ct_store?
        try check(ct_store_open(host, number, serves, timeout, prefix, &made), context)
        guard let made else { throw TorchError(context: context, message: "libtorch returned no store") }
        handle = made
    }

    deinit { ct_store_release(handle) }

    /// Where the store is served: the port asked for, or the free one that was found.
    public var port: Int { Int(ct_store_port(handle)) }

    /// Sends a value and does not wait: stores with a connection of their own may see it a moment later, this one at once.
    public func set(_ key: String, to value: String) throws {
        let bytes = Array(value.utf8)
        try check(ct_store_set(handle, key, bytes, bytes.count), key)
    }

    /// A key's value; nil where nobody has set it. Does not wait for it.
    public func value(of key: String) throws -> String? {
        var result: String?
        try withUnsafeMutablePointer(to: &result) { pointer in
            let status = ct_store_get(
                handle, key,
                { context, bytes, count in
                    let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
                    context?.assumingMemoryBound(to: String?.self).pointee = String(decoding: bytes, as: UTF8.self)
                }, UnsafeMutableRawPointer(pointer))
            try check(status, key)
        }
        return result
    }

    /// Adds to a counter that begins at 0.
    /// - Returns: its new value.
    @discardableResult
    public func add(_ amount: Int, to key: String) throws -> Int {
        var value: Int64 = 0
        try check(ct_store_add(handle, key, Int64(amount), &value), key)
        return Int(value)
    }
}

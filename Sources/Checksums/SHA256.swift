import CGLib
import Files

/// The SHA-256 of bytes that arrive in pieces (FIPS 180-4): what model hubs name files by.
public struct SHA256: ~Copyable {
    private let state: OpaquePointer

    /// The digest of nothing.
    public init() {
        // GLib returns null for kinds it does not know; SHA-256 is part of every release since 2.16.
        state = g_checksum_new(G_CHECKSUM_SHA256)
    }

    deinit { g_checksum_free(state) }

    /// Adds bytes; how they are cut into pieces does not matter.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        g_checksum_update(state, start.assumingMemoryBound(to: UInt8.self), gssize(bytes.count))
    }

    /// Adds bytes that are not in one piece of memory.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        Array(bytes).withUnsafeBytes { update($0) }
    }

    /// 64 lower-case hexadecimal digits. Nothing can be added afterwards.
    public consuming func hexadecimal() -> String { String(cString: g_checksum_get_string(state)) }
}

extension SHA256 {
    /// The SHA-256 of a file, read in pieces of a mebibyte.
    /// - Parameter progress: told the number of bytes read so far after each piece.
    /// - Throws: `FileFault`.
    public static func hexadecimal(
        ofFile path: String, progress: (Int) -> Void = { _ in }
    ) throws(FileFault) -> String {
        var digest = SHA256()
        var total = 0
        try FileReader(path).forEachPiece { piece in
            digest.update(piece)
            total += piece.count
            progress(total)
        }
        return digest.hexadecimal()
    }
}

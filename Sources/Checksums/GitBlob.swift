import CGLib

/// The name Git gives a file's content: SHA-1 of "blob", its size and its bytes. Model hubs name small files by it.
public enum GitBlob {
    /// 40 lower-case hexadecimal digits.
    /// - Throws: ``ChecksumError/unreadable(path:reason:)``.
    public static func hexadecimal(ofFile path: String) throws(ChecksumError) -> String {
        // GLib returns null for kinds it does not know; SHA-1 is part of every release since 2.16.
        let state = g_checksum_new(G_CHECKSUM_SHA1)
        defer { g_checksum_free(state) }
        func update(_ bytes: UnsafeRawBufferPointer) {
            guard let start = bytes.baseAddress else { return }
            g_checksum_update(state, start.assumingMemoryBound(to: UInt8.self), gssize(bytes.count))
        }
        try FilePieces.read(path, open: { size in Array("blob \(size)\0".utf8).withUnsafeBytes(update) }) { piece, _ in
            update(piece)
        }
        return String(cString: g_checksum_get_string(state))
    }
}

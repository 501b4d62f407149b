import CGLib
import Files

/// The SHA-1 of files (FIPS 180-4): no defense against forgery, but the name that Git, and hubs with it, give them.
public enum SHA1 {
    /// - Parameter asGitBlob: whether to add what Git puts before a file's bytes: "blob" and their number.
    /// - Returns: 40 lower-case hexadecimal digits.
    /// - Throws: `FileFault`.
    public static func hexadecimal(ofFile path: String, asGitBlob: Bool = false) throws(FileFault) -> String {
        // GLib returns null for kinds it does not know; SHA-1 is part of every release since 2.16.
        let state = g_checksum_new(G_CHECKSUM_SHA1)
        defer { g_checksum_free(state) }
        func update(_ bytes: UnsafeRawBufferPointer) {
            guard let start = bytes.baseAddress else { return }
            g_checksum_update(state, start.assumingMemoryBound(to: UInt8.self), gssize(bytes.count))
        }
        let file = try FileReader(path)
        if asGitBlob { Array("blob \(file.size)\0".utf8).withUnsafeBytes(update) }
        try file.forEachPiece(update)
        return String(cString: g_checksum_get_string(state))
    }
}

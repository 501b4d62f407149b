import Foundation

/// Files that are read whole or written whole. A ``PointerFile`` is refused: what it stands for is not there.
public enum WholeFile {
    /// The bytes of a file.
    /// - Parameters:
    ///   - limit: the most bytes that are taken; nothing is read of a larger file.
    ///   - allowingPipes: see ``FileReader``; a pipe is read to its end, or until it has brought more than the limit.
    public static func bytes(_ path: String, limit: Int, allowingPipes: Bool = false) throws(FileFault) -> [UInt8] {
        let file = try FileReader(path, allowingPipes: allowingPipes)
        try check(file.size, limit, path)
        // Some files say that they are empty and are not, such as those of Linux's /proc.
        guard file.size > 0 else { return try unmeasured(file, limit) }
        // Where someone shortened the file after it was measured, what is there is all there is.
        let bytes = try file.bytes(count: file.size)
        try PointerFile.check(bytes, path, .reading)
        return bytes
    }

    /// The bytes of a file, as ``bytes(_:limit:allowingPipes:)`` reads them.
    public static func data(_ path: String, limit: Int, allowingPipes: Bool = false) throws(FileFault) -> Data {
        let file = try FileReader(path, allowingPipes: allowingPipes)
        try check(file.size, limit, path)
        guard file.size > 0 else { return Data(try unmeasured(file, limit)) }
        guard let memory = malloc(file.size) else { throw .system(path, .reading, ENOMEM) }
        do throws(FileFault) {
            let filled = try file.fill(UnsafeMutableRawBufferPointer(start: memory, count: file.size))
            try PointerFile.check(UnsafeRawBufferPointer(start: memory, count: filled), path, .reading)
            return Data(bytesNoCopy: memory, count: filled, deallocator: .free)
        } catch {
            free(memory)
            throw error
        }
    }

    private static func check(_ size: Int, _ limit: Int, _ path: String) throws(FileFault) {
        guard size <= limit else { throw FileFault(path, .reading, .tooLarge(bytes: size, limit: limit)) }
    }

    private static func unmeasured(_ file: FileReader, _ limit: Int) throws(FileFault) -> [UInt8] {
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = try file.read(into: piece)
            if count == 0 { return bytes }
            guard count <= limit - bytes.count else {
                throw FileFault(file.path, .reading, .tooLarge(bytes: nil, limit: limit))
            }
            bytes += piece[..<count]
        }
    }

    /// Writes a file: what was there before stays until the new one is whole and on the disk. See ``FileWriter``.
    public static func write(_ bytes: some ContiguousBytes, to path: String) throws(FileFault) {
        let file = try FileWriter(path)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes a text as UTF-8, as ``write(_:to:)`` does.
    public static func write(_ text: String, to path: String) throws(FileFault) {
        try write(Array(text.utf8), to: path)
    }
}

import CZlib

/// Decompresses "deflate" (RFC 1951), where a whole file or a part of one is small enough to be held in memory.
package enum Inflate {
    /// What a zlib stream (RFC 1950) holds, or nil when it is damaged, cut off, or holds more than `limit` bytes.
    package static func zlib(_ input: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
        inflated(input, windowBits: MAX_WBITS, limit: limit)
    }

    /// What a file of gzip's (RFC 1952) holds; the same holds of it.
    package static func gzip(_ file: [UInt8], limit: Int) -> [UInt8]? {
        inflated(file[...], windowBits: MAX_WBITS + 16, limit: limit)
    }

    private static func inflated(_ input: ArraySlice<UInt8>, windowBits: Int32, limit: Int) -> [UInt8]? {
        guard input.count <= Int(UInt32.max) else { return nil }
        var stream = z_stream()
        guard czlib_inflate_begin(&stream, windowBits) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        // zlib does not write to what it reads, but takes it by a pointer that may.
        var source = Array(input)
        let isWhole = source.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while true {
                let (status, count) = block.withUnsafeMutableBufferPointer { block in
                    stream.next_out = block.baseAddress
                    stream.avail_out = UInt32(block.count)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    return (status, block.count - Int(stream.avail_out))
                }
                guard output.count + count <= limit else { return false }
                output += block[..<count]
                if status == Z_STREAM_END { return true }
                // Without progress, the input is cut off.
                guard status == Z_OK, count > 0 || stream.avail_in > 0 else { return false }
            }
        }
        return isWhole ? output : nil
    }
}

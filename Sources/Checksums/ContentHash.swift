import CXXHash

/// A 128-bit hash of content at the speed of memory (XXH3), to tell content apart, not to defend against forgery.
public struct ContentHash: ~Copyable {
    private let state: OpaquePointer

    /// The hash of nothing.
    public init() {
        state = XXH3_createState()
        XXH3_128bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    /// Adds bytes; how they are cut into pieces does not matter.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        XXH3_128bits_update(state, start, bytes.count)
    }

    /// Adds a string together with its length, so that "ab", "c" and "a", "bc" differ.
    public mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { update($0) }
            update(UnsafeRawBufferPointer(bytes))
        }
    }

    /// 32 lower-case hexadecimal digits of everything added so far.
    public func hexadecimal() -> String {
        let digest = XXH3_128bits_digest(state)
        return [digest.high64, digest.low64].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

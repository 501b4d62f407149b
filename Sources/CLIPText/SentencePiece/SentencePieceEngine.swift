import CSentencePiece

/// A model loaded into libsentencepiece. Any number of threads may encode with it.
final class SentencePieceEngine: @unchecked Sendable {
    private let handle: OpaquePointer

    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)`` when the library refuses the model.
    init(_ serialized: [UInt8], path: String) throws(CLIPTextError) {
        var message = [UInt8](repeating: 0, count: 512)
        let handle = message.withUnsafeMutableBytes { message in
            serialized.withUnsafeBytes { bytes in
                csp_load(
                    bytes.baseAddress, bytes.count, message.baseAddress?.assumingMemoryBound(to: CChar.self),
                    message.count)
            }
        }
        guard let handle else {
            let reason = String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
            throw .fileMalformed(path: path, place: "the model", reason: reason)
        }
        self.handle = handle
    }

    deinit { csp_release(handle) }

    /// The ids of UTF-8 text.
    func encode(_ text: [UInt8]) -> [Int32] {
        var ids = [Int32](repeating: 0, count: text.count + 16)
        var count = encode(text, into: &ids)
        if count > ids.count {
            ids = [Int32](repeating: 0, count: count)
            count = encode(text, into: &ids)
        }
        return Array(ids.prefix(max(0, count)))
    }

    private func encode(_ text: [UInt8], into ids: inout [Int32]) -> Int {
        ids.withUnsafeMutableBufferPointer { ids in
            text.withUnsafeBytes { text in
                Int(csp_encode(handle, text.baseAddress, text.count, ids.baseAddress, ids.count))
            }
        }
    }
}

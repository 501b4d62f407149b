import Foundation
import Torch

/// NumPy's array files (`.npy`, format version 1.0), which clip-retrieval and NumPy read.
public enum NumPyFile {
    /// Writes a float32 or float16 tensor, row-major. The file appears only when it is whole.
    public static func write(_ tensor: Tensor, to path: String) throws {
        let stored = tensor.dtype == .float16 ? tensor : try tensor.converted(to: .float32)
        let type = stored.dtype == .float16 ? "<f2" : "<f4"
        let sizes = stored.shape.map(String.init)
        let shape = sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.joined(separator: ", ")))"
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        // Magic, version and length take 10 bytes; the data begins at a multiple of 64, after a line feed.
        let rest = (10 + header.utf8.count + 1) % 64
        header += String(repeating: " ", count: rest == 0 ? 0 : 64 - rest) + "\n"
        let length = header.utf8.count
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)])
        data += Array(header.utf8)
        data += try stored.bytes()
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CLIPError.writing(path: path, reason: error.localizedDescription)
        }
    }
}

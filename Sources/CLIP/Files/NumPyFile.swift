import Checksums
import Files
import Foundation
import Torch

/// NumPy's array files (`.npy`, format version 1.0), which clip-retrieval and NumPy read.
public enum NumPyFile {
    /// Writes a float32 or float16 tensor, row-major. The file appears only when it is whole; a link is followed, and a
    /// pipe or device is written into.
    /// - Throws: ``CLIPError/file(_:hint:)``.
    public static func write(_ tensor: Tensor, to path: String) throws {
        try CLIPError.wrapping {
            let file = try FileWriter(path)
            try write(tensor, to: file)
            try file.commit()
        }
    }

    static func write(_ tensor: Tensor, to file: FileWriter) throws {
        let stored = tensor.dtype == .float16 ? tensor : try tensor.converted(to: .float32)
        try file.write(header(stored.shape, stored.dtype))
        try file.write(stored.bytes())
    }

    /// What comes before the numbers, which follow row by row.
    static func header(_ shape: [Int], _ dtype: DType) -> Data {
        let type = dtype == .float16 ? "<f2" : "<f4"
        let sizes = shape.map(String.init)
        let shape = sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.joined(separator: ", ")))"
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        // Magic, version and length take 10 bytes; the data begins at a multiple of 64, after a line feed.
        let rest = (10 + header.utf8.count + 1) % 64
        header += String(repeating: " ", count: rest == 0 ? 0 : 64 - rest) + "\n"
        let length = header.utf8.count
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)])
        data += Array(header.utf8)
        return data
    }

    /// Reads a float32 or float16 array, row-major, as float32.
    /// - Throws: ``CLIPError/file(_:hint:)`` or ``CLIPError/embeddingFile(path:problem:)``.
    public static func read(_ path: String) throws -> Tensor { try NumPyArray(path).tensor() }
}

/// A float32 or float16 array of a file that is mapped into memory.
struct NumPyArray {
    let shape: [Int]
    let dtype: DType
    private let mapping: MappedFile
    private let start: Int

    /// - Throws: ``CLIPError/file(_:hint:)`` or ``CLIPError/embeddingFile(path:problem:)``.
    init(_ path: String) throws {
        func refuse(_ problem: String) -> CLIPError { .embeddingFile(path: path, problem: problem) }
        do throws(FileFault) {
            mapping = try MappedFile(path: path, leastLength: 12)
        } catch {
            if case .tooShort = error.cause { throw refuse("it is not a NumPy file") }
            throw CLIPError.file(error, hint: "A NumPy file of vectors is needed.")
        }
        let data = UnsafeRawBufferPointer(start: mapping.base, count: mapping.count)
        let magic = [0x93] + Array("NUMPY".utf8)
        guard data.starts(with: magic), (1...3).contains(data[6]) else {
            throw refuse("it is not a NumPy file")
        }
        let sizeBytes = data[6] == 1 ? 2 : 4
        let length = (0..<sizeBytes).reduce(0) { $0 | Int(data[8 + $1]) << (8 * $1) }
        start = 8 + sizeBytes + length
        guard start <= data.count, length <= 1 << 16 else { throw refuse("its header is cut off") }
        let header = String(decoding: data[8 + sizeBytes..<start], as: UTF8.self)
        if header.contains("'descr': '<f4'") {
            dtype = .float32
        } else if header.contains("'descr': '<f2'") {
            dtype = .float16
        } else {
            throw refuse("its numbers are neither float32 nor float16")
        }
        guard header.contains("'fortran_order': False") else { throw refuse("it is not stored row by row") }
        guard let shape = Self.shape(in: header) else { throw refuse("its shape cannot be read") }
        self.shape = shape
        var count = dtype.byteCount
        for size in shape {
            // A size of 0 does not excuse an overflow elsewhere: whoever computes strides would meet it.
            let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
            guard !overflow else { throw refuse("its shape is too large") }
            count = product
        }
        if shape.contains(0) { count = 0 }
        guard data.count - start == count else {
            throw refuse("it holds \(data.count - start) bytes of numbers where its shape needs \(count)")
        }
    }

    private var numbers: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: mapping.base + start, count: mapping.count - start)
    }

    /// All of it, float32.
    func tensor() throws -> Tensor {
        try withExtendedLifetime(mapping) {
            try Tensor(copying: numbers, shape: shape, dtype: dtype).converted(to: .float32)
        }
    }

    /// Some rows of a matrix, float32.
    func tensor(_ rows: Range<Int>) throws -> Tensor {
        let stride = shape[1] * dtype.byteCount
        let part = UnsafeRawBufferPointer(rebasing: numbers[rows.lowerBound * stride..<rows.upperBound * stride])
        return try withExtendedLifetime(mapping) {
            try Tensor(copying: part, shape: [rows.count, shape[1]], dtype: dtype).converted(to: .float32)
        }
    }

    /// Hands over the numbers' bytes as they lie in the file.
    func withNumbers<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try withExtendedLifetime(mapping) { try body(numbers) }
    }

    /// Of the numbers' bytes as they lie in the file.
    func hash() -> String {
        var hash = ContentHash()
        withExtendedLifetime(mapping) { hash.update(numbers) }
        return hash.hexadecimal()
    }

    /// The sizes in a header's `'shape': (2, 3)`.
    private static func shape(in header: String) -> [Int]? {
        guard let key = header.range(of: "'shape':"), let open = header[key.upperBound...].firstIndex(of: "("),
            let close = header[open...].firstIndex(of: ")")
        else { return nil }
        let parts = header[header.index(after: open)..<close].split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let sizes = parts.compactMap(Int.init)
        return sizes.count == parts.count && sizes.count <= 64 && sizes.allSatisfy { $0 >= 0 } ? sizes : nil
    }
}

import Safetensors
import Torch

/// Tensors in safetensors files: read where they lie, written whole or not at all.
public enum TensorFile {
    /// Every tensor of a file by name, in memory mapped from it: nothing is copied until it is used.
    /// - Throws: `SafetensorsError` for a missing, refused or corrupt file.
    public static func read(_ path: String) throws -> [String: Tensor] {
        let file = try SafetensorsFile(path: path)
        var tensors: [String: Tensor] = [:]
        for name in file.names {
            guard let entry = file.entry(name) else { continue }
            guard let dtype = DType(entry.dtype) else {
                throw SafetensorsError.corruptEntry(
                    path: path, key: name, reason: "element type \(entry.dtype.rawValue) is not one models use")
            }
            let bytes = try file.bytes(of: name)
            let buffer = UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count)
            tensors[name] =
                entry.isAligned
                ? try Tensor(borrowing: buffer, ownedBy: bytes, shape: entry.shape, dtype: dtype)
                : try withExtendedLifetime(bytes) { try Tensor(copying: buffer, shape: entry.shape, dtype: dtype) }
        }
        return tensors
    }

    /// The `__metadata__` strings of a file.
    public static func metadata(of path: String) throws -> [String: String] {
        try SafetensorsFile(path: path).metadata
    }

    /// Writes tensors under their names. The file appears only when it is whole.
    /// - Parameter isDurable: whether it is brought to the disk before; a crash of the machine may otherwise leave a damaged
    ///   file.
    public static func write(
        _ tensors: [String: Tensor], metadata: [String: String] = ["format": "pt"], to path: String,
        isDurable: Bool = true
    ) throws {
        let items = tensors.sorted { $0.key < $1.key }.map { name, tensor in
            SafetensorsItem(name: name, dtype: SafetensorsDType(tensor.dtype), shape: tensor.shape) { sink in
                try tensor.bytes().withUnsafeBytes(sink)
            }
        }
        try SafetensorsWriter.write(items, metadata: metadata, to: path, isDurable: isDurable)
    }
}

extension DType {
    /// The same type as safetensors names it; nil for one libtorch's models do not use.
    init?(_ dtype: SafetensorsDType) {
        guard let match = DType.allCases.first(where: { SafetensorsDType($0) == dtype }) else { return nil }
        self = match
    }
}

extension SafetensorsDType {
    init(_ dtype: DType) {
        self =
            switch dtype {
            case .uint8: .uint8
            case .int8: .int8
            case .int16: .int16
            case .int32: .int32
            case .int64: .int64
            case .float16: .float16
            case .float32: .float32
            case .float64: .float64
            case .bool: .bool
            case .bfloat16: .bfloat16
            }
    }
}

import Foundation

/// One number for each class, as NumPy saves a vector (`.npy`, numpy.lib.format): above 0 where a picture has the class.
enum LabelVector {
    private static let magic = [0x93] + Array("NUMPY".utf8)

    /// - Returns: nil for anything but a whole vector of integers, floats or truth values, little-endian.
    static func read(_ data: Data) -> [Bool]? {
        let bytes = [UInt8](data)
        guard bytes.count > 12, bytes.starts(with: magic) else { return nil }
        let lengthBytes = bytes[6] == 1 ? 2 : 4
        let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        let start = 8 + lengthBytes + length
        guard start <= bytes.count else { return nil }
        let header = String(decoding: bytes[8 + lengthBytes..<start], as: UTF8.self)
        guard let type = header.firstMatch(of: /'descr': *'([<|][bfiu])([1248])'/), let size = Int(type.2),
            let shape = header.firstMatch(of: /'shape': *\(([0-9]{1,7}),\)/), let count = Int(shape.1),
            bytes.count - start == count * size
        else { return nil }
        let isFloat = type.1.hasSuffix("f")
        guard !isFloat || size > 1 else { return nil }
        return (0..<count).map { index in
            let value = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[start + index * size + $1]) << (8 * $1) }
            let sign = UInt64(1) << (8 * size - 1)
            // A sign bit makes integers and floats alike negative; nothing else than zero bits is 0.
            return value != 0 && (type.1.hasSuffix("u") || value & sign == 0)
        }
    }
}

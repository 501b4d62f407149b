import Foundation
import Testing

@testable import TorchArchive

/// A folder that goes with the test.
final class Scratch {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "torch-archive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A new file of these bytes.
    func file(_ bytes: [UInt8]) throws -> String {
        let url = folder.appending(path: "\(UUID().uuidString).pt")
        try Data(bytes).write(to: url)
        return url.path
    }

    /// A checkpoint of this pickle and these storages.
    func archive(_ pickle: Pickle, storages: [String: [UInt8]] = [:], order: String? = nil) throws -> String {
        var zip = ZipWriter()
        zip.add("r/data.pkl", pickle.bytes)
        if let order { zip.add("r/byteorder", Array(order.utf8)) }
        for (key, bytes) in storages.sorted(by: { $0.key < $1.key }) { zip.add("r/data/\(key)", bytes) }
        return try file(zip.finish())
    }
}

/// The error that opening the file throws.
func refusal(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> TorchArchiveError {
    let error = #expect(throws: TorchArchiveError.self, sourceLocation: sourceLocation) {
        try TorchArchiveFile(path: path)
    }
    return try #require(error, sourceLocation: sourceLocation)
}

func fixture(_ name: String) throws -> URL {
    try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
}

func bytes(ofFixture name: String) throws -> [UInt8] { Array(try Data(contentsOf: fixture(name))) }

/// Writes pickles opcode by opcode.
struct Pickle {
    private(set) var bytes: [UInt8] = [0x80, 2]

    func raw(_ bytes: some Sequence<UInt8>) -> Pickle {
        var copy = self
        copy.bytes.append(contentsOf: bytes)
        return copy
    }

    func op(_ code: Character) -> Pickle { raw(Array(String(code).utf8)) }

    func text(_ text: String) -> Pickle { op("X").raw(little(UInt32(text.utf8.count))).raw(text.utf8) }

    func global(_ module: String, _ name: String) -> Pickle { raw("c\(module)\n\(name)\n".utf8) }

    /// A number of 64 bits.
    func int(_ value: Int) -> Pickle { raw([0x8A, 8]).raw(little(UInt64(bitPattern: Int64(value)))) }

    func ints(_ values: [Int]) -> Pickle { values.reduce(op("(")) { $0.int($1) }.op("t") }

    func storage(_ type: String = "FloatStorage", key: String = "0", count: Int) -> Pickle {
        op("(").text("storage").global("torch", type).text(key).text("cpu").int(count).op("t").op("Q")
    }

    /// A whole `_rebuild_tensor_v2`.
    func tensor(
        _ type: String = "FloatStorage", key: String = "0", count: Int, offset: Int = 0, shape: [Int], strides: [Int]
    ) -> Pickle {
        global("torch._utils", "_rebuild_tensor_v2").op("(").storage(type, key: key, count: count).int(offset)
            .ints(shape).ints(strides).raw([0x89]).global("collections", "OrderedDict").op(")").op("R").op("t").op("R")
    }

    func stop() -> Pickle { op(".") }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}

/// Writes zip archives, wrong ones too.
struct ZipWriter {
    struct Lies {
        var method: UInt16 = 0
        var size: UInt32?
        var localSize: UInt32?
        var localName: String?
        var localMethod: UInt16?
        var offset: UInt32?
        var flags: UInt16 = 0
    }

    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count: UInt16 = 0

    mutating func add(_ name: String, _ data: [UInt8], lies: Lies = Lies()) {
        let offset = UInt32(bytes.count)
        let size = lies.size ?? UInt32(data.count)
        let localName = Array((lies.localName ?? name).utf8)
        bytes += little(UInt32(0x0403_4B50)) + little(UInt16(20)) + little(lies.flags)
        bytes += little(lies.localMethod ?? lies.method) + little(UInt32(0)) + little(UInt32(0))
        bytes += little(lies.localSize ?? size) + little(lies.localSize ?? size)
        bytes += little(UInt16(localName.count)) + little(UInt16(0)) + localName + data
        directory += little(UInt32(0x0201_4B50)) + little(UInt16(20)) + little(UInt16(20)) + little(lies.flags)
        directory += little(lies.method) + little(UInt32(0)) + little(UInt32(0)) + little(size) + little(size)
        directory += little(UInt16(name.utf8.count)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
        directory += little(UInt16(0)) + little(UInt32(0)) + little(lies.offset ?? offset) + Array(name.utf8)
        count += 1
    }

    func finish(count lie: UInt16? = nil, directorySize: UInt32? = nil) -> [UInt8] {
        var end = little(UInt32(0x0605_4B50)) + little(UInt16(0)) + little(UInt16(0)) + little(lie ?? count)
        end += little(lie ?? count) + little(directorySize ?? UInt32(directory.count)) + little(UInt32(bytes.count))
        return bytes + directory + end + little(UInt16(0))
    }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}

/// What `Fixtures/make_fixtures.py` says of one file.
struct Expected: Decodable {
    struct Tensor: Decodable {
        let dtype: String
        let shape: [Int]
        let values: [Double]
    }

    let tensors: [String: Tensor]
    let scalars: [String: Scalar]

    enum Scalar: Decodable {
        case bool(Bool)
        case number(Double)
        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let bool = try? value.decode(Bool.self) {
                self = .bool(bool)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try value.decode(String.self))
            }
        }
    }

    static func load() throws -> [String: Expected] {
        try JSONDecoder().decode([String: Expected].self, from: Data(contentsOf: fixture("expected.json")))
    }
}

/// A tensor's elements in row-major order, read one by one through shape, strides and offset.
func values(_ name: String, of file: TorchArchiveFile) throws -> [Double] {
    let entry = try #require(file.entry(name))
    let storage = try file.storage(of: name)
    var result: [Double] = []
    for index in 0..<entry.elementCount {
        var rest = index
        var place = entry.storageOffset
        for (length, stride) in zip(entry.shape, entry.strides).reversed() {
            place += rest % length * stride
            rest /= length
        }
        let offset = place * entry.dtype.byteCount
        try #require(offset + entry.dtype.byteCount <= storage.count)
        result.append(value(storage.baseAddress + offset, entry.dtype))
    }
    return withExtendedLifetime(storage) { result }
}

private func value(_ address: UnsafeMutableRawPointer, _ dtype: TorchArchiveDType) -> Double {
    switch dtype {
    case .bool: address.load(as: UInt8.self) == 0 ? 0 : 1
    case .uint8: Double(address.load(as: UInt8.self))
    case .int8: Double(address.load(as: Int8.self))
    case .uint16: Double(address.loadUnaligned(as: UInt16.self))
    case .int16: Double(address.loadUnaligned(as: Int16.self))
    case .uint32: Double(address.loadUnaligned(as: UInt32.self))
    case .int32: Double(address.loadUnaligned(as: Int32.self))
    case .uint64: Double(address.loadUnaligned(as: UInt64.self))
    case .int64: Double(address.loadUnaligned(as: Int64.self))
    case .float32: Double(address.loadUnaligned(as: Float.self))
    case .float64: address.loadUnaligned(as: Double.self)
    case .bfloat16: Double(Float(bitPattern: UInt32(address.loadUnaligned(as: UInt16.self)) << 16))
    case .float16: small(UInt(address.loadUnaligned(as: UInt16.self)), exponentBits: 5, fractionBits: 10)
    case .float8E4M3FN: small(UInt(address.load(as: UInt8.self)), exponentBits: 4, fractionBits: 3)
    case .float8E5M2: small(UInt(address.load(as: UInt8.self)), exponentBits: 5, fractionBits: 2)
    }
}

/// A finite number of a narrow floating-point format.
private func small(_ bits: UInt, exponentBits: UInt, fractionBits: UInt) -> Double {
    let fraction = Double(bits & (1 << fractionBits - 1)) / Double(1 << fractionBits)
    let exponent = Int(bits >> fractionBits & (1 << exponentBits - 1))
    let bias = 1 << (exponentBits - 1) - 1
    let isNegative = bits >> (exponentBits + fractionBits) & 1 == 1
    let magnitude =
        exponent == 0
        ? Double(sign: .plus, exponent: 1 - bias, significand: 1) * fraction
        : Double(sign: .plus, exponent: exponent - bias, significand: 1) * (1 + fraction)
    return isNegative ? -magnitude : magnitude
}

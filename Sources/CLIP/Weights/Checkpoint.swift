import Files
import Foundation
import ModelHub
import Safetensors
import StrictJSON
import Torch
import TorchArchive

/// A weights file's tensors by name, whatever wrote it: safetensors in one file or in shards, PyTorch's archives (with
/// or without TorchScript) and its older streams. No code in a file is run, and bytes stay where they lie until used.
public struct Checkpoint: Sendable {
    /// What kind of file weights lie in.
    public enum Format: String, Sendable, Codable {
        case safetensors
        case shardedSafetensors = "sharded safetensors"
        case torch = "PyTorch archive"
        case shardedTorch = "sharded PyTorch archives"
        case torchScript = "TorchScript archive"
        case legacyTorch = "PyTorch stream (before 1.6)"
    }

    /// As it was given; for shards, their index.
    public let path: String
    /// What the file was recognized as, by its bytes and not by its name.
    public let format: Format
    /// The files read; several for shards.
    public let files: [String]
    /// By name, without what training put in front of names (`state_dict.`, `module.`, `_orig_mod.`) or into them.
    public let tensors: [String: Tensor]
    /// What was taken from the front of every name, such as "state_dict.module.".
    public let prefix: String
    /// Tensors beside the model's, such as an optimizer's, that were left out.
    public let leftOut: Int
    /// What tells the files from others without reading them; nil where nothing does.
    let stamp: String?
    /// Whether LongCLIP's code wrote it; its two tables of text positions are one here.
    let isLongCLIPs: Bool

    /// - Throws: `SafetensorsError`, `TorchArchiveError`, or ``CLIPError`` for an index that is missing files.
    public init(path: String) throws {
        self.path = path
        let raw: [String: Tensor]
        // Taken before the files are opened: of one that is replaced meanwhile it is never seen again.
        if ModelFiles.isIndex(path) {
            let shards = try ShardIndex(path: path)
            stamp = Self.stamp(of: [path] + shards.files)
            raw = try shards.read()
            files = shards.files
            format = shards.files.contains { $0.hasSuffix(".safetensors") } ? .shardedSafetensors : .shardedTorch
        } else {
            stamp = Self.stamp(of: [path])
            (raw, format) = try Self.read(path)
            files = [path]
        }
        let unwrapped = StateWrapping.unwrapped(raw)
        let long = try LongCLIP.merged(unwrapped.tensors)
        tensors = long ?? unwrapped.tensors
        isLongCLIPs = long != nil
        prefix = unwrapped.prefix
        leftOut = raw.count - unwrapped.tensors.count
    }

    /// What was read already, under names that nothing stands in front of.
    init(path: String, format: Format, tensors: [String: Tensor]) {
        self.path = path
        self.format = format
        self.tensors = tensors
        files = [path]
        stamp = nil
        prefix = ""
        leftOut = 0
        isLongCLIPs = false
    }

    private static func stamp(of files: [String]) -> String? {
        let stamps = files.compactMap { FileStamp($0)?.text }
        return stamps.count == files.count ? stamps.joined(separator: "\n") : nil
    }

    static func read(_ path: String) throws -> ([String: Tensor], Format) {
        guard Self.looksLikeTorch(path) else { return (try TensorFile.read(path), .safetensors) }
        let archive = try TorchArchiveFile(path: path)
        var tensors: [String: Tensor] = [:]
        for name in archive.names {
            // Optimizer states and generators may have types that models have not; they are not needed here.
            guard let entry = archive.entry(name), let dtype = DType(entry.dtype) else { continue }
            tensors[name] = try Tensor.archived(archive.storage(of: name), entry, dtype)
        }
        switch archive.kind {
        case .dictionary: return (tensors, .torch)
        case .torchScript: return (tensors, .torchScript)
        case .legacy: return (tensors, .legacyTorch)
        }
    }

    /// A zip archive, a pickle, or neither.
    private static func looksLikeTorch(_ path: String) -> Bool {
        guard let head = try? FileReader(path).bytes(at: 0, count: 4), head.count == 4 else { return false }
        return head.starts(with: [0x50, 0x4B]) || (head[0] == 0x80 && (2...5).contains(head[1]) && head[2] != 0)
    }
}

/// `model.safetensors.index.json` or `pytorch_model.bin.index.json`: which shard holds which tensor.
struct ShardIndex {
    let path: String
    /// The shards' paths, in order of their names.
    let files: [String]
    private let shardOf: [String: String]

    /// - Throws: ``CLIPError/configuration(source:key:problem:)``, ``CLIPError/file(_:hint:)`` or
    ///   ``CLIPError/missingInput(path:hint:)``.
    init(path: String) throws {
        func refuse(_ key: String, _ problem: String) -> CLIPError {
            .configuration(source: path, key: key, problem: problem)
        }
        let data: Data
        do throws(FileFault) {
            data = try WholeFile.data(path, limit: 64 << 20)
        } catch {
            if case .tooLarge = error.cause { throw refuse("file", "an index of more than 64 MiB") }
            throw CLIPError.file(error, hint: "It lists the shards of the weights.")
        }
        let members = (try? JSONValue(data))?["weight_map"]?.object ?? [:]
        let map = members.compactMapValues(\.string)
        guard !map.isEmpty, map.count == members.count else {
            throw refuse("weight_map", "an object from tensor names to file names is needed")
        }
        for name in Set(map.values) where name.contains("/") || name.contains("\0") || name.hasPrefix(".") {
            throw refuse("weight_map", "\"\(name)\" is not the name of a file beside the index")
        }
        self.path = path
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        shardOf = map.mapValues { folder + "/" + $0 }
        files = Set(shardOf.values).sorted()
        for file in files where !FileManager.default.fileExists(atPath: file) {
            throw CLIPError.missingInput(path: file, hint: "\(path) lists it: fetch all shards.")
        }
    }

    /// All shards' tensors. What a shard holds beyond the index, or the index beyond a shard, is refused.
    func read() throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for file in files {
            for (name, tensor) in try Checkpoint.read(file).0 {
                guard shardOf[name] == file else {
                    throw CLIPError.configuration(
                        source: path, key: "weight_map.\(name)",
                        problem: "\(file) holds it, and the index says otherwise")
                }
                tensors[name] = tensor
            }
        }
        if let missing = shardOf.keys.sorted().first(where: { tensors[$0] == nil }) {
            throw CLIPError.configuration(
                source: path, key: "weight_map.\(missing)", problem: "no shard holds it: fetch the shards again")
        }
        return tensors
    }
}

extension Tensor {
    /// A tensor of an archive, where its bytes lie if that can be.
    fileprivate static func archived(
        _ storage: MappedBytes, _ entry: TorchArchiveEntry, _ dtype: DType
    ) throws -> Tensor {
        let start = entry.storageOffset * dtype.byteCount
        if entry.isContiguous {
            let count = entry.elementCount * dtype.byteCount
            let bytes = UnsafeRawBufferPointer(start: storage.baseAddress + (count == 0 ? 0 : start), count: count)
            if entry.isAligned, count > 0 {
                return try Tensor(borrowing: bytes, ownedBy: storage, shape: entry.shape, dtype: dtype)
            }
            return try withExtendedLifetime(storage) {
                try Tensor(copying: bytes, shape: entry.shape, dtype: dtype)
            }
        }
        // A view such as a transposed matrix: gathered element by element, which only odd files need.
        var gathered = [UInt8](repeating: 0, count: entry.elementCount * dtype.byteCount)
        withExtendedLifetime(storage) {
            gathered.withUnsafeMutableBytes { target in
                var place = [Int](repeating: 0, count: entry.shape.count)
                for element in 0..<entry.elementCount {
                    let source = zip(place, entry.strides).reduce(entry.storageOffset) { $0 + $1.0 * $1.1 }
                    let from = UnsafeRawBufferPointer(
                        start: storage.baseAddress + source * dtype.byteCount, count: dtype.byteCount)
                    UnsafeMutableRawBufferPointer(rebasing: target[(element * dtype.byteCount)...]).copyMemory(
                        from: from)
                    for dimension in place.indices.reversed() {
                        place[dimension] += 1
                        if place[dimension] < entry.shape[dimension] { break }
                        place[dimension] = 0
                    }
                }
            }
        }
        return try gathered.withUnsafeBytes { try Tensor(copying: $0, shape: entry.shape, dtype: dtype) }
    }
}

extension DType {
    /// The same type as PyTorch's archives name it; nil for one models do not use.
    init?(_ dtype: TorchArchiveDType) {
        switch dtype {
        case .bool: self = .bool
        case .uint8: self = .uint8
        case .int8: self = .int8
        case .int16: self = .int16
        case .int32: self = .int32
        case .int64: self = .int64
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .float32: self = .float32
        case .float64: self = .float64
        default: return nil
        }
    }
}

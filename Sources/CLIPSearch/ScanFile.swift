import CScan
import Dispatch
import Files
import Foundation

/// The flat file that a search scans: a header, then a row of 8-bit integers for each picture, in ascending order of ids.
/// It is made from the catalogue, which is the truth, and made anew wherever the two disagree.
struct ScanFile {
    /// What a file says of itself; rows are only read where all of it is as expected.
    struct Header: Equatable {
        static let size = 64
        private static let magic = Array("CLIPSCAN".utf8)
        private static let version: UInt32 = 1

        let dimension: Int
        /// Of the embedding space: 32 hexadecimal digits.
        let fingerprint: String
        /// Of the catalogue: each compaction has its own.
        let generation: Int

        /// Values a row holds, zeros after the dimension.
        var width: Int { (dimension + Int(CS_ROW_MULTIPLE) - 1) / Int(CS_ROW_MULTIPLE) * Int(CS_ROW_MULTIPLE) }
        /// Bytes a row takes.
        var stride: Int { Int(CS_ROW_HEADER) + width }

        var bytes: [UInt8] {
            var bytes = Self.magic
            for number in [Self.version, UInt32(dimension), UInt32(width), UInt32(stride)] {
                withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
            }
            bytes +=
                Array(fingerprint.utf8.prefix(32)) + Array(repeating: 0, count: max(0, 32 - fingerprint.utf8.count))
            withUnsafeBytes(of: UInt64(generation).littleEndian) { bytes += $0 }
            return bytes
        }
    }

    let header: Header
    private let mapping: MappedFile
    /// Whole rows that are used.
    let count: Int

    /// - Parameter count: rows to use; a reader leaves alone what may not be committed.
    init?(path: String, header: Header, count: Int? = nil) throws(FileFault) {
        mapping = try MappedFile(path: path, leastLength: Header.size)
        guard UnsafeRawBufferPointer(start: mapping.base, count: Header.size).elementsEqual(header.bytes) else {
            return nil
        }
        self.header = header
        let whole = (mapping.count - Header.size) / header.stride
        self.count = min(count ?? whole, whole)
    }

    private var rows: UnsafePointer<UInt8> {
        UnsafeRawPointer(mapping.base + Header.size).assumingMemoryBound(to: UInt8.self)
    }

    func id(of row: Int) -> Int64 {
        UnsafeRawPointer(rows + row * header.stride).loadUnaligned(as: Int64.self)
    }

    /// The first row whose id is not below one.
    private func row(from id: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self.id(of: middle) < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The row of an id, where there is one.
    func row(of id: Int64) -> Int? {
        let row = row(from: id)
        return row < count && self.id(of: row) == id ? row : nil
    }

    /// A row as it lies in the file.
    static func bytes(id: Int64, _ values: [Float], header: Header) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: header.stride) { buffer, filled in
            cs_row(id, values, values.count, header.width, buffer.baseAddress)
            filled = header.stride
        }
    }

    /// What a scan found.
    struct Found {
        /// Best first, by approximate scores.
        let hits: [(id: Int64, score: Float)]
        /// How far a score of any row that was scanned may be off.
        let margin: Float
    }

    /// The rows with the highest products.
    /// - Parameters:
    ///   - query: of the header's dimension.
    ///   - wanted: how many; fewer where there are not so many.
    ///   - mask: of the rows that may be found; nil for all.
    ///   - least: rows with a lower score are left out.
    ///   - kernel: nil for the processor's best.
    func best(
        _ query: [Float], wanted: Int, mask: RowMask?, least: Float = -.infinity, kernel: cs_kernel? = nil
    ) -> Found {
        let quantized = QuantizedVector(query)
        let padded = quantized.integers + Array(repeating: 0, count: header.width - quantized.integers.count)
        let threads = max(1, min(ProcessInfo.processInfo.activeProcessorCount, count / 4096))
        // Masks are cut at whole words.
        let share = (count / threads + 63) / 64 * 64
        let parts = Parts(threads)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let start = min(count, thread * max(share, 64))
            let end = thread == threads - 1 ? count : min(count, start + max(share, 64))
            guard end > start else { return }
            var hits = [cs_hit](repeating: cs_hit(), count: min(wanted, end - start))
            var scale: Float = 0
            let found = padded.withUnsafeBufferPointer { query in
                func scan(_ words: UnsafePointer<UInt64>?) -> Int {
                    cs_scan(
                        rows + start * header.stride, end - start, header.stride, header.width, query.baseAddress,
                        quantized.scale, words, hits.count, least, &hits, &scale, kernel ?? cs_best_kernel())
                }
                guard let mask else { return scan(nil) }
                return mask.words.withUnsafeBufferPointer { words in scan(words.baseAddress.map { $0 + start / 64 }) }
            }
            parts.set(thread, Array(hits.prefix(found)), scale)
        }
        let hits = parts.all.sorted { ($1.score, $0.id) < ($0.score, $1.id) }.prefix(wanted)
        return Found(
            hits: hits.map { ($0.id, $0.score) }, margin: QuantizedVector.margin(parts.scale, quantized.scale))
    }

    /// What each thread found.
    private final class Parts: @unchecked Sendable {
        private let lock = NSLock()
        private var parts: [[cs_hit]]  // guarded by `lock`, as is the next
        private var largest: Float = 0

        init(_ count: Int) { parts = Array(repeating: [], count: count) }

        func set(_ index: Int, _ hits: [cs_hit], _ scale: Float) {
            lock.withLock {
                parts[index] = hits
                largest = max(largest, scale)
            }
        }

        var all: [cs_hit] { lock.withLock { parts.flatMap { $0 } } }
        /// The largest factor of a row.
        var scale: Float { lock.withLock { largest } }
    }
}

/// A bit for each row, lowest first.
struct RowMask: Sendable {
    private(set) var words: [UInt64]
    let count: Int

    init(count: Int, filled: Bool) {
        self.count = count
        words = Array(repeating: filled ? .max : 0, count: (count + 63) / 64)
        if filled, count % 64 != 0 { words[words.count - 1] = .max >> UInt64(64 - count % 64) }
    }

    subscript(row: Int) -> Bool {
        get { words[row / 64] >> UInt64(row % 64) & 1 == 1 }
        set {
            let bit = 1 << UInt64(row % 64) as UInt64
            if newValue { words[row / 64] |= bit } else { words[row / 64] &= ~bit }
        }
    }

    /// Rows that are in both.
    func and(_ other: RowMask) -> RowMask {
        var both = self
        for index in words.indices { both.words[index] &= other.words[index] }
        return both
    }

    /// How many rows are in it.
    var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}

import CScan
import Files
import Foundation
import TestSupport
import Testing

@testable import CLIPSearch

/// The scan gives what a plain loop gives, on every kernel the processor has.
@Suite struct ScanTests {
    private static let kernels = [CS_PLAIN, CS_AVX2, CS_AVX512_VNNI, CS_NEON].filter { cs_has_kernel($0) != 0 }

    private func vectors(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
        var state = seed
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 33) / Float(1 << 30)
        }
        return (0..<count).map { _ in (0..<dimension).map { _ in next() } }
    }

    private func scan(_ rows: [[Float]], ids: [Int64]? = nil, in folder: String) throws -> ScanFile {
        let header = ScanFile.Header(
            dimension: rows[0].count, fingerprint: String(repeating: "a", count: 32), generation: 3)
        var bytes = header.bytes
        for (index, row) in rows.enumerated() {
            bytes += ScanFile.bytes(id: ids?[index] ?? Int64(index + 1), row, header: header)
        }
        try WholeFile.write(bytes, to: folder + "/x.scan")
        return try #require(try ScanFile(path: folder + "/x.scan", header: header))
    }

    private func plain(_ rows: [[Float]], _ query: [Float]) -> [(id: Int64, score: Float)] {
        let quantized = QuantizedVector(query)
        return rows.enumerated().map { index, row in
            let other = QuantizedVector(row)
            let dot = zip(other.integers, quantized.integers).reduce(Int32(0)) { $0 + Int32($1.0) * Int32($1.1) }
            return (Int64(index + 1), Float(dot) * (other.scale * quantized.scale))
        }.sorted { ($1.score, $0.id) < ($0.score, $1.id) }
    }

    @Test(arguments: [1, 63, 64, 65, 200, 512]) func everyKernelGivesThePlainProducts(_ dimension: Int) throws {
        try withTemporaryDirectory { folder in
            let rows = vectors(301, dimension, seed: 7)
            let query = vectors(1, dimension, seed: 9)[0]
            let expected = plain(rows, query)
            let file = try scan(rows, in: folder)
            for kernel in Self.kernels {
                let found = file.best(query, wanted: 20, mask: nil, kernel: kernel).hits
                #expect(found.map(\.id) == expected.prefix(20).map(\.id), "\(kernel)")
                #expect(found.map(\.score) == expected.prefix(20).map(\.score), "\(kernel)")
            }
            #expect(file.best(query, wanted: 1000, mask: nil).hits.map(\.id) == expected.map(\.id))
            #expect(file.best(query, wanted: 0, mask: nil).hits.isEmpty)
        }
    }

    @Test func extremesDoNotOverflow() throws {
        try withTemporaryDirectory { folder in
            let rows =
                [[Float]](repeating: Array(repeating: -1, count: 1024), count: 3) + [Array(repeating: 1, count: 1024)]
            let file = try scan(rows, in: folder)
            for kernel in Self.kernels {
                let found = file.best(Array(repeating: 1, count: 1024), wanted: 4, mask: nil, kernel: kernel).hits
                #expect(found.map(\.id) == [4, 1, 2, 3] && abs(found[0].score - 1024) < 0.1, "\(kernel)")
            }
        }
    }

    @Test func masksLeaveRowsOutAndThreadsAgree() throws {
        try withTemporaryDirectory { folder in
            // More than a thread's least share.
            let rows = vectors(20_001, 16, seed: 3)
            let query = vectors(1, 16, seed: 4)[0]
            let file = try scan(rows, in: folder)
            let expected = plain(rows, query)
            #expect(file.best(query, wanted: 50, mask: nil).hits.map(\.id) == expected.prefix(50).map(\.id))
            for step in [1, 2, 63, 64, 129, 20_001] {
                var mask = RowMask(count: rows.count, filled: false)
                for row in stride(from: step - 1, to: rows.count, by: step) { mask[row] = true }
                #expect(mask.population == rows.count / step)
                let allowed = expected.filter { Int($0.id) % step == 0 }
                #expect(
                    file.best(query, wanted: 50, mask: mask).hits.map(\.id) == allowed.prefix(50).map(\.id), "\(step)")
            }
            let all = RowMask(count: rows.count, filled: true)
            #expect(all.population == rows.count)
            #expect(file.best(query, wanted: 50, mask: all).hits.map(\.id) == expected.prefix(50).map(\.id))
            #expect(file.row(of: 0) == nil && file.row(of: 20_001) == 20_000 && file.row(of: 77) == 76)
        }
    }

    @Test func anotherHeaderIsNoFile() throws {
        try withTemporaryDirectory { folder in
            let file = try scan(vectors(3, 8, seed: 1), in: folder)
            let path = folder + "/x.scan"
            let header = file.header
            #expect(header.bytes.count == ScanFile.Header.size && header.stride == 16 + 64)
            for other in [
                ScanFile.Header(dimension: 9, fingerprint: header.fingerprint, generation: 3),
                ScanFile.Header(dimension: 8, fingerprint: String(repeating: "b", count: 32), generation: 3),
                ScanFile.Header(dimension: 8, fingerprint: header.fingerprint, generation: 4),
            ] {
                #expect(try ScanFile(path: path, header: other) == nil)
            }
        }
    }

    @Test func rowsFromAScoreOnAreAllFound() throws {
        let rows = vectors(301, 100, seed: 7)
        let query = vectors(1, 100, seed: 9)[0]
        let expected = plain(rows, query)
        let header = ScanFile.Header(dimension: 100, fingerprint: "", generation: 0)
        let bytes = rows.enumerated().flatMap { ScanFile.bytes(id: Int64($0 + 1), $1, header: header) }
        let quantized = QuantizedVector(query)
        let padded = quantized.integers + Array(repeating: 0, count: header.width - 100)
        for kernel in Self.kernels {
            for capacity in [1, 7, 500] {
                var found: [cs_hit] = []
                var next = 0
                while next < rows.count {
                    var hits = [cs_hit](repeating: cs_hit(), count: capacity)
                    let count = cs_above(
                        bytes, rows.count, header.stride, header.width, padded, quantized.scale, expected[40].score,
                        &hits, capacity, &next, kernel)
                    found += hits.prefix(count)
                }
                let wanted = expected.prefix(41).sorted { $0.id < $1.id }
                #expect(found.map(\.id) == wanted.map(\.id), "\(kernel) \(capacity)")
                #expect(found.map(\.score) == wanted.map(\.score), "\(kernel) \(capacity)")
            }
        }
    }

    @Test func nothingBelowTheLeastScoreIsFound() throws {
        try withTemporaryDirectory { folder in
            let rows = vectors(500, 32, seed: 7)
            let query = vectors(1, 32, seed: 9)[0]
            let expected = plain(rows, query)
            let file = try scan(rows, in: folder)
            for kernel in Self.kernels {
                let found = file.best(query, wanted: 100, mask: nil, least: expected[30].score, kernel: kernel)
                #expect(found.hits.map(\.id) == expected.prefix(31).map(\.id), "\(kernel)")
            }
        }
    }

    @Test func rowsAreWholeNumbersOfTheVector() {
        let values = vectors(1, 70, seed: 5)[0]
        let header = ScanFile.Header(dimension: 70, fingerprint: "", generation: 0)
        let row = ScanFile.bytes(id: 77, values, header: header)
        #expect(row.count == 16 + 128)
        let largest = values.map(abs).max() ?? 0
        let integers = row[16..<86].map { Int8(bitPattern: $0) }
        for (integer, value) in zip(integers, values) {
            #expect(abs(Float(integer) * largest / 127 - value) <= largest / 127 * 0.5001)
        }
        #expect(integers.contains { abs($0) == 127 } && row[86...].allSatisfy { $0 == 0 })
        let (id, scale, sum) = row.withUnsafeBytes {
            (
                $0.load(as: Int64.self), $0.load(fromByteOffset: 8, as: Float.self),
                $0.load(fromByteOffset: 12, as: Int32.self)
            )
        }
        #expect(id == 77 && scale == largest / 127 && sum == integers.reduce(0) { $0 + Int32($1) })
    }

    @Test func vectorsKeepFourDigitsOfEachBlock() {
        for size in [1, 3, 32, 300] {
            let values = vectors(1, size, seed: 5)[0]
            let vector = UnitVector(values)
            #expect(UnitVector(bytes: vector.bytes, dimension: size) == vector)
            #expect(vector.bytes.count == (size + 31) / 32 * 4 + 2 * size)
            #expect(UnitVector(bytes: vector.bytes, dimension: size + 1) == nil)
            let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            for start in stride(from: 0, to: size, by: 32) {
                let block = start..<min(size, start + 32)
                let largest = values[block].map { abs(Double($0)) }.max() ?? 0
                for (kept, value) in zip(vector.values[block], values[block]) {
                    #expect(abs(Double(kept) - Double(value) / length) <= largest / length / 65_000)
                }
            }
            let query = vectors(1, size, seed: 6)[0]
            let product = zip(vector.values, query).reduce(Float(0)) { $0 + $1.0 * $1.1 }
            #expect(abs(vector.dot(query) - product) < 1e-5)
            // At any address.
            let moved = Data([0]) + vector.bytes
            moved.withUnsafeBytes { bytes in
                let product = UnitVector.dot(bytes: UnsafeRawBufferPointer(rebasing: bytes[1...]), query)
                #expect(product == vector.dot(query))
                #expect(UnitVector.dot(bytes: bytes, query) == nil)
            }
        }
        #expect(UnitVector([0, 0]).values == [0, 0] && QuantizedVector([0, 0]).integers == [0, 0])
    }
}

import Files
import Foundation
import Testing

@testable import Safetensors

@Suite struct WritingTests {
    @Test func writesTheReferenceImplementationsBytes() throws {
        let scratch = try Scratch()
        let reference = try Reference.load()
        let items = try reference.tensors.map {
            let dtype = try #require(SafetensorsDType(rawValue: $0.dtype))
            return SafetensorsItem(name: $0.name, dtype: dtype, shape: $0.shape, bytes: $0.bytes)
        }
        for order in [items, items.reversed()] {
            try SafetensorsWriter.write(order, metadata: reference.metadata, to: scratch.path())
            let written = try Array(Data(contentsOf: URL(filePath: scratch.path())))
            let expected = try Array(Data(contentsOf: Reference.url("reference.safetensors")))
            #expect(written.count == expected.count)
            let worst = zip(written, expected).enumerated().first { $0.element.0 != $0.element.1 }
            #expect(worst == nil, "first differing byte: \(worst?.offset ?? -1)")
        }
        #expect(try scratch.contents() == ["file.safetensors"])
    }

    @Test func roundTripOfRandomTensors() throws {
        let scratch = try Scratch()
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<20 {
            var expected: [String: (SafetensorsDType, [Int], [UInt8])] = [:]
            for index in 0..<next(30) {
                let dtype = SafetensorsDType.allCases[next(SafetensorsDType.allCases.count)]
                let shape = (0..<next(4)).map { _ in next(6) }
                let bytes = (0..<shape.reduce(dtype.byteCount, *)).map { _ in UInt8(next(256)) }
                expected["\(next(1000)).\(index).ключ\"\\\u{7}"] = (dtype, shape, bytes)
            }
            let items = expected.map { name, value in
                // In parts, as a tensor that is copied from a device would come.
                SafetensorsItem(name: name, dtype: value.0, shape: value.1) { sink in
                    try value.2.withUnsafeBytes { bytes in
                        for start in stride(from: 0, to: bytes.count, by: 7) {
                            try sink(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 7, bytes.count)]))
                        }
                    }
                }
            }
            try SafetensorsWriter.write(items, metadata: ["round": "\(round)\n\"\\"], to: scratch.path())
            let file = try SafetensorsFile(path: scratch.path())
            #expect(file.metadata == ["round": "\(round)\n\"\\"])
            #expect(Set(file.names) == Set(expected.keys))
            for (name, value) in expected {
                #expect(file.entry(name)?.dtype == value.0)
                #expect(file.entry(name)?.shape == value.1)
                #expect(file.entry(name)?.isAligned == true)
                #expect(try file.withBytes(of: name) { Array($0) } == value.2, "round \(round), \(name)")
            }
        }
    }

    @Test func refusesInvalidItems() throws {
        let scratch = try Scratch()
        func reason(_ items: [SafetensorsItem]) throws -> String {
            let error = #expect(throws: SafetensorsError.self) {
                try SafetensorsWriter.write(items, to: scratch.path())
            }
            #expect(try scratch.contents().isEmpty)
            return try #require(error).description
        }
        let item = SafetensorsItem(name: "a", dtype: .uint8, shape: [1], bytes: [0])
        #expect(try reason([item, item]).contains("two tensors have this name"))
        func reason(_ name: String, _ shape: [Int], _ bytes: [UInt8]) throws -> String {
            try reason([.init(name: name, dtype: .uint8, shape: shape, bytes: bytes)])
        }
        #expect(try reason("__metadata__", [0], []).contains("reserves"))
        #expect(try reason("a", [-1], []).contains("negative length"))
        #expect(try reason("a", [.max, 2], []).contains("too large"))
        #expect(try reason("a", Array(repeating: 1, count: 65), [0]).contains("more than 64 dimensions"))
        #expect(try reason("a", [3], [0]).contains("needs 3 bytes and 1 were provided"))
        #expect(try reason("a", [1], [0, 0]).contains("needs 1 bytes and more were provided"))
        let huge = (0..<3).map { SafetensorsItem(name: "\($0)", dtype: .uint8, shape: [.max / 2], bytes: []) }
        #expect(try reason(huge).contains("file would be too large"))
    }

    @Test func aFailingProviderLeavesTheOldFileAndNothingElse() throws {
        struct Broken: Error {}
        let scratch = try Scratch()
        try SafetensorsWriter.write([.init(name: "a", dtype: .uint8, shape: [1], bytes: [5])], to: scratch.path())
        let items = [
            SafetensorsItem(name: "a", dtype: .uint8, shape: [1], bytes: [6]),
            SafetensorsItem(name: "b", dtype: .uint8, shape: [1]) { _ in throw Broken() },
        ]
        #expect(throws: Broken.self) { try SafetensorsWriter.write(items, to: scratch.path()) }
        #expect(try scratch.contents() == ["file.safetensors"])
        #expect(try SafetensorsFile(path: scratch.path()).withBytes(of: "a") { Array($0) } == [5])
    }

    @Test func refusesImpossiblePlaces() throws {
        let scratch = try Scratch()
        let missing = scratch.path("none")
        #expect(throws: SafetensorsError.file(FileFault(missing, .creating, .system(ENOENT)))) {
            try SafetensorsWriter.write([], to: missing + "/file.safetensors")
        }
        let folder = scratch.folder.path
        #expect(throws: SafetensorsError.file(FileFault(folder, .creating, .folder))) {
            try SafetensorsWriter.write([], to: folder)
        }
        #expect(try scratch.contents().isEmpty)
    }
}

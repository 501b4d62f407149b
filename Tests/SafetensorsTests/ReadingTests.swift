import Files
import Foundation
import Testing

@testable import Safetensors

@Suite struct ReadingTests {
    @Test func readsTheReferenceImplementationsFile() throws {
        let reference = try Reference.load()
        let file = try SafetensorsFile(path: Reference.url("reference.safetensors").path)
        #expect(file.metadata == reference.metadata)
        #expect(Set(file.names) == Set(reference.tensors.map(\.name)))
        let names = file.names.map { Array($0.utf8) }
        #expect(names == names.sorted { $0.lexicographicallyPrecedes($1) })
        for tensor in reference.tensors {
            let entry = try #require(file.entry(tensor.name), "\(tensor.name)")
            #expect(entry.dtype.rawValue == tensor.dtype)
            #expect(entry.shape == tensor.shape)
            #expect(entry.elementCount == tensor.shape.reduce(1, *))
            #expect(entry.isAligned)
            #expect(try file.withBytes(of: tensor.name) { Array($0) } == tensor.bytes, "\(tensor.name)")
        }
    }

    @Test func bytesOutliveTheFileObject() throws {
        let reference = try Reference.load()
        let expected = try #require(reference.tensors.first { $0.dtype == "U64" })
        let bytes = try SafetensorsFile(path: Reference.url("reference.safetensors").path).bytes(of: expected.name)
        #expect(Array(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count)) == expected.bytes)
    }

    @Test func writingToMappedBytesLeavesTheFileAlone() throws {
        let scratch = try Scratch()
        let path = scratch.path()
        try SafetensorsWriter.write([.init(name: "a", dtype: .uint8, shape: [4], bytes: [1, 2, 3, 4])], to: path)
        let bytes = try SafetensorsFile(path: path).bytes(of: "a")
        bytes.baseAddress.storeBytes(of: 9, as: UInt8.self)
        #expect(bytes.baseAddress.load(as: UInt8.self) == 9)
        #expect(try SafetensorsFile(path: path).withBytes(of: "a") { Array($0) } == [1, 2, 3, 4])
    }

    @Test func aMappedFileSurvivesItsReplacement() throws {
        let scratch = try Scratch()
        let path = scratch.path()
        try SafetensorsWriter.write([.init(name: "a", dtype: .uint8, shape: [4], bytes: [1, 2, 3, 4])], to: path)
        let old = try SafetensorsFile(path: path)
        try SafetensorsWriter.write([.init(name: "a", dtype: .uint8, shape: [1], bytes: [7])], to: path)
        #expect(try old.withBytes(of: "a") { Array($0) } == [1, 2, 3, 4])
        #expect(try SafetensorsFile(path: path).withBytes(of: "a") { Array($0) } == [7])
    }

    @Test func readsFreeFormJSON() throws {
        let scratch = try Scratch()
        let header =
            "{ \"__metadata__\" : { \"k\\u00e9\\ud83d\\ude00\" : \"v\\/\" } ,\n\t\"b\" : { \"shape\" : [ 2 , 1 ] , "
            + "\"data_offsets\" : [ 3 , 5 ] , \"dtype\" : \"U8\" } , \"a\":{\"dtype\":\"BOOL\",\"shape\":[3],"
            + "\"data_offsets\":[0,3]},\"\":{\"dtype\":\"F64\",\"shape\":[7,0],\"data_offsets\":[3,3]} } \r\n"
        let file = try SafetensorsFile(path: scratch.file(header, data: 5))
        #expect(file.metadata == ["ké😀": "v/"])
        #expect(file.names == ["", "a", "b"])
        #expect(file.entry("b")?.shape == [2, 1])
        #expect(file.entry("b")?.byteRange.count == 2)
        #expect(file.entry("c") == nil)
    }

    @Test func anUnalignedTensorSaysSo() throws {
        let scratch = try Scratch()
        let header =
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}   "
        let file = try SafetensorsFile(path: scratch.file(header, data: 5))
        #expect(file.entry("b")?.isAligned == false)
    }

    @Test func anEmptyHeaderIsAFileWithoutTensors() throws {
        let scratch = try Scratch()
        #expect(try SafetensorsFile(path: scratch.file("{}")).names.isEmpty)
    }

    @Test func namesAMissingTensor() throws {
        let scratch = try Scratch()
        let path = try scratch.file("{}")
        let file = try SafetensorsFile(path: path)
        let expected = SafetensorsError.noSuchTensor(path: path, key: "x")
        #expect(throws: expected) { try file.bytes(of: "x") }
        #expect(throws: expected) { try file.withBytes(of: "x") { $0.count } }
    }

    @Test func tellsWhyAFileCannotBeOpened() throws {
        let scratch = try Scratch()
        let missing = scratch.path("none/at/all")
        #expect(throws: SafetensorsError.file(FileFault(missing, .opening, .system(ENOENT)))) {
            try SafetensorsFile(path: missing)
        }
        let folder = scratch.folder.path
        #expect(throws: SafetensorsError.file(FileFault(folder, .opening, .folder))) {
            try SafetensorsFile(path: folder)
        }
        #expect(throws: SafetensorsError.file(FileFault("/dev/null", .opening, .notRegular))) {
            try SafetensorsFile(path: "/dev/null")
        }
        let below = try scratch.file("{}") + "/below"
        #expect(throws: SafetensorsError.file(FileFault(below, .opening, .system(ENOTDIR)))) {
            try SafetensorsFile(path: below)
        }
        // The superuser may read anything, so refusals are checked where errno is translated.
        let denied = SafetensorsError(FileFault("p", .opening, .system(EACCES)))
        #expect(denied.fileFault?.isDenied == true)
        #expect(denied.description.hasPrefix("p: permission denied; "))
        let other = SafetensorsError(FileFault("p", .opening, .system(EMFILE)))
        #expect(other.description.hasPrefix("p: opening failed: "))
    }

    @Test func aNamedPipeIsRefusedWithoutWaiting() throws {
        let scratch = try Scratch()
        let path = scratch.path("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        #expect(throws: SafetensorsError.file(FileFault(path, .opening, .notRegular))) {
            try SafetensorsFile(path: path)
        }
    }
}

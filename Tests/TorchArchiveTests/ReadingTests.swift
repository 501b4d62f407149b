import Foundation
import Testing

@testable import TorchArchive

@Suite struct ReadingTests {
    private static let kinds: [String: TorchArchiveFile.Kind] = [
        "legacy.pt": .legacy, "legacy_empty.pt": .legacy, "script.pt": .torchScript, "trace.pt": .torchScript,
    ]

    @Test func readsWhatTheReferenceLibraryReads() throws {
        let expected = try Expected.load()
        #expect(expected.count >= 16)
        for (name, content) in expected {
            let file = try TorchArchiveFile(path: fixture(name).path)
            #expect(file.kind == Self.kinds[name] ?? .dictionary, "\(name)")
            #expect(Set(file.names) == Set(content.tensors.keys), "\(name)")
            for (key, tensor) in content.tensors {
                let entry = try #require(file.entry(key), "\(name): \(key)")
                #expect(entry.dtype.rawValue == tensor.dtype, "\(name): \(key)")
                #expect(entry.shape == tensor.shape, "\(name): \(key)")
                #expect(entry.elementCount == tensor.values.count, "\(name): \(key)")
                #expect(try values(key, of: file) == tensor.values, "\(name): \(key)")
            }
            try expectScalars(file, content, name)
        }
    }

    private func expectScalars(_ file: TorchArchiveFile, _ content: Expected, _ name: String) throws {
        for (key, scalar) in content.scalars {
            switch (scalar, file.scalars[key]) {
            case (.bool(let left), .bool(let right)): #expect(left == right, "\(name): \(key)")
            case (.number(let left), .integer(let right)): #expect(left == Double(right), "\(name): \(key)")
            case (.number(let left), .float(let right)): #expect(left == right, "\(name): \(key)")
            case (.text(let left), .text(let right)): #expect(left == right, "\(name): \(key)")
            // What is no 64-bit number, and numpy's numbers, are passed over.
            case (.number, nil): #expect(["huge", "numpy"].contains(key), "\(name): \(key)")
            default: Issue.record("\(name): \(key) is another scalar: \(String(describing: file.scalars[key]))")
            }
        }
    }

    @Test func namesAreSortedPathsWithTheirPrefixes() throws {
        let file = try TorchArchiveFile(path: fixture("training.pt").path)
        #expect(file.names.starts(with: ["optimizer.state.0.exp_avg", "optimizer.state.0.exp_avg_sq"]))
        #expect(file.names.suffix(2) == ["state_dict.module.bias", "state_dict.module.weight"])
        #expect(file.scalars["epoch"] == .integer(3))
        #expect(file.scalars["name"] == .text("RN50"))
        #expect(file.scalars["args.lr"] == .float(1e-3))
        #expect(file.scalars["optimizer.param_groups.0.params.1"] == .integer(1))
    }

    @Test func aScriptedModulesAttributesAreItsStateDictionary() throws {
        let file = try TorchArchiveFile(path: fixture("script.pt").path)
        #expect(file.entry("resblocks.1.linear.weight")?.dtype == .float16)
        #expect(file.entry("input_resolution")?.shape == [])
        #expect(file.scalars["training"] == .bool(false))
        #expect(file.scalars["resblocks.0.heads"] == .integer(2))
    }

    @Test func sharedStoragesLieAtOnePlace() throws {
        for name in ["views.pt", "legacy.pt"] {
            let file = try TorchArchiveFile(path: fixture(name).path)
            let (whole, part) = name == "views.pt" ? ("base", "slice") : ("shared", "view")
            let (left, right) = (try file.storage(of: whole), try file.storage(of: part))
            #expect(left.baseAddress == right.baseAddress)
            #expect(left.count == 24 * 4)
            #expect(file.entry(part)?.storageOffset == 8)
            #expect(file.entry(part)?.strides == [6, 1])
            #expect(file.entry(part)?.isContiguous == false)
            #expect(file.entry(whole)?.isContiguous == true)
            #expect(file.entry(part)?.storageByteRange == file.entry(whole)?.storageByteRange)
        }
    }

    @Test func storagesOutliveTheFileObject() throws {
        let storage = try TorchArchiveFile(path: fixture("single.pt").path).storage(of: "")
        #expect(storage.count == 8)
        #expect((storage.baseAddress + 4).loadUnaligned(as: Float.self) == 2)
    }

    @Test func writingToAStorageLeavesTheFileAlone() throws {
        let path = try fixture("single.pt").path
        let storage = try TorchArchiveFile(path: path).storage(of: "")
        storage.baseAddress.storeBytes(of: 9, as: Float.self)
        #expect(try values("", of: TorchArchiveFile(path: path)) == [1, 2])
    }

    @Test func zipRecordsAreAligned() throws {
        let file = try TorchArchiveFile(path: fixture("types.pt").path)
        #expect(file.names.allSatisfy { file.entry($0)?.isAligned == true })
    }

    @Test func viewsAreContiguousOrNot() throws {
        let file = try TorchArchiveFile(path: fixture("views.pt").path)
        let contiguous = file.names.filter { file.entry($0)?.isContiguous == true }
        #expect(contiguous == ["base", "empty", "row", "scalar"])
        #expect(file.entry("expanded")?.strides == [0])
    }

    @Test func readsByteStringsOfPython2() throws {
        let scratch = try Scratch()
        let pickle = Pickle().op("}").raw([0x55, 1, 0x61]).raw([0x54, 2, 0, 0, 0, 0xC3, 0xA9]).op("s")
            .raw([0x55, 1, 0x62]).raw([0x55, 1, 0xE9]).op("s").stop()
        let file = try TorchArchiveFile(path: scratch.archive(pickle))
        #expect(file.scalars == ["a": .text("é"), "b": .text("é")])
    }

    @Test func readsAnOrderedDictionaryOfPairsAndAView() throws {
        // Python 2 wrote pairs; the storage's last item says which part of it is meant.
        let scratch = try Scratch()
        let pickle = Pickle().global("collections", "OrderedDict").op("]").op("(").text("w")
            .global("torch._utils", "_rebuild_tensor").op("(").op("(").text("storage").global("torch", "FloatStorage")
            .text("0").text("cpu").int(4).op("(").text("v").int(1).int(2).op("t").op("t").op("Q").int(1).ints([1])
            .ints([1]).op("t").op("R").op("t").op("a").raw([0x85]).op("R").stop()
        let storage = (0..<4).flatMap { withUnsafeBytes(of: Float($0), Array.init) }
        let file = try TorchArchiveFile(path: scratch.archive(pickle, storages: ["0": storage]))
        #expect(try file.storage(of: "w").count == 8)
        #expect(try values("w", of: file) == [2])
    }

    @Test func namesAMissingTensor() throws {
        let path = try fixture("single.pt").path
        let file = try TorchArchiveFile(path: path)
        #expect(file.entry("w") == nil)
        #expect(throws: TorchArchiveError.noSuchTensor(path: path, name: "w")) { try file.storage(of: "w") }
    }
}

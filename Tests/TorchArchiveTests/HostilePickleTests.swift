import Foundation
import Testing

@testable import TorchArchive

@Suite struct HostilePickleTests {
    @Test(arguments: [
        ("posix", "system"), ("os", "system"), ("builtins", "eval"), ("__builtin__", "exec"), ("builtins", "getattr"),
        ("subprocess", "Popen"), ("torch.hub", "load"), ("torch", "load"), ("torch", "system"), ("", ""),
        ("torch.nn.modules.linear", "Linear"), ("__torch__x", "f"), ("numpy", "load"),
    ])
    func functionsAreNotCalledButNamed(module: String, name: String) throws {
        let scratch = try Scratch()
        let pickles = [
            Pickle().global(module, name).op("(").text("echo").op("t").op("R").stop(),
            Pickle().text(module).text(name).raw([0x93]).stop(),
            Pickle().op("}").text("k").global(module, name).op("s").stop(),
        ]
        for pickle in pickles {
            let path = try scratch.archive(pickle)
            let error = try refusal(path)
            #expect(error == .wouldRunCode(path: path, function: "\(module).\(name)"))
            #expect(error.description.contains("runs code"))
        }
    }

    @Test func wholeModulesAreRefusedByTheirClass() throws {
        let path = try fixture("whole_module.pt").path
        #expect(try refusal(path) == .wouldRunCode(path: path, function: "torch.nn.modules.linear.Linear"))
    }

    @Test(arguments: [("quantized.pt", "quantized"), ("sparse.pt", "sparse"), ("complex.pt", "complex")])
    func otherTensorsAreRefusedInWords(name: String, word: String) throws {
        let error = try refusal(fixture(name).path)
        guard case .unsupported = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.description.contains(word))
    }

    @Test func arraysOfNumpyArePassedOver() throws {
        let file = try TorchArchiveFile(path: fixture("numpy_array.pt").path)
        #expect(file.names.isEmpty && file.scalars.isEmpty)
    }

    @Test func unknownOpcodesAreRefused() throws {
        let scratch = try Scratch()
        // Old text forms, extension codes, INST, OBJ, NEWOBJ_EX, buffers outside the pickle, LONG4.
        for code in Array("IFLSVgpPldio".utf8) + [0x82, 0x83, 0x84, 0x92, 0x97, 0x98, 0x8B, 0x00, 0xFF] {
            let error = try refusal(scratch.archive(Pickle().raw([0x29, code]).stop()))
            #expect(error.description.contains("opcode \(code) "), "\(code): \(error)")
        }
        #expect(try refusal(scratch.file([UInt8](repeating: 0x80, count: 30))).description.contains("protocol 128"))
    }

    @Test func malformedProgramsAreRefused() throws {
        let scratch = try Scratch()
        let start = Pickle()
        let programs: [Pickle] = [
            start.stop(), start.op("0").stop(), start.op("t").stop(), start.op("1").stop(), start.op("R").stop(),
            start.op(")").op("a").stop(), start.op("]").op("a").stop(), start.op("]").op("(").op("a").stop(),
            start.op("}").op("(").op("N").op("u").stop(), start.op("]").op("N").op("N").op("s").stop(),
            start.op("N").op("N").op("b").stop(), start.op("N").op(")").op("R").stop(), start.op("q").raw([0]).stop(),
            start.op("h").raw([0]).stop(), start.op("j").raw([255, 255, 255, 255]).stop(), start.op("N").op("Q").stop(),
            start.raw([0x8A, 255, 1]).stop(), start.raw([0x58, 255, 255, 255, 255]).stop(),
            start.raw([0x8D, 255, 255, 255, 255, 255, 255, 255, 255]).stop(),
            start.raw([0x54, 255, 255, 255, 255]).stop(),
            start.raw([0x95, 255, 255, 255, 255, 255, 255, 255, 255]).stop(), start.raw("cno end".utf8).stop(),
            start.global("torch", "FloatStorage").op(")").op("R").stop(),
            start.global("torch", "float32").op(")").op("R").stop(),
            start.global("torch._utils", "_rebuild_tensor_v2").op(")").op("R").stop(),
            start.global("torch._utils", "_rebuild_tensor_v3").op(")").op("R").stop(),
            start.global("torch._utils", "_rebuild_parameter").op(")").op("R").stop(),
            start.global("torch._tensor", "_rebuild_from_type_v2").op(")").op("R").stop(),
            start.global("copyreg", "_reconstructor").op(")").op("R").stop(),
            start.global("collections", "OrderedDict").op("]").op("N").op("a").raw([0x85]).op("R").stop(),
            start.op("N").stop().op("N"), start,
        ]
        for (index, program) in programs.enumerated() {
            let error = try refusal(scratch.archive(program))
            switch error {
            case .corrupt, .unsupported: break
            default: Issue.record("program \(index): \(error)")
            }
        }
    }

    // MARK: Bombs

    @Test func deepNestingIsRefused() throws {
        let scratch = try Scratch()
        let lists = Pickle().raw([UInt8](repeating: 0x5D, count: 200_000))
            .raw([UInt8](repeating: 0x61, count: 199_999)).stop()
        #expect(try refusal(scratch.archive(lists)).description.contains("nest deeper"))
        let tuples = Pickle().op(")").raw([UInt8](repeating: 0x85, count: 500_000)).stop()
        #expect(try refusal(scratch.archive(tuples)).description.contains("nest deeper"))
        let marks = Pickle().raw([UInt8](repeating: 0x28, count: 100_000)).stop()
        #expect(try refusal(scratch.archive(marks)).description.contains("nests too deeply"))
    }

    @Test func aListThatHoldsItselfIsRefused() throws {
        let scratch = try Scratch()
        let pickle = Pickle().op("]").op("q").raw([0]).op("h").raw([0]).op("a").stop()
        #expect(try refusal(scratch.archive(pickle)).description.contains("contains itself"))
    }

    @Test func doublingIsRefused() throws {
        // A pair of the same pair of the same pair …: 2 to the 60th paths in a few hundred bytes.
        let scratch = try Scratch()
        var pickle = Pickle().raw([0x4B, 1])
        for _ in 0..<60 { pickle = pickle.op("2").raw([0x86]) }
        guard case .tooLarge = try refusal(scratch.archive(pickle.stop())) else {
            Issue.record("not refused as too large")
            return
        }
    }

    @Test func oneTensorUnderTooManyNamesIsRefused() throws {
        let scratch = try Scratch()
        let pickle = Pickle().tensor(count: 1, shape: [], strides: []).op("q").raw([0]).op("0").op("]").op("(")
            .raw([0x68, 0].repeated(1 << 19 + 1)).op("e").stop()
        let error = try refusal(scratch.archive(pickle, storages: ["0": [0, 0, 0, 0]]))
        #expect(error.description.contains("names more than"))
    }

    @Test func tooManyValuesAreRefused() throws {
        let scratch = try Scratch()
        // On the stack, kept in the memo, and as containers.
        let stack = Pickle().raw([UInt8](repeating: 0x4E, count: 1 << 20 + 1)).stop()
        let memo = Pickle().op("N").raw([UInt8](repeating: 0x94, count: 1 << 21 + 1)).stop()
        let nodes = Pickle().raw([UInt8](repeating: 0x7D, count: 2)).raw([0x5D, 0x30].repeated(1 << 21 + 1)).stop()
        for pickle in [stack, memo, nodes] {
            guard case .tooLarge = try refusal(scratch.archive(pickle)) else {
                Issue.record("not refused as too large")
                continue
            }
        }
    }

    @Test func copyingTheSameItemsAgainAndAgainIsRefused() throws {
        // OrderedDict(pairs) over and over, of one large list of pairs.
        let scratch = try Scratch()
        let pairs = Pickle().op("]").op("(").op("N").op("N").raw([0x86]).op("q").raw([0])
            .raw([0x68, 0].repeated(100_000)).op("e").raw([0x85]).op("q").raw([1]).op("0")
        let calls = pairs.global("collections", "OrderedDict").op("q").raw([2]).op("0")
            .raw([0x68, 2, 0x68, 1, 0x52, 0x30].repeated(1000)).op("N").stop()
        guard case .tooLarge = try refusal(scratch.archive(calls)) else {
            Issue.record("not refused as too large")
            return
        }
    }

    @Test func longNamesAreRefused() throws {
        let scratch = try Scratch()
        let pickle = Pickle().op("}").text(String(repeating: "k", count: 5000)).op("N").op("s")
        #expect(try TorchArchiveFile(path: scratch.archive(pickle.stop())).names.isEmpty)
        let named = Pickle().op("}").text(String(repeating: "k", count: 5000)).int(1).op("s").stop()
        #expect(try refusal(scratch.archive(named)).description.contains("longer than 4096"))
    }

    @Test func twoValuesOfOneNameAreRefused() throws {
        let scratch = try Scratch()
        let pickle = Pickle().op("}").text("a").op("}").text("b").int(1).op("s").op("s").text("a.b").int(2).op("s")
            .stop()
        #expect(try refusal(scratch.archive(pickle)).description.contains("two values"))
    }
}

extension Array {
    fileprivate func repeated(_ count: Int) -> [Element] { (0..<count).flatMap { _ in self } }
}

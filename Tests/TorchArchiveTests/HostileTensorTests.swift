import Foundation
import Testing

@testable import TorchArchive

@Suite struct HostileTensorTests {
    private struct Case: CustomTestStringConvertible {
        var count = 4
        var offset = 0
        var shape: [Int]
        var strides: [Int]
        var word: String

        var testDescription: String { "\(shape) \(strides) at \(offset) of \(count)" }
    }

    private static let cases: [Case] = [
        Case(shape: [5], strides: [1], word: "reaches element 4"),
        Case(shape: [2, 2], strides: [3, 1], word: "reaches element 4"),
        Case(offset: 1, shape: [4], strides: [1], word: "reaches element 4"),
        Case(offset: 4, shape: [], strides: [], word: "reaches element 4"),
        Case(offset: 5, shape: [0], strides: [1], word: "offset"),
        Case(offset: -1, shape: [1], strides: [1], word: "offset"),
        Case(offset: .min, shape: [1], strides: [1], word: "offset"),
        Case(offset: .max, shape: [2], strides: [.max], word: "offset"),
        Case(shape: [-1], strides: [1], word: "negative"),
        Case(shape: [2], strides: [-1], word: "negative"),
        Case(shape: [.max, .max], strides: [1, 1], word: "too large"),
        Case(shape: [0, .max, .max], strides: [0, 0, 0], word: "too large"),
        Case(shape: [3], strides: [.max], word: "too large"),
        Case(shape: [.max], strides: [0], word: "repeats"),
        Case(shape: [4_000_000_000], strides: [0], word: "repeats"),
        Case(shape: [4_000_000_000], strides: [1], word: "reaches element 3999999999"),
        Case(count: 5, shape: [4], strides: [1], word: "needs 5 x 4 bytes and has 16"),
        Case(count: .max, shape: [4], strides: [1], word: "bytes and has 16"),
    ]

    @Test(arguments: cases)
    private func tensorsBeyondTheirStorageAreRefused(_ item: Case) throws {
        let scratch = try Scratch()
        let pickle = Pickle().op("}").text("w")
            .tensor(count: item.count, offset: item.offset, shape: item.shape, strides: item.strides).op("s").stop()
        let error = try refusal(scratch.archive(pickle, storages: ["0": [UInt8](repeating: 0, count: 16)]))
        guard case .corruptTensor(_, "w", let reason) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.contains(item.word))
    }

    @Test func sixtyFiveDimensionsAreRefused() throws {
        let scratch = try Scratch()
        for (rank, isFine) in [(64, true), (65, false)] {
            let ones = [Int](repeating: 1, count: rank)
            let path = try scratch.archive(
                Pickle().tensor(count: 1, shape: ones, strides: ones).stop(), storages: ["0": [0, 0, 0, 0]])
            if isFine {
                #expect(try TorchArchiveFile(path: path).entry("")?.shape == ones)
            } else {
                #expect(try refusal(path).description.contains("64 dimensions"))
            }
        }
    }

    @Test func negativeAndMissingStoragesAreRefused() throws {
        let scratch = try Scratch()
        let negative = Pickle().tensor(count: -1, shape: [1], strides: [1]).stop()
        #expect(try refusal(scratch.archive(negative, storages: ["0": []])).description.contains("malformed"))
        let missing = Pickle().tensor(key: "../data.pkl", count: 1, shape: [1], strides: [1]).stop()
        #expect(try refusal(scratch.archive(missing)).description.contains("is missing"))
    }

    @Test func bigEndianFilesAreRefused() throws {
        let scratch = try Scratch()
        let path = try scratch.archive(Pickle().op("}").stop(), order: "big")
        #expect(try refusal(path) == .unsupported(path: path, feature: "numbers in big-endian byte order"))
        #expect(try TorchArchiveFile(path: scratch.archive(Pickle().op("}").stop(), order: "little")).names.isEmpty)
    }

    @Test func bytesWithoutATypeEndWithWholeElements() throws {
        let scratch = try Scratch()
        let pickle = Pickle().global("torch._utils", "_rebuild_tensor_v3").op("(").op("(").text("storage")
            .global("torch.storage", "UntypedStorage").text("0").text("cpu").int(7).op("t").op("Q").int(0).ints([3])
            .ints([1]).raw([0x89]).op("N").global("torch", "uint16").op("t").op("R").stop()
        let file = try TorchArchiveFile(path: scratch.archive(pickle, storages: ["0": [1, 0, 2, 0, 3, 0, 9]]))
        #expect(try file.storage(of: "").count == 6)
        #expect(try values("", of: file) == [1, 2, 3])
    }
}

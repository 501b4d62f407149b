import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIPEvaluation

/// Sets whose pictures lie one after another in few files: MNIST's, CIFAR's, STL-10's.
@Suite struct SetBinaryTests {
    private typealias Fixtures = SetFixtures

    private func train() -> EvaluationSet.Options {
        var options = EvaluationSet.Options()
        options.split = "train"
        return options
    }

    // MARK: - MNIST

    private static let gray: [UInt8] = [0, 1, 2, 10, 20, 30, 255, 254, 253, 7, 8, 9]

    /// Two pictures, 3 wide and 2 high.
    private func writeMNIST(
        _ folder: String, stem: String = "t10k", separator: String = "-", labels: [UInt8] = [9, 0],
        isPacked: Bool = false
    ) throws {
        let pictures = Fixtures.idx(shape: [2, 2, 3], values: Self.gray)
        let answers = Fixtures.idx(shape: [labels.count], values: labels)
        for (name, bytes) in [("images\(separator)idx3", pictures), ("labels\(separator)idx1", answers)] {
            try Fixtures.write(
                isPacked ? Fixtures.gzip(bytes) : bytes, to: "\(folder)/\(stem)-\(name)-ubyte\(isPacked ? ".gz" : "")")
        }
    }

    @Test(arguments: [false, true]) func digitsAreGrayPicturesInOrder(_ isPacked: Bool) throws {
        try withTemporaryDirectory { folder in
            try writeMNIST(folder, isPacked: isPacked)
            let set = try EvaluationSet(folder)
            #expect(set.classNames == (0...9).map(String.init) && set.templates.isEmpty)
            let samples = try set.samples()
            #expect(samples.map(\.key) == ["0", "1"] && samples.map(\.classes) == [[9], [0]])
            for (index, sample) in samples.enumerated() {
                let picture = try #require(try sample.pictures().first)
                #expect(picture.width == 3 && picture.height == 2)
                expectEqual(picture.pixels, Self.gray[6 * index..<6 * index + 6].flatMap { [$0, $0, $0] })
            }
        }
    }

    @Test func digitsAreFoundUnderTheirOtherNames() throws {
        try withTemporaryDirectory { folder in
            try writeMNIST("\(folder)/FashionMNIST/raw", separator: ".")
            #expect(try EvaluationSet("\(folder)/FashionMNIST").classNames.last == "ankle boot")
            #expect(try EvaluationSet("\(folder)/FashionMNIST/raw").classNames.last == "ankle boot")
            try writeMNIST("\(folder)/letters", labels: [0, 1])
            try Fixtures.write("ka\nki\n", to: "\(folder)/letters/classnames.txt")
            #expect(try EvaluationSet("\(folder)/letters").classNames == ["ka", "ki"])
        }
    }

    @Test func digitsOfAnotherSplitAreNotTaken() throws {
        try withTemporaryDirectory { folder in
            try writeMNIST(folder)
            #expect(throws: EvaluationError.emptySplit(path: folder, split: "train", others: ["test"])) {
                try EvaluationSet(folder, train())
            }
            try writeMNIST(folder, stem: "train", labels: [1, 2])
            #expect(try EvaluationSet(folder, train()).samples().map(\.classes) == [[1], [2]])
            var options = EvaluationSet.Options()
            options.split = "val"
            #expect(throws: EvaluationError.emptySplit(path: folder, split: "val", others: ["test", "train"])) {
                try EvaluationSet(folder, options)
            }
            try FileManager.default.removeItem(atPath: "\(folder)/train-labels-idx1-ubyte")
            let reason = damage(of: "\(folder)/train-images-idx3-ubyte") { try EvaluationSet(folder, train()) }
            #expect(reason.contains("train-labels-idx1-ubyte"))
        }
    }

    @Test func damagedDigitsAreRefused() throws {
        try withTemporaryDirectory { folder in
            try writeMNIST(folder, labels: [9, 10])
            let (pictures, labels) = ("\(folder)/t10k-images-idx3-ubyte", "\(folder)/t10k-labels-idx1-ubyte")
            let set = try EvaluationSet(folder)
            #expect(throws: EvaluationError.labelOutOfRange(name: labels, row: 1, label: 10, classCount: 10)) {
                try set.samples()
            }
            try writeMNIST(folder, labels: [1])
            #expect(damage(of: labels) { try set.samples() } == "1 labels for 2 pictures")
            let (sizes, values) = ([2, 2, 3], Self.gray)
            let beginning = "it does not begin as an IDX file of bytes in 3 dimensions"
            for (bytes, wanted) in [
                (Fixtures.idx(type: 9, shape: [2, 2, 3], values: values), beginning),
                (Fixtures.idx(shape: [2, 6], values: values), beginning),
                ([0, 0, 8, 3, 0, 0], beginning), ([], beginning),
                (Fixtures.idx(shape: sizes, values: values.dropLast()), "11 bytes of values where [2, 2, 3] make 12"),
                (Fixtures.idx(shape: sizes, values: values + [0]), "13 bytes of values where [2, 2, 3] make 12"),
                (Fixtures.idx(shape: [0, 2, 3], values: []), "its dimensions are [0, 2, 3]"),
                (
                    Fixtures.idx(shape: [1 << 32 - 1, 1 << 32 - 1, 3], values: values),
                    "its dimensions are [4294967295, 4294967295, 3]"
                ),
            ] {
                try Fixtures.write(bytes, to: pictures)
                #expect(damage(of: pictures) { try set.samples() } == wanted)
            }
        }
    }

    @Test func damagedCompressionIsRefused() throws {
        try withTemporaryDirectory { folder in
            try writeMNIST(folder, isPacked: true)
            let set = try EvaluationSet(folder)
            let path = "\(folder)/t10k-images-idx3-ubyte.gz"
            let whole = Fixtures.gzip(Fixtures.idx(shape: [2, 2, 3], values: Self.gray))
            #expect(try set.samples().count == 2)
            var wrong = whole
            wrong[30] ^= 1
            for bytes in [wrong, Array(whole.dropLast(9)), [1, 2, 3]] {
                try Fixtures.write(bytes, to: path)
                #expect(damage(of: path) { try set.samples() }.hasPrefix("its gzip stream is damaged"))
            }
            try FileManager.default.removeItem(atPath: path)
            #expect { try set.samples() } throws: { error in
                if case EvaluationError.file(let fault) = error { fault.isMissing } else { false }
            }
        }
    }

    // MARK: - CIFAR

    private static func value(_ index: Int, _ color: Int, _ place: Int) -> UInt8 {
        UInt8((index * 31 + color * 85 + place) % 251)
    }

    private static func cifar(_ labels: [[UInt8]]) -> [UInt8] {
        labels.enumerated().flatMap { index, labels in
            labels + (0..<3).flatMap { color in (0..<1024).map { value(index, color, $0) } }
        }
    }

    private func expectCIFAR(_ samples: [EvaluationSample]) throws {
        for (index, sample) in samples.enumerated() {
            let picture = try #require(try sample.pictures().first)
            #expect(picture.width == 32 && picture.height == 32)
            let expected = (0..<1024).flatMap { place in (0..<3).map { Self.value(index, $0, place) } }
            expectEqual(picture.pixels, expected)
        }
    }

    @Test func cifar10HasPlanesOfColors() throws {
        try withTemporaryDirectory { folder in
            try Fixtures.write(Self.cifar([[3], [9]]), to: "\(folder)/test_batch.bin")
            let set = try EvaluationSet(folder)
            #expect(set.classNames.count == 10 && set.classNames[3] == "cat")
            let samples = try set.samples()
            #expect(samples.map(\.classes) == [[3], [9]])
            #expect(samples.map(\.key) == ["test_batch.bin: 0", "test_batch.bin: 1"])
            try expectCIFAR(samples)
            #expect(throws: EvaluationError.emptySplit(path: folder, split: "train", others: ["test"])) {
                try EvaluationSet(folder, train())
            }
            // As it comes, with an empty line at its end.
            try Fixtures.write((0..<10).map { "name_\($0)\n" }.joined() + "\n", to: "\(folder)/batches.meta.txt")
            for batch in 1...5 {
                try Fixtures.write(Self.cifar([[UInt8(batch)], [0]]), to: "\(folder)/data_batch_\(batch).bin")
            }
            let training = try EvaluationSet(folder, train())
            #expect(training.classNames == (0..<10).map { "name \($0)" })
            #expect(try training.samples().map(\.classes) == [[1], [0], [2], [0], [3], [0], [4], [0], [5], [0]])
            #expect(Set(try training.samples().map(\.key)).count == 10)
            try FileManager.default.removeItem(atPath: "\(folder)/data_batch_4.bin")
            let part = try EvaluationSet(folder, train())
            #expect { try part.samples() } throws: { error in
                guard case EvaluationError.file(let fault) = error else { return false }
                return fault.isMissing && fault.path == "\(folder)/data_batch_4.bin"
            }
        }
    }

    @Test(arguments: ["fine_label_names.txt", "coarse_label_names.txt", nil])
    func cifar100HasItsFineLabelLast(_ list: String?) throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(Self.cifar([[19, 11], [0, 1]]), to: "\(folder)/test.bin")
            let names = (0..<12).map { "fine_\($0)" }
            if let list { try Fixtures.write(names.joined(separator: "\n"), to: "\(folder)/\(list)") }
            let set = try EvaluationSet(folder)
            if list == "fine_label_names.txt" {
                #expect(set.classNames == (0..<12).map { "fine \($0)" })
            } else {
                #expect(set.classNames.count == 100 && Set(set.classNames).count == 100)
                #expect(set.classNames[1] == "aquarium fish" && set.classNames[11] == "boy")
                #expect(set.classNames == set.classNames.sorted())
            }
            let samples = try set.samples()
            #expect(samples.map(\.classes) == [[11], [1]])
            try expectCIFAR(samples)
            try Fixtures.write(Self.cifar([[0, 100]]), to: path)
            let count = set.classNames.count
            #expect(throws: EvaluationError.labelOutOfRange(name: path, row: 0, label: 100, classCount: count)) {
                try set.samples()
            }
        }
    }

    @Test func damagedCIFARIsRefused() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(Self.cifar([[3]]).dropLast(), to: "\(folder)/test_batch.bin")
            let set = try EvaluationSet(folder)
            #expect(damage(of: path) { try set.samples() } == "3072 bytes are no whole number of 3073")
            try Fixtures.write([], to: path)
            #expect(damage(of: path) { try set.samples() } == "0 bytes are no whole number of 3073")
            let list = try Fixtures.write("cat\n\ndog\n", to: "\(folder)/batches.meta.txt")
            #expect(damage(of: list) { try EvaluationSet(folder) }.hasPrefix("line 2 is empty"))
            try Fixtures.write("pickle", to: "\(folder)/python/data_batch_1")
            #expect(damage(of: "\(folder)/python") { try EvaluationSet("\(folder)/python") }.contains("binary version"))
        }
    }

    // MARK: - STL-10

    @Test func stl10HasColumnsOfPlanes() throws {
        func value(_ index: Int, _ color: Int, _ column: Int, _ row: Int) -> UInt8 {
            UInt8((index * 17 + color * 60 + column * 3 + row * 5) % 251)
        }
        try withTemporaryDirectory { folder in
            let bytes = (0..<2).flatMap { index in
                (0..<3).flatMap { color in
                    (0..<96).flatMap { column in (0..<96).map { value(index, color, column, $0) } }
                }
            }
            try Fixtures.write(bytes, to: "\(folder)/test_X.bin")
            let labels = try Fixtures.write([10, 1], to: "\(folder)/test_y.bin")
            let set = try EvaluationSet(folder)
            let samples = try set.samples()
            #expect(set.classNames[9] == "truck" && samples.map(\.classes) == [[9], [0]])
            for (index, sample) in samples.enumerated() {
                let picture = try #require(try sample.pictures().first)
                #expect(picture.width == 96 && picture.height == 96)
                let expected = (0..<96).flatMap { row in
                    (0..<96).flatMap { column in (0..<3).map { value(index, $0, column, row) } }
                }
                expectEqual(picture.pixels, expected)
            }
            for label: UInt8 in [0, 11] {
                try Fixtures.write([1, label], to: labels)
                let place = Int(label) - 1
                #expect(throws: EvaluationError.labelOutOfRange(name: labels, row: 1, label: place, classCount: 10)) {
                    try set.samples()
                }
            }
            try Fixtures.write([1], to: labels)
            #expect(
                damage(of: "\(folder)/test_X.bin") { try set.samples() } == "55296 bytes where 1 labels need 27648")
        }
    }

    @Test func aKnownNameNeedsItsPackage() throws {
        guard FileManager.default.fileExists(atPath: KnownSets.fashionMNIST) else {
            #expect(throws: EvaluationError.missingPackage("dataset-fashion-mnist")) {
                try EvaluationSet("fashion-mnist")
            }
            return
        }
        struct Enough: Error {}
        let set = try EvaluationSet("fashion-mnist")
        #expect(set.name == "fashion-mnist" && set.classNames == KnownSets.fashion)
        var found: [EvaluationSample] = []
        #expect(throws: Enough.self) {
            try set.source.read { sample in
                found.append(sample)
                if found.count == 3 { throw Enough() }
            }
        }
        #expect(found.map(\.classes) == [[9], [2], [1]])
        #expect(try found[0].pictures()[0].width == 28)
    }
}

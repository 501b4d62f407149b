import CLIPData
import Foundation
import TestSupport
import Testing

@testable import CLIPEvaluation

/// Lists and tables of pictures' paths with classes.
@Suite struct SetListTests {
    private typealias Fixtures = SetFixtures

    // MARK: - VOC

    private func writeVOC(_ folder: String) throws {
        // As VOC writes them: two blanks before 1 and 0.
        try Fixtures.write("000001 -1\n000002  1\n000003  0\n", to: "\(folder)/ImageSets/Main/dog_test.txt")
        try Fixtures.write("000001  1\n000002  1\n000003 -1\n", to: "\(folder)/ImageSets/Main/cat_test.txt")
        try Fixtures.write("000009  1\n", to: "\(folder)/ImageSets/Main/dog_trainval.txt")
        try Fixtures.write("000001\n000002\n000003\n", to: "\(folder)/ImageSets/Main/test.txt")
    }

    @Test func vocsPicturesHaveSeveralClasses() throws {
        try withTemporaryDirectory { folder in
            try writeVOC(folder)
            try Fixtures.write(Fixtures.png(3), to: "\(folder)/JPEGImages/000001.jpg")
            let set = try EvaluationSet(folder)
            #expect(set.classNames == ["cat", "dog"])
            let samples = try set.samples()
            #expect(samples.map(\.classes) == [[0], [0, 1], []] && samples.map(\.undecided) == [[], [], [1]])
            #expect(samples.map(\.key) == (1...3).map { "\(folder)/JPEGImages/00000\($0).jpg" })
            #expect(try samples[0].pictures() == [Fixtures.picture(3)])
            var options = EvaluationSet.Options()
            options.split = "trainval"
            #expect(try EvaluationSet(folder, options).samples().map(\.classes) == [[0]])
            options.split = "val"
            let lists = "\(folder)/ImageSets/Main"
            #expect(throws: EvaluationError.emptySplit(path: lists, split: "val", others: ["test", "trainval"])) {
                try EvaluationSet(folder, options)
            }
        }
    }

    @Test func damagedVOCIsRefused() throws {
        try withTemporaryDirectory { folder in
            try writeVOC(folder)
            #expect(damage(of: folder) { try EvaluationSet(folder) }.contains("JPEGImages"))
            try Fixtures.write("", to: "\(folder)/JPEGImages/000001.jpg")
            for line in ["000004", "000004 2", "000004 x", "000004 1 1"] {
                let path = try Fixtures.write("000001 1\n\n\(line)\n", to: "\(folder)/ImageSets/Main/dog_test.txt")
                #expect(damage(of: path) { try EvaluationSet(folder) } == "line 3 is not a name and -1, 0 or 1")
            }
            for name in ["cat", "dog"] { try Fixtures.write("", to: "\(folder)/ImageSets/Main/\(name)_test.txt") }
            #expect(
                throws: EvaluationError.emptySplit(path: "\(folder)/ImageSets/Main", split: "test", others: [])
            ) { try EvaluationSet(folder) }
        }
    }

    // MARK: - Paths with a label

    @Test func aListOfPathsAndPlaces() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(
                "\na cat.png 2\nsub/b.png\t0\r\n/else/c.png 2\n", to: "\(folder)/lists/test.txt")
            let missing = damage(of: path) { try EvaluationSet(path) }
            #expect(missing == "its picture a cat.png is not in \(folder)/lists or \(folder); name the folder")
            try Fixtures.write("", to: "\(folder)/a cat.png")
            let set = try EvaluationSet(path)
            #expect(set.classNames == ["0", "1", "2"] && set.name == "test.txt")
            #expect(try set.samples().map(\.classes) == [[2], [0], [2]])
            #expect(try set.samples().map(\.key) == ["\(folder)/a cat.png", "\(folder)/sub/b.png", "/else/c.png"])
            try Fixtures.write("", to: "\(folder)/pictures/a cat.png")
            var options = EvaluationSet.Options()
            options.images = "\(folder)/pictures"
            #expect(try EvaluationSet(path, options).samples().first?.key == "\(folder)/pictures/a cat.png")
            try Fixtures.write("cat\ndog\nbird", to: "\(folder)/lists/classnames.txt")
            #expect(try EvaluationSet(path).classNames == ["cat", "dog", "bird"])
            try Fixtures.write("cat\ndog", to: "\(folder)/lists/classnames.txt")
            #expect(throws: EvaluationError.labelOutOfRange(name: path, row: 1, label: 2, classCount: 2)) {
                try EvaluationSet(path)
            }
        }
    }

    @Test func damagedListsAreRefused() throws {
        try withTemporaryDirectory { folder in
            let path = "\(folder)/test.txt"
            try Fixtures.write("", to: "\(folder)/a.png")
            for line in ["b.png", "b.png 1.5", "b.png cat"] {
                try Fixtures.write("a.png 1\n\n\(line)\n", to: path)
                #expect(damage(of: path) { try EvaluationSet(path) } == "line 3 is not a path and a number")
            }
            for label in [-1, KnownSets.mostClasses, Int.max] {
                try Fixtures.write("a.png \(label)\n", to: path)
                let wanted = EvaluationError.labelOutOfRange(
                    name: path, row: 0, label: label, classCount: KnownSets.mostClasses)
                #expect(throws: wanted) { try EvaluationSet(path) }
            }
        }
    }

    // MARK: - Tables

    private func options(label: String = "label") -> EvaluationSet.Options {
        var options = EvaluationSet.Options()
        options.table = TableOptions(imageColumn: "path", captionColumn: "caption")
        options.labelColumn = label
        return options
    }

    @Test func aTablesLabelsAreClasses() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(
                "path,label\nb.png,dog\na.png,\"cat, tabby\"\nc.png,dog\n", to: "\(folder)/test.csv")
            let set = try EvaluationSet(path, options())
            #expect(set.classNames == ["cat, tabby", "dog"])
            let samples = try set.samples()
            #expect(samples.map(\.classes) == [[1], [0], [1]] && samples.allSatisfy(\.captions.isEmpty))
            #expect(samples[1].key == "\(path): row 2 (line 3) (a.png)")
            guard case .file(let file) = samples[0].content else {
                Issue.record("\(samples[0].content)")
                return
            }
            #expect(file == "\(folder)/b.png")
        }
    }

    @Test func aTablesCaptionsAreCaptions() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(
                "path\tcaption\tkind\na.png\ta cat\t1\nb.png\ta dog\t2\n", to: "\(folder)/test.tsv")
            let set = try EvaluationSet(path, options())
            #expect(set.classNames.isEmpty)
            #expect(try set.samples().map(\.captions) == [["a cat"], ["a dog"]])
            #expect(try set.samples().allSatisfy(\.classes.isEmpty))
            #expect(try EvaluationSet(path, options(label: "kind")).classNames == ["1", "2"])
        }
    }

    @Test func tablesThatCannotBeReadAreRefused() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write("image,text\na.png,a cat\n", to: "\(folder)/test.csv")
            #expect { try EvaluationSet(path, options()) } throws: { error in
                guard case CLIPDataError.invalidTable(path, let reason) = error else { return false }
                return reason.contains("'caption'")
            }
            let told = SkipLog()
            try Fixtures.write("path,caption\na.png,a cat\nb.png\n", to: path)
            let set = try EvaluationSet(path, options()) { told.add($0) }
            #expect(try set.samples().count == 1)
            // Once, although the set is gone through to make it too.
            #expect(told.reasons == [.raggedRow(fields: 1, expected: 2)])
        }
    }
}

/// What was left out, told from another thread.
private final class SkipLog: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: [SkipReason] = []

    func add(_ sample: SkippedSample) { lock.withLock { stored.append(sample.reason) } }
    var reasons: [SkipReason] { lock.withLock { stored } }
}

import CLIPData
import Foundation
import TestSupport
import Testing

@testable import CLIPEvaluation

/// Folders of pictures, and what tells sets apart.
@Suite struct SetTests {
    private typealias Fixtures = SetFixtures

    private func options(split: String) -> EvaluationSet.Options {
        var options = EvaluationSet.Options()
        options.split = split
        return options
    }

    private func write(_ folder: String, _ paths: String...) throws {
        for path in paths { try Fixtures.write(Fixtures.png(5), to: "\(folder)/\(path)") }
    }

    // MARK: - Class folders

    @Test func foldersAreClasses() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "zebra/2.png", "zebra/1.png", "ant/1.jpg", "zebra/.hidden.png")
            let set = try EvaluationSet(folder + "/")
            #expect(set.classNames == ["ant", "zebra"] && set.name == URL(fileURLWithPath: folder).lastPathComponent)
            let samples = try set.samples()
            #expect(samples.map(\.classes) == [[0], [1], [1]] && samples.allSatisfy(\.captions.isEmpty))
            #expect(samples.map { String($0.key.suffix(11)) }.dropFirst() == ["zebra/1.png", "zebra/2.png"])
            #expect(try samples[0].pictures() == [Fixtures.picture(5)])
        }
    }

    /// Otherwise labels would mean one thing in training and another in the test.
    @Test func aClassHasTheSamePlaceInEverySplit() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/1.png", "test/d/1.png")
            for (split, classes) in [("train", [[0], [1], [2]]), ("test", [[2], [3]])] {
                let set = try EvaluationSet(folder, options(split: split))
                #expect(set.classNames == ["a", "b", "c", "d"])
                #expect(try set.samples().map(\.classes) == classes)
                #expect(try set.samples().allSatisfy { $0.key.contains("/\(split)/") })
            }
        }
    }

    @Test func splitsHaveSeveralNames() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "Training/a/1.png", "valid/a/1.png", "valid/b/1.png")
            for split in ["test", "val"] {
                #expect(try EvaluationSet(folder, options(split: split)).samples().count == 2)
            }
            #expect(try EvaluationSet(folder, options(split: "train")).samples().count == 1)
            let others = ["Training", "valid"]
            #expect(throws: EvaluationError.emptySplit(path: folder, split: "extra", others: others)) {
                try EvaluationSet(folder, options(split: "extra"))
            }
            try write(folder, "extra/a/1.png")
            #expect(try EvaluationSet(folder, options(split: "extra")).samples().count == 1)
        }
    }

    @Test func aTestWithoutClassesIsNotTaken() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "train/a/1.png", "test/1.png", "test/2.png")
            #expect(throws: EvaluationError.emptySplit(path: folder, split: "test", others: ["train"])) {
                try EvaluationSet(folder)
            }
            try write(folder, "val/b/1.png")
            #expect(try EvaluationSet(folder).samples().map(\.classes) == [[1]])
        }
    }

    @Test func aClassMayBeCalledTrain() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "bus/1.png", "train/1.png")
            #expect(try EvaluationSet(folder).classNames == ["bus", "train"])
            #expect(try EvaluationSet(folder).samples().map(\.classes) == [[0], [1]])
        }
    }

    @Test func captionsLieBesidePictures() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "train/1.png", "test/1.png", "test/2.png")
            try Fixtures.write("a cat\n", to: "\(folder)/test/1.txt")
            try Fixtures.write("a dog", to: "\(folder)/test/2.txt")
            try Fixtures.write("a bird", to: "\(folder)/train/1.txt")
            #expect(try EvaluationSet(folder).samples().map(\.captions) == [["a cat"], ["a dog"]])
            #expect(try EvaluationSet(folder).classNames.isEmpty)
        }
    }

    @Test func nothingToReadIsSaid() throws {
        try withTemporaryDirectory { folder in
            #expect(throws: CLIPDataError.noPictures(in: folder, shards: 0)) { try EvaluationSet(folder) }
            #expect { try EvaluationSet("\(folder)/absent") } throws: { $0 is CLIPDataError }
        }
    }

    @Test func aSampleOfASetKeepsItsOrder() throws {
        try withTemporaryDirectory { folder in
            for number in 10..<30 { try write(folder, "a/\(number).png") }
            let set = try EvaluationSet(folder)
            let some = try set.sampled(8, seed: 1)
            let keys = try some.samples().map(\.key)
            #expect(keys.count == 8 && Set(keys).count == 8 && keys == keys.sorted())
            #expect(try set.sampled(8, seed: 1).samples().map(\.key) == keys)
            let other = try set.sampled(8, seed: 2)
            #expect(try other.samples().map(\.key) != keys)
            #expect(some.classNames == set.classNames && some.name == set.name)
            #expect(Set([set, some, other].map(\.fingerprint)).count == 3)
            #expect(try set.sampled(20).fingerprint == set.fingerprint && set.sampled(20).samples().count == 20)
        }
    }

    // MARK: - Fingerprints

    @Test func fingerprintsTellWhatChanged() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "train/a/1.png", "test/a/1.png", "test/b/1.png")
            let before = try EvaluationSet(folder).fingerprint
            #expect(before.count == 32)
            #expect(try EvaluationSet(folder).fingerprint == before)
            // Other splits' pictures are not measured.
            try write(folder, "train/a/2.png")
            #expect(try EvaluationSet(folder).fingerprint == before)
            #expect(try EvaluationSet(folder, options(split: "train")).fingerprint != before)
            let changed = Date(timeIntervalSince1970: 1_000_000)
            try FileManager.default.setAttributes(
                [.modificationDate: changed], ofItemAtPath: "\(folder)/test/a/1.png")
            let later = try EvaluationSet(folder).fingerprint
            #expect(later != before)
            try write(folder, "test/b/2.png")
            let more = try EvaluationSet(folder).fingerprint
            #expect(more != later)
            // A class that only another split has is an answer in this one too.
            try write(folder, "train/c/1.png")
            #expect(try EvaluationSet(folder).fingerprint != more)
        }
    }

    @Test func fingerprintsKnowSplitsOfOneFile() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write("{}", to: "\(folder)/captions.json")
            try Fixtures.write(
                #"{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
                to: path)
            try write(folder, "a.png")
            let test = try EvaluationSet(path).fingerprint
            #expect(try EvaluationSet(path).fingerprint == test)
            #expect(try EvaluationSet(path, options(split: "val")).fingerprint != test)
            // The list is the same, and the picture another.
            try Fixtures.write(Fixtures.png(6) + [0], to: "\(folder)/a.png")
            #expect(try EvaluationSet(path).fingerprint != test)
        }
    }

    @Test func fingerprintsKnowCaptionsAndATablesPictures() throws {
        try withTemporaryDirectory { folder in
            try write(folder, "pairs/1.png", "1.png")
            try Fixtures.write("a cat", to: "\(folder)/pairs/1.txt")
            let pairs = try EvaluationSet("\(folder)/pairs").fingerprint
            try Fixtures.write("a dog", to: "\(folder)/pairs/1.txt")
            #expect(try EvaluationSet("\(folder)/pairs").fingerprint != pairs)
            let table = try Fixtures.write("filepath,label\n1.png,cat\n", to: "\(folder)/test.csv")
            let before = try EvaluationSet(table).fingerprint
            #expect(try EvaluationSet(table).fingerprint == before)
            try Fixtures.write("another picture", to: "\(folder)/1.png")
            #expect(try EvaluationSet(table).fingerprint != before)
        }
    }

    @Test func fingerprintsKnowShardsAndTheirLists() throws {
        try withTemporaryDirectory { folder in
            let list = try Fixtures.write("cat\ndog\n", to: "\(folder)/classnames.txt")
            try Fixtures.shard("\(folder)/test/0.tar", [Fixtures.sample(1, "cls", "1")])
            let before = try EvaluationSet(folder).fingerprint
            try Fixtures.write("cat\nhound\n", to: list)
            let renamed = try EvaluationSet(folder).fingerprint
            #expect(renamed != before)
            try Fixtures.shard("\(folder)/test/1.tar", [Fixtures.sample(1, "cls", "0")])
            #expect(try EvaluationSet(folder).fingerprint != renamed)
        }
    }
}

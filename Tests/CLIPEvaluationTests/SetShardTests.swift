import Foundation
import TestSupport
import Testing

@testable import CLIPEvaluation

/// Tar shards with lists beside them, as CLIP_benchmark publishes them.
@Suite struct SetShardTests {
    private typealias Fixtures = SetFixtures

    private func writeLists(_ folder: String) throws {
        try Fixtures.write("cat\nsnow leopard\r\ndog\n\n", to: "\(folder)/classnames.txt")
        try Fixtures.write(
            "a photo of a {c}.\n\na {} of {c}\n", to: "\(folder)/zeroshot_classification_templates.txt")
    }

    /// One picture a shard, so that the order of shards shows; the values of red count them.
    private func writeShards(_ folder: String, _ names: [String], labels: [String]) throws {
        for (place, name) in names.enumerated() {
            let sample = try Fixtures.sample(UInt8(place), "cls", labels[place % labels.count])
            try Fixtures.shard("\(folder)/\(name).tar", [sample], from: place)
        }
    }

    private func reds(_ samples: [EvaluationSample]) throws -> [UInt8] {
        try samples.map { try #require(try $0.pictures().first).pixels[0] }
    }

    @Test func clipBenchmarksLayout() throws {
        try withTemporaryDirectory { folder in
            try writeLists(folder)
            try writeShards("\(folder)/test", (0...10).map(String.init), labels: ["1\n", "0", " 2"])
            try Fixtures.write("11\n", to: "\(folder)/test/nshards.txt")
            let set = try EvaluationSet(folder)
            #expect(set.classNames == ["cat", "snow leopard", "dog"])
            #expect(set.templates == ["a photo of a {}.", "a {} of {}"])
            let samples = try set.samples()
            #expect(samples.map(\.classes) == (0...10).map { [[1, 0, 2][$0 % 3]] })
            // 10.tar comes last, not after 1.tar.
            #expect(try reds(samples) == Array(0...10))
            #expect(samples[10].key == "\(folder)/test/10.tar: s0000010" && samples.allSatisfy(\.captions.isEmpty))
            #expect(try samples[10].pictures() == [Fixtures.picture(10)])
            try Fixtures.write("12", to: "\(folder)/test/nshards.txt")
            let reason = damage(of: "\(folder)/test/nshards.txt") { try EvaluationSet(folder) }
            #expect(reason.contains("12 shards, and 11"))
        }
    }

    @Test func shardsLieInFoldersOrAreNamedAfterTheirSplit() throws {
        var options = EvaluationSet.Options()
        options.split = "train"
        try withTemporaryDirectory { folder in
            for (name, shards) in [
                ("folders", ["train/0", "train/1", "test/0"]), ("bare", ["train/00", "train/01", "val/00"]),
                ("names", ["train-0000", "train-0001", "test-0000"]), ("single", ["train_0", "train_1", "test"]),
            ] {
                let place = "\(folder)/\(name)"
                try writeShards(place, shards, labels: ["0", "2"])
                if name == "folders" { try writeLists(place) }
                let set = try EvaluationSet(place, options)
                #expect(try reds(set.samples()) == [0, 1])
                // Without a list, the highest label of the split tells how many classes there are.
                #expect(set.classNames == (name == "folders" ? ["cat", "snow leopard", "dog"] : ["0", "1", "2"]))
                var other = options
                other.split = "first"
                let known = name == "bare" ? ["train", "val"] : ["test", "train"]
                #expect(throws: EvaluationError.emptySplit(path: place, split: "first", others: known)) {
                    try EvaluationSet(place, other)
                }
            }
            // DataComp's shards of a split "" lie beside the lists.
            try writeShards("\(folder)/numbered", ["0", "1"], labels: ["0", "1"])
            try writeLists("\(folder)/numbered")
            #expect(try EvaluationSet("\(folder)/numbered").samples().map(\.classes) == [[0], [1]])
        }
    }

    @Test func anArchiveBesidePicturesIsNoSplit() throws {
        try withTemporaryDirectory { folder in
            for name in ["cat", "dog"] { try Fixtures.write(Fixtures.png(1), to: "\(folder)/\(name)/0.png") }
            try writeShards(folder, ["backup"], labels: ["0"])
            #expect(try EvaluationSet(folder).classNames == ["cat", "dog"])
        }
    }

    @Test func captionsAreLines() throws {
        try withTemporaryDirectory { folder in
            try Fixtures.write("retrieval\n", to: "\(folder)/dataset_type.txt")
            try Fixtures.shard(
                "\(folder)/test/0.tar",
                [
                    Fixtures.sample(1, "txt", "a cat\n its tail \r\n\n"), Fixtures.sample(2, "txt", "一只狗"),
                ])
            let set = try EvaluationSet(folder)
            #expect(set.classNames.isEmpty && set.templates.isEmpty)
            #expect(try set.samples().map(\.captions) == [["a cat", "its tail"], ["一只狗"]])
            #expect(try set.samples().allSatisfy(\.classes.isEmpty))
        }
    }

    @Test func trainingPairsKeepWhatTheirJSONSays() throws {
        try withTemporaryDirectory { folder in
            func pair(_ value: UInt8, _ caption: String, _ json: String) throws -> Fixtures.Sample {
                try Fixtures.sample(value, "txt", caption) + [("json", Data(json.utf8))]
            }
            for part in ["0000", "0001"] {
                try Fixtures.shard(
                    "\(folder)/test-\(part).tar",
                    [
                        pair(1, "a cat", #"{"category": "b", "captions_by_language": {"zh": ["猫"]}}"#),
                        pair(2, "a dog", #"{"category": "a", "captions": ["a hound"]}"#),
                    ])
            }
            let samples = try EvaluationSet(folder).samples()
            #expect(try EvaluationSet(folder).classNames == ["a", "b"])
            #expect(samples.map(\.captions) == [["a cat"], ["a dog", "a hound"], ["a cat"], ["a dog", "a hound"]])
            #expect(samples.map(\.classes) == [[1], [0], [1], [0]])
            var options = EvaluationSet.Options()
            options.captionLanguage = "zh"
            #expect(try EvaluationSet(folder, options).samples().map(\.captions) == [["猫"], ["猫"]])
        }
    }

    @Test func severalClassesAreAVectorOfNumPys() throws {
        let vectors: [(Data, [Int])] = [
            (Fixtures.npy("|b1", count: 3, [1, 0, 1]), [0, 2]), (Fixtures.npy("|i1", count: 3, [0xff, 0, 1]), [2]),
            (Fixtures.npy("|u1", count: 3, [0xff, 0, 0]), [0]),
            (Fixtures.npy("<f4", count: 3, [0, 0, 0x80, 0xbf, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x80]), [1]),
            (Fixtures.npy("<i2", count: 3, [0, 1, 0, 0, 0xff, 0xff]), [0]),
            (Fixtures.npy("<i8", count: 3, [UInt8](repeating: 0, count: 24)), []),
        ]
        try withTemporaryDirectory { folder in
            try Fixtures.write("multilabel\n", to: "\(folder)/dataset_type.txt")
            try Fixtures.shard(
                "\(folder)/test/0.tar", vectors.map { [("png", try Fixtures.png(1)), ("npy", $0.0)] })
            let numbered = try EvaluationSet(folder)
            #expect(numbered.classNames == ["0", "1", "2"])
            #expect(try numbered.samples().map(\.classes) == vectors.map(\.1))
            try writeLists(folder)
            #expect(try EvaluationSet(folder).samples().map(\.classes) == vectors.map(\.1))
            let path = "\(folder)/test/0.tar"
            for bytes in [
                Fixtures.npy("<f4", count: 3, [0]), Fixtures.npy("<U4", count: 1, [0, 0, 0, 0]), Data("NUMPY".utf8),
                Fixtures.npy("|b1", count: 3, [1, 0, 1]).dropLast(100), Fixtures.npy(">i2", count: 1, [0, 1]),
            ] {
                try Fixtures.shard(path, [[("png", try Fixtures.png(1)), ("npy", bytes)]])
                let reason = damage(of: "\(path): s0000000") { try EvaluationSet(folder).samples() }
                #expect(reason == "its .npy is no list of numbers")
            }
            try Fixtures.shard(path, [[("png", try Fixtures.png(1)), ("npy", Fixtures.npy("|b1", count: 1, [1]))]])
            let reason = damage(of: "\(path): s0000000") { try EvaluationSet(folder).samples() }
            #expect(reason == "its .npy has 1 numbers for 3 classes")
        }
    }

    @Test func damagedSamplesAreRefused() throws {
        try withTemporaryDirectory { folder in
            try writeLists(folder)
            let path = "\(folder)/test/0.tar"
            let first = try Fixtures.sample(1, "cls", "1")
            for (label, place) in [("3", 3), ("-1", -1)] {
                try Fixtures.shard(path, [first, Fixtures.sample(2, "cls", label)])
                let set = try EvaluationSet(folder)
                let name = "\(path): s0000001"
                #expect(throws: EvaluationError.labelOutOfRange(name: name, row: 1, label: place, classCount: 3)) {
                    try set.samples()
                }
            }
            let png = try Fixtures.png(2)
            let bad: [(Fixtures.Sample, String)] = [
                (try Fixtures.sample(2, "cls", "cat"), "its .cls is \"cat\" and no number"),
                ([("txt", Data("a cat".utf8)), ("cls", Data("1".utf8))], "no picture"),
                ([("png", png)], "neither .cls, .npy nor .txt"),
                ([("png", png), ("txt", Data(" \n".utf8))], "its .txt is empty"),
                ([("png", png), ("txt", Data([0x61, 0xff]))], "its .txt: line 1 is not valid UTF-8"),
            ]
            for (sample, wanted) in bad {
                try Fixtures.shard(path, [first, sample])
                #expect(damage(of: "\(path): s0000001") { try EvaluationSet(folder).samples() } == wanted)
            }
        }
    }

    @Test func labelsWithoutNamesAreStillWithinReason() throws {
        try withTemporaryDirectory { folder in
            for label in [-1, 1 << 40] {
                let path = try Fixtures.shard("\(folder)/test/0.tar", [Fixtures.sample(1, "cls", "\(label)")])
                let wanted = EvaluationError.labelOutOfRange(
                    name: path, row: 0, label: label, classCount: KnownSets.mostClasses)
                #expect(throws: wanted) { try EvaluationSet(folder) }
            }
        }
    }

    @Test func damagedShardsAndListsAreRefused() throws {
        try withTemporaryDirectory { folder in
            try writeLists(folder)
            let path = "\(folder)/test/0.tar"
            try Fixtures.shard(path, [Fixtures.sample(1, "cls", "1"), Fixtures.sample(2, "cls", "2")])
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            // A header and a block for each entry: the last is cut off.
            try Fixtures.write(whole.prefix(4 * 1024 - 300), to: path)
            #expect(damage(of: path) { try EvaluationSet(folder).samples() }.contains("cut off"))
            try Fixtures.write(whole, to: path)
            let classes = try Fixtures.write("cat\n\ndog\n", to: "\(folder)/classnames.txt")
            #expect(damage(of: classes) { try EvaluationSet(folder) }.hasPrefix("line 2 is empty"))
            try Fixtures.write("\n", to: classes)
            #expect(damage(of: classes) { try EvaluationSet(folder) } == "it names no classes")
            try Fixtures.write([0x63, 0xff], to: classes)
            #expect(damage(of: classes) { try EvaluationSet(folder) } == "line 1 is not valid UTF-8")
            try writeLists(folder)
            let sentences = "\(folder)/zeroshot_classification_templates.txt"
            try Fixtures.write("", to: sentences)
            #expect(try EvaluationSet(folder).templates.isEmpty)
            try Fixtures.write("a photo of {c}\na photo of a cat\n", to: sentences)
            #expect(damage(of: sentences) { try EvaluationSet(folder) }.hasPrefix("line 2 has no {c}"))
        }
    }
}

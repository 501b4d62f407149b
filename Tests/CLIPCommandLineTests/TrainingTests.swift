import Foundation
import TestSupport
import Testing

/// Training from files to a model that answers.
@Suite struct TrainingTests {
    @Test func aTinyModelLearnsColoredShapes() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            let training = ShapePairs.train(
                folder, "--epochs", "25", "--val-data", folder + "/val.tar", "--output", run,
                "--exclude-duplicate-captions", "--evaluation-interval", "5", "--json")
            let outcome = try clip(training).succeeded()
            let document = try outcome.json()
            #expect(Set(document.keys) == ["model", "skipped", "skipped_by_reason", "mean_recall"])
            #expect(document["model"] as? String == run + "/final" && document["skipped"] as? Int == 0)
            #expect(outcome.complaints.contains("step 100/100"))
            #expect(outcome.complaints.contains("epoch 25: held-out R@1/5/10"))

            let metrics = try Metrics(run)
            #expect(metrics.numbers == Array(0..<100))
            for step in metrics.steps {
                #expect(Set(step.keys).isSuperset(of: ["step", "loss", "logit_scale", "lr", "pairs_per_second"]))
            }
            #expect(metrics.evaluations.compactMap { $0["epoch"] as? Int } == [5, 10, 15, 20, 25])
            let last = metrics.losses.suffix(10).reduce(0, +) / 10
            #expect(last < 0.3 * log(16.0), "a loss of \(last) where guessing gives \(log(16.0))")

            let evaluation = try clip(
                "evaluate", "--data", folder + "/val.tar", "--model", run + "/final", "--threads", "1", "--json"
            ).succeeded().json()
            #expect(
                Set(evaluation.keys) == [
                    "model", "pairs", "image_to_text", "text_to_image", "chance", "zero_shot", "skipped",
                ])
            #expect(evaluation["pairs"] as? Int == 16)
            let recalls = try #require(evaluation["image_to_text"] as? [String: Double])
            #expect(try #require(recalls["R@1"]) >= 0.75, "\(recalls)")
            let logged = try #require(metrics.evaluations.last?["evaluation"] as? [String: Any])
            #expect(logged["image_to_text"] as? [String: Double] == recalls)
            try answers(run + "/final", in: folder)
            try isLeftAlone(run, training)
        }
    }

    /// The model takes unseen pictures to their captions.
    private func answers(_ model: String, in folder: String) throws {
        let pairs = try ShapePairs.make(variants: 4..<5)
        let paths = try pairs.map { try Fixture.write($0.picture, to: folder + "/\($0.name).png") }
        let results = try #require(
            clip(
                ["classify", "--labels", ShapePairs.captions.joined(separator: ","), "--model", model, "--json"]
                    + ["--threads", "1"] + paths
            ).succeeded().json()["results"] as? [[String: Any]])
        let first = results.map { ($0["labels"] as? [[String: Any]])?.first?["label"] as? String }
        let right = zip(first, pairs).filter { $0 == $1.caption }.count
        #expect(right >= 12, "\(right) of 16 right: \(first)")
    }

    /// A directory that holds a run is no place for another; going on with a finished run changes nothing.
    private func isLeftAlone(_ run: String, _ training: [String]) throws {
        let weights = run + "/final/open_clip_model.safetensors"
        let before = try Data(contentsOf: URL(fileURLWithPath: weights))
        try clip(training).failed(64, run, "--resume")
        let resuming = training.map { $0 == "--output" ? "--resume" : $0 }
        try clip(resuming).succeeded()
        #expect(try Data(contentsOf: URL(fileURLWithPath: weights)) == before)
        let metrics = try Metrics(run)
        #expect(metrics.numbers == Array(0..<100) && metrics.evaluations.count == 5)
        let other = resuming.map { $0 == "3e-3" ? "1e-3" : $0 }
        try clip(other).failed(65, run, "other settings", "--lr 0.003 then, 0.001 now")
    }

    @Test func microBatchesAndHalfPrecisionTakeTheSameSteps() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            func losses(_ name: String, _ more: String...) throws -> [Double] {
                let run = folder + "/" + name
                try clip(ShapePairs.train(folder, "--steps", "4", "--output", run) + more).succeeded()
                return try Metrics(run).losses
            }
            let whole = try losses("whole")
            #expect(whole.count == 4)
            expectNear(try losses("parts", "--micro-batch-size", "5"), whole, 1e-3)
            let half = try losses("half", "--precision", "bf16")
            expectNear(half, whole, 0.1)
            // One of the two, to the last bit.
            #expect(try [half, whole].contains(losses("fastest", "--precision", "auto")))
        }
    }

    @Test func tablesAndFoldersAreTrainedOnToo() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let pictures = folder + "/pictures"
            try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: false)
            var table = "filepath,title\n"
            for pair in try ShapePairs.make(variants: 0..<1) {
                _ = try Fixture.write(pair.picture, to: "\(pictures)/\(pair.name).png")
                _ = try Fixture.write(pair.caption.utf8, to: "\(pictures)/\(pair.name).txt")
                table += "pictures/\(pair.name).png,\"\(pair.caption), small\"\n"
            }
            let file = try Fixture.write(table.utf8, to: folder + "/pairs.csv")
            for (name, data) in [("folder", pictures), ("table", file)] {
                let run = folder + "/" + name
                let training = ShapePairs.train(folder, "--epochs", "2", "--output", run, "--store", "fp16", data: data)
                let outcome = try clip(training).succeeded()
                #expect(try Metrics(run).numbers == [0, 1])
                #expect(outcome.text == "model: \(run)/final\n")
            }
            let wrong = ShapePairs.train(
                folder, "--steps", "1", "--output", folder + "/x", "--csv-img-key", "path", data: file)
            try clip(wrong).failed(65, file, "'path'", "'filepath'")
        }
    }

    @Test func unusablePairsAreSkippedCountedAndNamed() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let pair = try ShapePairs.make(variants: 5..<6)[0]
            let more: [(String, [(String, Data)])] = [
                ("half", [("png", pair.picture.prefix(60)), ("txt", Data("cut off".utf8))]),
                ("silent", [("png", pair.picture)]),
                ("blank", [("png", pair.picture), ("txt", Data(" \n".utf8))]),
                ("blind", [("txt", Data("no picture".utf8))]),
                ("foreign", [("png", pair.picture), ("txt", Data([0x63, 0xE9]))]),
            ]
            let shard = folder + "/mixed.tar"
            try ShapePairs.writeShard(ShapePairs.make(variants: 0..<2), to: shard, more: more)
            let outcome = try clip(
                ShapePairs.train(folder, "--epochs", "1", "--output", folder + "/run", "--json", data: shard)
            ).succeeded()
            #expect(try outcome.json()["skipped"] as? Int == more.count)
            for (key, _) in more {
                #expect(outcome.complaints.contains("clip: warning: skipped \(shard): \(key)"), "\(outcome.complaints)")
            }
            #expect(outcome.complaints.contains("\(more.count) pairs were skipped"))
            #expect(try Metrics(folder + "/run").numbers == [0, 1])
        }
    }

    @Test func dataThatCannotBeTrainedOnIsRefused() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            func train(_ data: String, _ more: String...) throws -> ClipProcess.Outcome {
                try clip(ShapePairs.train(folder, "--output", run, data: data) + more)
            }
            let empty = try Fixture.write([UInt8](repeating: 0, count: 10_240), to: folder + "/empty.tar")
            let text = try Fixture.write("no archive at all".utf8, to: folder + "/text.tar")
            let good = folder + "/train-0.tar"
            try train("\(good)::\(empty)", "--steps", "9").failed(65, empty, "no samples")
            try train(empty).failed(65, empty)
            try train(text).failed(65, text)
            try train(folder + "/train-{0..3}.tar").failed(66, "train-2.tar")
            try train(folder + "/none").failed(66, "none")
            try train(good, "--val-data", folder + "/none.tar").failed(66, "none.tar")
            try clip(["evaluate", "--data", empty] + Fixture.options).failed(65, empty)
            try train(good, "--batch-size", "64").failed(64, "32 pairs")
            try train(good, "--batch-size", "1", "--steps", "1").failed(64, "2 pairs")
            let resuming = ShapePairs.train(folder, "--steps", "1", "--resume", folder + "/no-run")
            try clip(resuming).failed(66, "no-run", "checkpoint")
            let inTheWay = try Fixture.write([], to: folder + "/file")
            try clip(ShapePairs.train(folder, "--steps", "1", "--output", inTheWay)).failed(70, inTheWay)
        }
    }
}

import Foundation
import TestSupport
import Testing

/// How a run goes on, and what it refuses to go on with.
@Suite struct ResumeTests {
    /// A run of eight steps, cut off after six, with a checkpoint after every one.
    private func brokenRun(in folder: String) throws -> (run: String, whole: Data) {
        try ShapePairs.prepare(in: folder)
        let options = [
            "--steps", "8", "--checkpoint-interval", "1", "--mirror", "0.5", "--keep-checkpoints", "4",
        ]
        let (whole, run) = (folder + "/whole", folder + "/run")
        try clip(ShapePairs.train(folder) + options + ["--output", whole]).succeeded()
        try clip(ShapePairs.train(folder) + options + ["--output", run]).succeeded()
        try FileManager.default.removeItem(atPath: run + "/final")
        for name in try RunFixture.names(run) where name > "step-000000006" {
            try FileManager.default.removeItem(atPath: run + "/checkpoints/" + name)
        }
        return (run, try RunFixture.weights(whole))
    }

    @Test func noOptionNeedsToBeSaidAgain() throws {
        try withTemporaryDirectory { folder in
            let (run, whole) = try brokenRun(in: folder)
            #expect(try RunFixture.names(run) == ["step-000000005", "step-000000006"])
            try clip("train", "--resume", run).succeeded()
            #expect(try RunFixture.weights(run) == whole)
            #expect(try Metrics(run).numbers == Array(0..<8))
            #expect(
                try RunFixture.names(run) == (5...8).map { "step-00000000\($0)" }, "as many as --keep-checkpoints says")
        }
    }

    @Test func relativePathsAreTakenFromWhereTheRunBegan() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let launcher = ["/usr/bin/env", "-C", folder]
            try clip(
                "train", "--model", "tiny.json", "--train-data", "train-{0..1}.tar", "--batch-size", "16", "--steps",
                "2", "--threads", "1", "--output", "run", launcher: launcher
            ).succeeded()
            let outcome = try clip("train", "--resume", folder + "/run").succeeded()
            #expect(outcome.complaints.contains("the run began in"))
        }
    }

    @Test func contradictionsAreNamedAllAtOnce() throws {
        try withTemporaryDirectory { folder in
            let (run, whole) = try brokenRun(in: folder)
            try clip(["train", "--resume", run, "--lr", "1e-3", "--seed", "6", "--batch-size", "16"]).failed(
                65, run, "--lr 0.003 then, 0.001 now", "--seed 5 then, 6 now", "--allow-change", "other settings")
            try clip(["train", "--resume", run, "--epochs", "3"]).failed(65, "--steps 8 then, --epochs now")
            try clip(["train", "--resume", run, "--weight-decay", "0.5"]).failed(65, "--weight-decay 0.2 then, 0.5 now")
            try clip(["train", "--resume", run, "--exclude-duplicate-captions"]).failed(
                65, "--exclude-duplicate-captions negatives then, excluded now")
            #expect(try RunFixture.names(run).last == "step-000000006", "it was left alone")
            // Other spellings, and options that change no weight, contradict nothing.
            try clip([
                "train", "--resume", run, "--lr", "0.003", "--weight-decay", "0.2", "--workers", "1",
                "--checkpoint-interval", "5",
            ]).succeeded()
            #expect(try RunFixture.weights(run) == whole)
        }
    }

    @Test func aSettingCanBeChangedOnPurpose() throws {
        try withTemporaryDirectory { folder in
            let (run, whole) = try brokenRun(in: folder)
            try clip(["train", "--resume", run, "--steps", "10", "--allow-change", "steps"]).succeeded()
            #expect(try Metrics(run).numbers == Array(0..<10))
            #expect(try RunFixture.weights(run) != whole)
            // From then on it belongs to the run.
            try clip("train", "--resume", run).succeeded()
            #expect(try Metrics(run).numbers == Array(0..<10))
        }
    }

    @Test func aChangedSettingNeedNotBeAllowedAgainBeforeACheckpointHasIt() throws {
        try withTemporaryDirectory { folder in
            let (run, _) = try brokenRun(in: folder)
            let (checkpoints, kept) = (run + "/checkpoints", folder + "/kept")
            try FileManager.default.copyItem(atPath: checkpoints, toPath: kept)
            let changes = ["--steps", "10", "--lr", "0.002", "--train-data", folder + "/train-0.tar"]
            let allowed = ["steps", "lr", "train-data"].flatMap { ["--allow-change", $0] }
            try clip(["train", "--resume", run] + changes + allowed).succeeded()
            let whole = try RunFixture.weights(run)
            // Killed right after it had begun: the newest checkpoint knows the old settings.
            for _ in 0..<2 {
                try FileManager.default.removeItem(atPath: checkpoints)
                try FileManager.default.copyItem(atPath: kept, toPath: checkpoints)
                try FileManager.default.removeItem(atPath: run + "/final")
                try clip("train", "--resume", run).succeeded()
                #expect(try RunFixture.weights(run) == whole)
            }
            // Nothing else is allowed by that.
            try clip("train", "--resume", run, "--seed", "9").failed(65, "--seed")
        }
    }

    @Test func theNewestSoundCheckpointIsTaken() throws {
        try withTemporaryDirectory { folder in
            let (broken, whole) = try brokenRun(in: folder)
            for damage in ["cut", "bit", "missing", "state", "list"] {
                let run = folder + "/" + damage
                try FileManager.default.copyItem(atPath: broken, toPath: run)
                let newest = run + "/checkpoints/step-000000006"
                let file = newest + "/model.safetensors"
                switch damage {
                case "cut":
                    let data = try Data(contentsOf: URL(fileURLWithPath: file))
                    _ = try Fixture.write(data.dropLast(7), to: file)
                case "bit":
                    var data = try Data(contentsOf: URL(fileURLWithPath: file))
                    data[data.count / 2] ^= 0x10
                    _ = try Fixture.write(data, to: file)
                case "missing": try FileManager.default.removeItem(atPath: newest + "/optimizer.safetensors")
                case "state": _ = try Fixture.write("{".utf8, to: newest + "/state.json")
                default: _ = try Fixture.write("{}".utf8.dropLast(), to: newest + "/checksums.json")
                }
                let outcome = try clip("train", "--resume", run).succeeded()
                let warnings = outcome.complaints.split(separator: "\n").filter { $0.hasPrefix("clip: warning: ") }
                #expect(warnings.count == 1, "\(damage): \(outcome.complaints)")
                #expect(warnings.first?.contains(newest) == true && warnings[0].contains("goes on from step 5"))
                #expect(try RunFixture.weights(run) == whole, "\(damage)")
                #expect(try Metrics(run).numbers == Array(0..<8))
            }
        }
    }

    @Test func aRunWithoutASoundCheckpointSaysSo() throws {
        try withTemporaryDirectory { folder in
            let (run, _) = try brokenRun(in: folder)
            for name in try RunFixture.names(run) {
                _ = try Fixture.write([], to: "\(run)/checkpoints/\(name)/random.safetensors")
            }
            try clip("train", "--resume", run).failed(
                65, run, "step-000000005: random.safetensors has 0 bytes", "step-000000006")
            _ = try Fixture.write("[".utf8, to: run + "/run.json")
            try clip("train", "--resume", run).failed(65, run + "/run.json", "cannot be read")
        }
    }

    @Test func theBestModelIsKeptAndCanBeUsed() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            let training = ShapePairs.train(
                folder, "--epochs", "12", "--val-data", folder + "/val.tar", "--keep-best", "zero-shot", "--output", run
            )
            let outcome = try clip(training).succeeded()
            let metrics = try Metrics(run)
            let accuracies = metrics.evaluations.compactMap { line in
                ((line["evaluation"] as? [String: Any])?["zero_shot"] as? [String: Any])?["accuracy"] as? Double
            }
            #expect(accuracies.count == 12 && Set(accuracies).count > 1, "\(accuracies)")
            let best = try #require(accuracies.max())
            let document = try clip(
                "evaluate", "--data", folder + "/val.tar", "--model", run + "/best", "--threads", "1", "--json"
            ).succeeded().json()
            let found = (document["zero_shot"] as? [String: Any])?["accuracy"] as? Double
            #expect(found == best, "\(accuracies)")
            #expect(outcome.complaints.contains("best by zero-shot so far"))
            // The first of equals, and only that one.
            let epoch = try #require(accuracies.firstIndex(of: best)) + 1
            let steps = String(epoch * 4)
            let name = "best-" + String(repeating: "0", count: 9 - steps.count) + steps
            #expect(try RunFixture.names(run).filter { $0.hasPrefix("best-") } == [name])
            try RunFixture.expectNoLeftovers(run)
            try clip(ShapePairs.train(folder, "--steps", "1", "--keep-best", "retrieval", "--output", folder + "/x"))
                .failed(64, "keep best", "held-out")
        }
    }
}

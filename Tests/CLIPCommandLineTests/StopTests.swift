import Foundation
import TestSupport
import Testing

/// Runs that are asked to stop, and runs whose disk is full.
@Suite struct StopTests {
    private func finished(_ folder: String, _ options: [String]) throws -> Data {
        try clip(ShapePairs.train(folder) + options + ["--output", folder + "/whole"]).succeeded()
        return try RunFixture.weights(folder + "/whole")
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aSignalSavesAndEndsWell(number: Int32) throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            // Held-out evaluations and checkpoints all the time: the signal finds the run in any of its works.
            let options = [
                "--epochs", "12", "--val-data", folder + "/val.tar", "--checkpoint-interval", "1", "--mirror", "0.5",
            ]
            let whole = try finished(folder, options)
            let run = folder + "/run"
            var stops = 0
            for lines in [1, 8, 17, 28, 40] {
                let place =
                    stops == 0 ? ShapePairs.train(folder) + options + ["--output", run] : ["train", "--resume", run]
                let process = try ClipProcess(place)
                RunFixture.wait(for: lines, of: run, process)
                kill(process.process.processIdentifier, number)
                let outcome = try process.finish().succeeded()
                stops += 1
                #expect(outcome.text.contains("stopped after"), "\(outcome.text)\(outcome.complaints)")
                #expect(outcome.text.contains("go on with: clip train --resume \(run)"))
                #expect(!FileManager.default.fileExists(atPath: run + "/final"))
                try RunFixture.expectNoLeftovers(run)
            }
            try clip("train", "--resume", run).succeeded()
            #expect(try RunFixture.weights(run) == whole)
            let metrics = try Metrics(run)
            #expect(metrics.numbers == Array(0..<48))
            #expect(metrics.evaluations.compactMap { $0["epoch"] as? Int } == Array(1...12))
        }
    }

    @Test func aSecondInterruptEndsItAtOnce() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            // One step that takes long: all pairs, one at a time.
            let process = try ClipProcess(
                ShapePairs.train(folder, "--steps", "2000", "--micro-batch-size", "1", "--output", run))
            RunFixture.wait(for: 1, of: run, process)
            let identifier = process.process.processIdentifier
            // Sent again until it ends: the second to arrive may come too late only if the first ended it in good order.
            while process.process.isRunning {
                kill(identifier, SIGINT)
                usleep(2000)
            }
            let outcome = try process.finish()
            #expect([0, 130].contains(outcome.status) && !outcome.wasKilled, "\(outcome.status)")
            #expect(outcome.complaints.contains("SIGINT"))
            #expect(try !RunFixture.names(run).isEmpty)
        }
    }

    // MARK: A full disk

    /// Runs `clip` where no file may be larger than some kibibytes: the way to a full disk that needs no privileges.
    private func limited(_ kibibytes: Int, _ arguments: [String]) throws -> ClipProcess.Outcome {
        try clip(arguments, launcher: ["/bin/bash", "-c", "ulimit -f \(kibibytes) && exec \"$0\" \"$@\""])
    }

    @Test func aCheckpointThatDoesNotFitLeavesTheOneBefore() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let options = ["--steps", "4", "--checkpoint-interval", "2"]
            let whole = try finished(folder, options)
            let run = folder + "/run"
            let process = try ClipProcess(ShapePairs.train(folder) + options + ["--output", run])
            while process.process.isRunning,
                !FileManager.default.fileExists(atPath: run + "/checkpoints/step-000000000")
            {
                usleep(500)
            }
            process.kill()
            _ = try process.finish()
            let before = try #require(RunFixture.names(run).last { $0.hasPrefix("step-") })
            try limited(1024, ["train", "--resume", run]).failed(
                70, run + "/checkpoints/", "larger than the limit", "It takes", before, "is whole",
                "--resume")
            try RunFixture.expectNoLeftovers(run)
            #expect(try RunFixture.names(run).last == before)
            try clip("train", "--resume", run).succeeded()
            #expect(try RunFixture.weights(run) == whole)
        }
    }

    @Test func aLogThatDoesNotFitIsReportedToo() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            // An epoch of sixteen steps: its log outgrows three kibibytes before the checkpoint at its end is due, which
            // run.json does not.
            let options = ["--steps", "16", "--batch-size", "4"]
            let whole = try finished(folder, options)
            let process = try ClipProcess(ShapePairs.train(folder) + options + ["--output", run])
            RunFixture.wait(for: 1, of: run, process)
            process.kill()
            _ = try process.finish()
            try limited(3, ["train", "--resume", run]).failed(
                70, run + "/metrics.jsonl", "larger than the limit", "checkpoints/step-000000000 is whole")
            try RunFixture.expectNoLeftovers(run)
            try clip("train", "--resume", run).succeeded()
            #expect(try RunFixture.weights(run) == whole)
            #expect(try Metrics(run).numbers == Array(0..<16))
        }
    }

    @Test func aRunThatCannotBeginLeavesNothingHalfWritten() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            let training = ShapePairs.train(folder, "--steps", "2", "--output", run)
            try limited(3, training).failed(70, run, "larger than the limit", "no checkpoint yet")
            #expect(try RunFixture.names(run).isEmpty)
            try RunFixture.expectNoLeftovers(run)
            try clip(training).succeeded()
        }
    }
}

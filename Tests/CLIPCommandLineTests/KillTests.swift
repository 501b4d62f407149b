import CLIP
import CLIPData
import Foundation
import TestSupport
import Testing

/// Runs that are killed go on as if nothing had happened.
@Suite struct KillTests {
    /// The newest checkpoint's files can all be read.
    /// - Returns: whether there is one at all.
    private func expectWholeCheckpoint(
        _ run: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Bool {
        guard let newest = try RunFixture.names(run).last(where: { $0.hasPrefix("step-") }) else { return false }
        let path = run + "/checkpoints/" + newest
        for name in ["model", "optimizer", "random"] {
            #expect(try !TensorFile.read("\(path)/\(name).safetensors").isEmpty, sourceLocation: sourceLocation)
        }
        let state = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path + "/state.json")))
        #expect(state is [String: Any], sourceLocation: sourceLocation)
        return true
    }

    /// Kills a run at twenty random moments: some by the clock, and so often while it starts, some a moment after it
    /// wrote a line of its log, and so in a step, an evaluation, or a checkpoint.
    private func kill(_ training: [String], run: String, using generator: inout SplitMix64) throws {
        var began = false
        for attempt in 1...20 {
            let process = try ClipProcess(began ? ["train", "--resume", run] : training + ["--output", run])
            if attempt % 4 == 0 {
                usleep(UInt32(generator.integer(below: 600_000)))
            } else {
                let lines = RunFixture.lineCount(run) + generator.integer(below: 5)
                RunFixture.wait(for: lines, of: run, process)
                usleep(UInt32(generator.integer(below: 30_000)))
            }
            process.kill()
            let outcome = try process.finish()
            #expect(outcome.wasKilled, "kill \(attempt): it ended before it was killed: \(outcome.complaints)")
            began = try FileManager.default.fileExists(atPath: run + "/checkpoints") && expectWholeCheckpoint(run)
            // Killed before its first checkpoint it holds nothing, and begins anew.
            if !began { try? FileManager.default.removeItem(atPath: run) }
        }
    }

    @Test func aRunKilledTwentyTimesEndsAsIfItHadNotBeen() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            // An entry that cannot be used must not shift the place from which a run goes on.
            let half = try ShapePairs.make(variants: 5..<6)[0].picture.prefix(60)
            try ShapePairs.writeShard(
                Array(ShapePairs.make(variants: 0..<2)), to: folder + "/train-0.tar",
                more: [("half", [("png", half), ("txt", Data("cut off".utf8))])])
            // Epochs have four steps: checkpoints fall inside them, and every third on an epoch's end.
            let training =
                ShapePairs.train(folder) + [
                    "--epochs", "36", "--checkpoint-interval", "3", "--val-data", folder + "/val.tar", "--mirror",
                    "0.5", "--crop-scale", "0.5", "--micro-batch-size", "6", "--keep-best", "retrieval",
                ]
            let (whole, broken) = (folder + "/whole", folder + "/broken")
            try clip(training + ["--output", whole]).succeeded()
            var generator = SplitMix64(seed: 20)
            try kill(training, run: broken, using: &generator)
            // What a run leaves that is killed while it writes its final model.
            try FileManager.default.createDirectory(
                atPath: broken + "/.final.12345.tmp", withIntermediateDirectories: false)
            try clip("train", "--resume", broken).succeeded()

            let (expected, found) = (try Metrics(whole), try Metrics(broken))
            #expect(found.numbers == Array(0..<144))
            #expect(found.losses == expected.losses)
            #expect(found.evaluations.compactMap { $0["epoch"] as? Int } == Array(1...36))
            for (left, right) in zip(found.evaluations, expected.evaluations) {
                #expect(left as NSDictionary == right as NSDictionary)
            }
            #expect(try RunFixture.weights(whole) == RunFixture.weights(broken), "the weights differ")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: broken).sorted() == [
                    "best", "checkpoints", "final", "metrics.jsonl", "report.html", "run.json", "tensorboard",
                ])
            #expect(try RunFixture.names(broken) == RunFixture.names(whole))
            try RunFixture.expectNoLeftovers(broken)
        }
    }
}

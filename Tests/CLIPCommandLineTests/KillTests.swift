import CLIP
import Foundation
import TestSupport
import Testing

/// Runs that are killed go on as if nothing had happened.
@Suite struct KillTests {
    private func lineCount(_ run: String) -> Int {
        FileManager.default.contents(atPath: run + "/metrics.jsonl")?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    /// The newest checkpoint's files can all be read.
    private func expectWholeCheckpoint(_ run: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: run + "/checkpoints")
        let newest = try #require(names.filter { $0.hasPrefix("step-") }.max(), sourceLocation: sourceLocation)
        let path = run + "/checkpoints/" + newest
        for name in ["model", "optimizer", "random"] {
            #expect(try !TensorFile.read("\(path)/\(name).safetensors").isEmpty, sourceLocation: sourceLocation)
        }
        let state = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path + "/state.json")))
        #expect(state is [String: Any], sourceLocation: sourceLocation)
    }

    @Test func aRunKilledAgainAndAgainEndsAsIfItHadNotBeen() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            // An entry that cannot be used must not shift the place from which a run goes on.
            let half = try ShapePairs.make(variants: 5..<6)[0].picture.prefix(60)
            try ShapePairs.writeShard(
                Array(ShapePairs.make(variants: 0..<2)), to: folder + "/train-0.tar",
                more: [("half", [("png", half), ("txt", Data("cut off".utf8))])])
            // Epochs have four steps: checkpoints fall inside them, and every third on an epoch's end.
            let options = [
                "--epochs", "10", "--checkpoint-interval", "3", "--val-data", folder + "/val.tar", "--mirror", "0.5",
                "--crop-scale", "0.5",
            ]
            let training = ShapePairs.train(folder) + options
            let (whole, broken) = (folder + "/whole", folder + "/broken")
            try clip(training + ["--output", whole]).succeeded()

            // Lines, evaluations among them, after which it is killed: before any step, and inside several epochs.
            for (attempt, lines) in [0, 6, 14, 29].enumerated() {
                let place = attempt == 0 ? ["--output", broken] : ["--resume", broken]
                let process = try ClipProcess(training + place)
                while process.process.isRunning,
                    !FileManager.default.fileExists(atPath: broken + "/metrics.jsonl") || lineCount(broken) < lines
                {
                    usleep(1000)
                }
                process.kill()
                let outcome = try process.finish()
                #expect(outcome.wasKilled, "it ended before it was killed: \(outcome.complaints)")
                try expectWholeCheckpoint(broken)
            }
            // What a run leaves that is killed while it writes its final model.
            try FileManager.default.createDirectory(
                atPath: broken + "/.final.12345.tmp", withIntermediateDirectories: false)
            try clip(training + ["--resume", broken]).succeeded()

            let (expected, found) = (try Metrics(whole), try Metrics(broken))
            #expect(found.numbers == Array(0..<40))
            #expect(found.losses == expected.losses)
            #expect(found.evaluations.compactMap { $0["epoch"] as? Int } == Array(1...10))
            for (left, right) in zip(found.evaluations, expected.evaluations) {
                #expect(left as NSDictionary == right as NSDictionary)
            }
            let name = "/final/open_clip_model.safetensors"
            let weights = try [whole, broken].map { try Data(contentsOf: URL(fileURLWithPath: $0 + name)) }
            #expect(weights[0] == weights[1], "the weights differ")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: broken).sorted() == [
                    "checkpoints", "final", "metrics.jsonl", "report.html", "tensorboard",
                ])
            let checkpoints = try FileManager.default.contentsOfDirectory(atPath: broken + "/checkpoints")
            #expect(checkpoints.allSatisfy { !$0.hasPrefix(".") }, "\(checkpoints)")
        }
    }
}

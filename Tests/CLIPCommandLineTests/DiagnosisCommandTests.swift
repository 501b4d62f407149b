import Foundation
import TestSupport
import Testing

/// What `clip train` says of runs that cannot go well.
@Suite struct DiagnosisCommandTests {
    @Test func oneBatchIsLearnedByHeartOrNot() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let training = ShapePairs.train(folder, "--overfit-one-batch")
            let document = try clip(training + ["--json"]).succeeded().json()
            #expect(Set(document.keys) == ["learned", "first_loss", "last_loss", "threshold", "steps"])
            #expect(document["learned"] as? Bool == true)
            let last = try #require(document["last_loss"] as? Double)
            #expect(try last < #require(document["threshold"] as? Double))
            #expect(try clip(training).succeeded().text.contains("learned: the loss of one batch went from"))
            try clip(training + ["--steps", "2"]).failed(65, "not learned", "in 2 steps", "more data cannot help")
            try clip(training + ["--output", folder + "/run"]).failed(64, "--overfit-one-batch writes nothing")
            #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
        }
    }

    @Test func aRunThatDivergesNamesStepPairsAndLayer() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            try clip(
                ShapePairs.train(folder, "--steps", "9", "--output", run, "--lr", "1e30", "--gradient-norm", "0")
            ).failed(
                65, "step 1: the loss", "first in visual.", folder + "/train-", "and 12 more",
                run + "/diagnosis/step-1.json",
                "checkpoints/step-000000000 is the last checkpoint")
            let object = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: run + "/diagnosis/step-1.json")))
            let pairs = (object as? [String: Any])?["pairs"] as? [[String: Any]]
            #expect(pairs?.count == 16 && pairs?.allSatisfy { $0["location"] is String } == true)
        }
    }

    @Test func aRunThatLearnsNothingIsWarnedOfOnce() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            // A rate that moves nothing, from a temperature that leaves the loss at chance.
            let model = try String(contentsOfFile: folder + "/tiny.json", encoding: .utf8)
            let flat = model.replacingOccurrences(
                of: "\"embed_dim\": 16,", with: "\"embed_dim\": 16, \"init_logit_scale\": 0.0,")
            #expect(flat != model)
            _ = try Fixture.write(flat.utf8, to: folder + "/tiny.json")
            let training = ShapePairs.train(
                folder, "--steps", "260", "--batch-size", "4", "--output", run, "--lr", "1e-12", "--warmup", "1")
            let outcome = try clip(training).succeeded()
            let warnings = outcome.complaints.split(separator: "\n").filter { $0.contains("guessing among the batch") }
            #expect(warnings.count == 1, "\(outcome.complaints)")
            #expect(try Metrics(run).warnings.filter { $0 == "loss-at-chance" }.count == 1)
        }
    }
}

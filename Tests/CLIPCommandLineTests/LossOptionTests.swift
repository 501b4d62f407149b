import Foundation
import TestSupport
import Testing

/// The losses that `clip train` offers.
@Suite struct LossOptionTests {
    @Test func everyLossTakesStepsThatLowerIt() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            func run(_ name: String, steps: Int = 32, _ more: String...) throws -> [Double] {
                let output = folder + "/" + name
                let training = ShapePairs.train(folder, "--steps", "\(steps)", "--output", output) + more
                try clip(training).succeeded()
                return try Metrics(output).losses
            }
            func expectFalling(_ losses: [Double]) {
                let (first, last) = (losses.prefix(4).reduce(0, +), losses.suffix(4).reduce(0, +))
                #expect(last < 0.9 * first, "\(losses)")
            }
            expectFalling(try run("positives", "--duplicate-captions", "positives"))
            let old = try run("alias", steps: 2, "--exclude-duplicate-captions")
            #expect(try run("exclude", steps: 2, "--duplicate-captions", "exclude") == old)
            expectFalling(
                try run(
                    "taught", "--distill", folder + "/positives/final", "--distill-weight", "0.5",
                    "--fixed-temperature"))
            let tiny = folder + "/tiny.json"
            let text = try String(contentsOfFile: tiny, encoding: .utf8)
            try text.replacingOccurrences(of: "\"embed_dim\": 16,", with: "\"embed_dim\": 16, \"init_logit_bias\": -3,")
                .write(toFile: tiny, atomically: true, encoding: .utf8)
            expectFalling(try run("sigmoid", "--duplicate-captions", "positives"))
            let refused = ShapePairs.train(folder, "--steps", "1", "--output", folder + "/no", "--loss", "softmax")
            try clip(refused).failed(64, "sigmoid")
        }
    }

    /// A loss that remembers samples: a run that goes on from a checkpoint in mid-epoch ends bit for bit as one that was
    /// not stopped, what it remembers included.
    @Test func whatALossRemembersIsResumed() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let options = [
                "--loss", "sogclr", "--sogclr-gamma", "0.3", "--duplicate-captions", "exclude", "--steps", "30",
                "--checkpoint-interval", "6", "--keep-checkpoints", "9",
            ]
            let run = folder + "/run"
            let training = ShapePairs.train(folder, "--output", run) + options
            try clip(training).succeeded()
            let metrics = try Metrics(run)
            let (first, last) = (metrics.losses.prefix(4).reduce(0, +), metrics.losses.suffix(4).reduce(0, +))
            #expect(last < 0.9 * first, "\(metrics.losses)")
            #expect(metrics.steps.allSatisfy { $0["loss_moving_average"] is Double && $0["loss_image_to_text"] != nil })
            let state = run + "/checkpoints/step-000000030/sogclr.safetensors"
            func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
            let (weights, remembered) = (try RunFixture.weights(run), try bytes(state))
            // 64 samples of 8 bytes for the number and 4 for each direction, and the header.
            #expect(remembered.count > 64 * 16 && remembered.count < 64 * 16 + 400)
            for name in try RunFixture.names(run) where name > "step-000000006" {
                try FileManager.default.removeItem(atPath: run + "/checkpoints/" + name)
            }
            try FileManager.default.removeItem(atPath: run + "/final")
            try clip(["train", "--resume", run, "--threads", "1"]).succeeded()
            #expect(try RunFixture.weights(run) == weights && bytes(state) == remembered)
            #expect(try Metrics(run).losses == metrics.losses)

            func refused(_ more: [String], _ word: String) throws {
                try clip(ShapePairs.train(folder, "--steps", "1", "--output", folder + "/no") + more).failed(64, word)
            }
            try refused(["--sogclr-gamma", "0.5"], "--loss sogclr")
            try refused(["--loss", "sogclr", "--sogclr-gamma", "0"], "above 0")
            try refused(["--loss", "sogclr", "--duplicate-captions", "positives"], "caption")
            try refused(["--loss", "hinge"], "sogclr")
        }
    }
}

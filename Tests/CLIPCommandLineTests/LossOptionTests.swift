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
}

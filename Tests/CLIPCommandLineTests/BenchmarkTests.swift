import Foundation
import TestSupport
import Testing

/// What `clip benchmark` does; how fast is not for a test to say.
@Suite(.serialized) struct BenchmarkTests {
    /// Gradient checkpointing is the same steps by another way.
    @Test func trainingTakesTheStepsItIsAskedFor() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            func losses(_ more: String...) throws -> [Double] {
                let outcome = try clip(
                    ["benchmark", "training", "--model", folder + "/tiny.json", "--batch-size", "6", "--steps", "2"]
                        + ["--warm-up", "1", "--threads", "1", "--json"] + more)
                let document = try outcome.succeeded().json()
                #expect(document["batch_size"] as? Int == 6)
                #expect((document["seconds_per_step"] as? [Double])?.count == 2)
                #expect(document["gradient_checkpointing"] as? Bool == !more.isEmpty)
                return try #require(document["losses"] as? [Double])
            }
            let plain = try losses()
            #expect(plain.count == 3)
            expectNear(try losses("--gradient-checkpointing"), plain, 1e-5)
            try clip("benchmark", "training", "--batch-size", "1").failed(64, "2 pairs")
        }
    }

    /// Views are as large as the model's unless the size is given.
    @Test func loadingReadsAsTheModelDoes() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            func size(_ more: String...) throws -> Int? {
                let outcome = try clip(
                    [
                        "benchmark", "loading", "--data", folder + "/train-0.tar", "--batch-size", "8", "--seconds",
                        "0.1",
                    ]
                        + ["--json"] + more)
                let document = try outcome.succeeded().json()
                #expect((document["pictures"] as? Int).map { $0 > 0 && $0 % 8 == 0 } == true)
                #expect(document["skipped"] as? Int == 0)
                return document["size"] as? Int
            }
            #expect(try size() == 224)
            #expect(try size("--size", "48") == 48)
            #expect(try size("--model", folder + "/tiny.json") == 32)
            try clip("benchmark", "loading", "--data", folder + "/none.tar").failed(66, "none.tar")
            try clip("benchmark", "loading", "--data", folder + "/train-0.tar", "--batch-size", "64").failed(
                64, "fewer usable pairs", "64")
        }
    }
}

import CLIP
import Foundation
import TestSupport
import Testing
import Torch

/// "clip average".
@Suite struct AverageTests {
    private func train(_ folder: String, _ name: String, seed: String) throws -> String {
        let run = folder + "/" + name
        try clip(ShapePairs.train(folder, "--steps", "1", "--seed", seed, "--output", run)).succeeded()
        return run + "/final"
    }

    private func weights(_ model: String) throws -> [String: Tensor] {
        try TensorFile.read(model + "/open_clip_model.safetensors")
    }

    @Test func weightsLieBetween() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let models = try ["1", "2", "3"].map { try train(folder, "run\($0)", seed: $0) }
            let states = try models.map(weights)
            func check(_ arguments: [String], _ shares: [Double]) throws {
                let output = folder + "/between"
                let document = try clip(
                    ["average", "--model", models[0], "--output", output, "--overwrite", "--json"] + arguments
                ).succeeded().json()
                #expect((document["shares"] as? [Double])?.count == shares.count)
                let found = try weights(output)
                #expect(found.keys.sorted() == states[0].keys.sorted())
                for (name, tensor) in found {
                    var wanted = try tensor.zerosLike()
                    for (state, share) in zip(states, shares) { wanted = try wanted + #require(state[name]) * share }
                    try expectClose(tensor, wanted, tolerance: 1e-6, name)
                }
                try clip("classify", Fixture.photo, "--labels", "a,b", "--model", output).succeeded()
            }
            try check(["--with", models[1], "--share", "0.25"], [0.75, 0.25])
            try check(["--with", models[1], "--with", models[2]], [1.0 / 3, 1.0 / 3, 1.0 / 3])
            // What is there stays, unless it is asked for.
            try clip("average", "--model", models[0], "--with", models[1], "--output", folder + "/between").failed(
                70, "--overwrite")
        }
    }

    @Test func modelsThatDoNotFitAreRefused() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let model = try train(folder, "run", seed: "1")
            let output = folder + "/none"
            try clip("average", "--model", model, "--with", "pictures", "--output", output).failed(
                65, "different architectures", "pictures")
            try clip("average", "--model", model, "--with", model, "--share", "2", "--output", output).failed(
                64, "--share")
            try clip(
                "average", "--model", model, "--with", model, "--with", model, "--share", "0.5", "--output", output
            )
            .failed(64, "--share")
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }
}

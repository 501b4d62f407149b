import Foundation
import TestSupport
import Testing

/// `clip train` with techniques, and what it says of costs.
@Suite struct TechniqueCommandTests {
    @Test func techniquesTrainAModelThatLoads() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            try clip(
                ShapePairs.train(
                    folder, "--steps", "6", "--micro-batch-size", "6", "--output", run, "--patch-dropout", "0.5",
                    "--gradient-checkpointing", "--ema-decay", "0.9", "--image-layer-decay", "0.8", "--text-lr", "1e-3",
                    "--lr-schedule", "const-cooldown", "--lr-cooldown-steps", "2", "--projection", "mlp",
                    "--lock-text", "--lock-text-unlocked-blocks", "2")
            ).succeeded()
            let rates = try Metrics(run).steps.compactMap { $0["lr"] as? Double }
            // Warm-up of ten steps, longer than the run.
            #expect(rates.count == 6 && abs(rates[5] - 3e-3 * 0.6) < 1e-12, "\(rates)")
            let picture = try Fixture.write(
                ShapePairs.make(variants: 4..<5)[0].picture, to: folder + "/picture.png")
            try clip("classify", "--labels", "a red square,a blue dot", "--model", run + "/final", picture)
                .succeeded()
        }
    }

    @Test func aConvNeXtIsTrainedAndConverted() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            // The smallest that timm has a name for.
            let shape = """
                {"embed_dim": 16, "vision_cfg": {"image_size": 32, "timm_model_name": "convnext_tiny", "timm_pool": "",
                 "timm_proj": "linear", "timm_drop": 0, "timm_drop_path": 0.1},
                 "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}}
                """
            _ = try Fixture.write(shape.utf8, to: folder + "/tiny.json")
            let (run, halved) = (folder + "/run", folder + "/halved")
            try clip(
                ShapePairs.train(
                    folder, "--steps", "2", "--micro-batch-size", "6", "--gradient-checkpointing", "--lock-image",
                    "--lock-image-unlocked-blocks", "3", "--keep-checkpoints", "1", "--output", run)
            ).succeeded()
            let final = run + "/final"
            try clip("convert", "--model", final, "--to", "open_clip", "--storage", "bf16", "--output", halved)
                .succeeded()
            let saved = try #require(
                JSONSerialization.jsonObject(
                    with: Data(contentsOf: URL(fileURLWithPath: halved + "/open_clip_config.json"))) as? [String: Any])
            let vision = try #require((saved["model_cfg"] as? [String: Any])?["vision_cfg"] as? [String: Any])
            #expect(
                vision["timm_model_name"] as? String == "convnext_tiny" && vision["timm_drop_path"] as? Double == 0.1)
            try clip("convert", "--model", final, "--to", "huggingface", "--output", folder + "/hf").failed(
                65, "towers that Hugging Face")
            #expect(!FileManager.default.fileExists(atPath: folder + "/hf"))
            let vectors = try [final, halved].map { model -> [Double] in
                let rows =
                    try clip("embed", "--model", model, "--image", Fixture.photo, "--threads", "1", "--json")
                    .succeeded().json()["images"] as? [[String: Any]]
                return try #require(rows?.first?["embedding"] as? [Double])
            }
            expectNear(vectors[1], vectors[0], 0.02)
        }
    }

    @Test func optionsThatContradictAreWrongUsage() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            // Settings that cannot be are named as the library names them.
            for (more, word) in [
                (["--patch-dropout", "1"], "patch dropout"), (["--ema-decay", "1"], "EMA decay"),
                (["--layer-decay", "0"], "layer decay"),
            ] {
                let training = ShapePairs.train(folder, "--steps", "1", "--output", folder + "/x") + more
                try clip(training).failed(64, word)
            }
            let wrong: [[String]] = [
                ["--lr-schedule", "const-cooldown"], ["--lr-cooldown-steps", "3"],
                ["--lock-image-unlocked-blocks", "2"], ["--lock-text-unlocked-blocks", "2"], ["--flops-rate", "1e9"],
            ]
            for more in wrong {
                let training = ShapePairs.train(folder, "--steps", "1", "--output", folder + "/x") + more
                try clip(training).failed(64, more[0])
            }
        }
    }

    @Test func aDryRunWritesNothingAndCounts() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            let arguments = ShapePairs.train(folder, "--epochs", "2", "--dry-run", "--flops-rate", "1e9")
            let document = try clip(arguments + ["--json"]).succeeded().json()
            let cost = try #require(document["cost"] as? [String: Any])
            #expect(cost["total_steps"] as? Int == 8)
            let image = try #require(cost["image"] as? [String: Any])
            #expect(image["parameters"] as? Int == image["trained_parameters"] as? Int)
            let perPair = try #require(document["operations_per_pair"] as? Double)
            let seconds = try #require(document["least_seconds_per_step"] as? Double)
            #expect(abs(seconds - perPair * 16 / 1e9) < 1e-12)
            let epoch = try #require(document["least_seconds_per_epoch"] as? Double)
            #expect(abs(epoch - 4 * seconds) < 1e-12)
            #expect((document["paper"] as? [[String: Any]])?.count == 9)
            let text = try clip(arguments).succeeded().text
            for word in ["parameters", "Memory", "Time", "RN50x64", "stated 3072", "FLOP"] {
                #expect(text.contains(word), "\(word) in \(text)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
        }
    }
}

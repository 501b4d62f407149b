import Foundation
import TestSupport
import Testing

/// What a run that goes on makes of each option there is.
@Suite struct SettingsTests {
    /// A value that the run of ``run(in:)`` did not begin with, and what has to be said with it.
    private struct Sample {
        let values: [String]
        var more: [String] = []
        /// Whether the run cannot go on with it even where it is allowed: another model, a file that is not there.
        var isUnfit = false

        init(_ values: String..., more: [String] = [], isUnfit: Bool = false) {
            (self.values, self.more, self.isUnfit) = (values, more, isUnfit)
        }
    }

    /// Options that say what is trained.
    private static let fixed: [String: Sample] = [
        "train-data": Sample("FOLDER/train-0.tar"), "val-data": Sample("FOLDER/val.tar"),
        "batch-size": Sample("32"), "micro-batch-size": Sample("8"), "epochs": Sample("2"), "steps": Sample("5"),
        "lr": Sample("0.1"), "warmup": Sample("3"), "weight-decay": Sample("0.1"), "gradient-norm": Sample("2"),
        "seed": Sample("9"), "loss": Sample("sigmoid", isUnfit: true), "duplicate-captions": Sample("positives"),
        "sogclr-gamma": Sample("0.5", more: ["--loss", "sogclr", "--allow-change", "loss"]),
        "exclude-duplicate-captions": Sample(), "fixed-temperature": Sample(isUnfit: true),
        "distill": Sample("RUN/final"),
        "distill-weights": Sample(
            "RUN/none", more: ["--distill", "RUN/final", "--allow-change", "distill"], isUnfit: true),

        "anchors": Sample("RUN/none", isUnfit: true),
        "anchor-weight": Sample(
            "0.5", more: ["--anchors", "RUN/none", "--allow-change", "anchors"], isUnfit: true),
        "open-shards": Sample("2"), "dataset-resampled": Sample(),
        "train-data-upsampling-factors": Sample(
            "2", more: ["--dataset-resampled", "--allow-change", "dataset-resampled"]),
        "shard-assignment": Sample("scale"), "crop-scale": Sample("0.5"), "mirror": Sample("0.25"),
        "background": Sample("0.5"), "rotation": Sample("9"), "color-jitter": Sample("0.1"), "erasing": Sample("0.1"),
        "caption-languages": Sample("zh"),
        "language-share": Sample("0.3", more: ["--caption-languages", "zh", "--allow-change", "caption-languages"]),
        "alternative-captions": Sample("0.5"), "weighted-captions": Sample(),
        "csv-img-key": Sample("a"), "csv-caption-key": Sample("b"), "csv-separator": Sample(";"),
        "patch-dropout": Sample("0.5"), "gradient-checkpointing": Sample(), "lock-image": Sample(isUnfit: true),
        "lock-image-unlocked-blocks": Sample(
            "1", more: ["--lock-image", "--allow-change", "lock-image"], isUnfit: true),
        "lock-image-freeze-bn-stats": Sample(more: ["--lock-image", "--allow-change", "lock-image"], isUnfit: true),
        "lock-text": Sample(isUnfit: true),
        "lock-text-unlocked-blocks": Sample("1", more: ["--lock-text", "--allow-change", "lock-text"], isUnfit: true),
        "ema-decay": Sample("0.9", isUnfit: true), "image-lr": Sample("0.1"), "text-lr": Sample("0.1"),
        "image-weight-decay": Sample("0.1"), "text-weight-decay": Sample("0.1"), "layer-decay": Sample("0.9"),
        "image-layer-decay": Sample("0.9"), "text-layer-decay": Sample("0.9"), "lr-schedule": Sample("const"),
        "lr-cooldown-end": Sample("0.1"), "lr-cooldown-power": Sample("2"),
        "projection": Sample("mlp", isUnfit: true), "model": Sample("ViT-B-32", isUnfit: true),
        "weights": Sample("RUN/none", isUnfit: true), "resolution": Sample("64", isUnfit: true),
        "context-length": Sample("8", isUnfit: true), "precision": Sample("bf16"),
        "float32-matmul-precision": Sample("high"),
    ]
    /// Options that say where and how, and those that change nothing beyond what is allowed with them.
    private static let free: [String: Sample] = [
        "workers": Sample("1"), "checkpoint-interval": Sample("5"), "checkpoint-seconds": Sample("100"),
        "keep-checkpoints": Sample("3"), "keep-best": Sample("retrieval", isUnfit: true),
        "evaluation-interval": Sample("2"), "suite-interval": Sample("2"), "suite": Sample("suite.yaml", isUnfit: true),
        "store": Sample("fp16"), "zero": Sample(),
        "distributed-timeout": Sample("60"), "distributed-backend": Sample("gloo"), "threads": Sample("2"),
        "device": Sample("cpu"), "json": Sample(), "allow-change": Sample("lr"), "dry-run": Sample(),
        "caption-length": Sample("4", more: ["--dry-run"]), "flops-rate": Sample("1e9", more: ["--dry-run"]),
        "train-num-samples": Sample("64"),
        "distill-weight": Sample("2", more: ["--distill", "none", "--allow-change", "distill"], isUnfit: true),
        "lr-cooldown-steps": Sample(
            "2", more: ["--lr-schedule", "const-cooldown", "--allow-change", "lr-schedule"]),
    ]
    /// Options that say which run.
    private static let place: Set = ["output", "resume", "overfit-one-batch", "help", "version"]

    /// The long names of the options that the parser knows.
    private func options() throws -> Set<String> {
        let document = try clip("train", "--experimental-dump-help").succeeded().json()
        let command = try #require(document["command"] as? [String: Any])
        let arguments = try #require(command["arguments"] as? [[String: Any]])
        return Set(
            arguments.compactMap { argument in
                (argument["names"] as? [[String: Any]])?.first { $0["kind"] as? String == "long" }?["name"] as? String
            })
    }

    /// A finished run.
    private func run(in folder: String) throws -> String {
        try ShapePairs.prepare(in: folder)
        try clip(ShapePairs.train(folder, "--steps", "4", "--loss", "softmax", "--output", folder + "/run")).succeeded()
        return folder + "/run"
    }

    @Test func theseTestsKnowEveryOption() throws {
        let known = Set(Self.fixed.keys).union(Self.free.keys).union(Self.place)
        #expect(try options().symmetricDifference(known).sorted() == [])
    }

    @Test func whatIsTrainedIsRefusedByItsNameAndAllowedByIt() throws {
        try withTemporaryDirectory { folder in
            let finished = try run(in: folder)
            for (name, sample) in Self.fixed.sorted(by: { $0.key < $1.key }) {
                let run = folder + "/again"
                try FileManager.default.copyItem(atPath: finished, toPath: run)
                defer { try? FileManager.default.removeItem(atPath: run) }
                let given = ["--" + name] + sample.values + sample.more
                let words = given.map {
                    $0.replacingOccurrences(of: "RUN", with: finished).replacingOccurrences(of: "FOLDER", with: folder)
                }
                let refused = try clip(["train", "--resume", run] + words)
                refused.failed(65, "other settings", "--\(name)", "--allow-change")
                let allowed = try clip(["train", "--resume", run] + words + ["--allow-change", name])
                if !sample.isUnfit { allowed.succeeded() }
                #expect(!allowed.complaints.contains("other settings"), "--\(name): \(allowed.complaints)")
            }
        }
    }

    @Test func whereAndHowMayChangeWithoutAWord() throws {
        try withTemporaryDirectory { folder in
            let finished = try run(in: folder)
            for (name, sample) in Self.free.sorted(by: { $0.key < $1.key }) {
                let run = folder + "/again"
                try FileManager.default.copyItem(atPath: finished, toPath: run)
                defer { try? FileManager.default.removeItem(atPath: run) }
                let outcome = try clip(["train", "--resume", run, "--" + name] + sample.values + sample.more)
                if !sample.isUnfit { outcome.succeeded() }
                #expect(!outcome.complaints.contains("other settings"), "--\(name): \(outcome.complaints)")
            }
        }
    }

    @Test func onlyOptionsThereAreCanBeAllowed() throws {
        try clip("train", "--resume", "run", "--allow-change", "learning-rate").failed(64, "learning-rate")
    }

    @Test func settingsSaidAgainInFullContradictNothing() throws {
        try withTemporaryDirectory { folder in
            let run = try run(in: folder)
            let before = try Data(contentsOf: URL(fileURLWithPath: run + "/run.json"))
            try clip(
                ShapePairs.train(folder, "--steps", "4", "--resume", run) + [
                    "--precision", "fp32", "--loss", "softmax", "--micro-batch-size", "16", "--weight-decay", "0.20",
                    "--lr-schedule", "cosine", "--duplicate-captions", "negatives", "--image-lr", "3e-3",
                ]
            ).failed(65, "image tower, learning rate: none then, 0.003 now", "--image-lr")
            try clip(
                ShapePairs.train(folder, "--steps", "4", "--resume", run) + [
                    "--precision", "fp32", "--weight-decay", "0.20", "--lr-schedule", "cosine",
                    "--duplicate-captions", "negatives",
                ]
            ).succeeded()
            #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/run.json")) == before)
        }
    }

    @Test func aRunFromBeforeSettingsGoesOn() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let launcher = ["/usr/bin/env", "-C", folder]
            let options = [
                "--model", "tiny.json", "--train-data", "train-{0..1}.tar", "--batch-size=16", "--steps", "8",
                "--checkpoint-interval", "4", "--lr", "3e-3", "--warmup", "10", "--threads", "1", "--seed", "5",
                "--mirror", "0.5", "--exclude-duplicate-captions", "--keep-checkpoints", "4",
            ]
            try clip(["train"] + options + ["--output", "run"], launcher: launcher).succeeded()
            let run = folder + "/run"
            let whole = try RunFixture.weights(run)
            let settings = try Data(contentsOf: URL(fileURLWithPath: run + "/run.json"))
            try FileManager.default.removeItem(atPath: run + "/final")
            try FileManager.default.removeItem(atPath: run + "/checkpoints/step-000000008")
            let old = Self.oldRecord.replacingOccurrences(of: "/home/you/runs", with: folder)
            _ = try Fixture.write(old.utf8, to: run + "/run.json")
            try clip("train", "--resume", run, "--lr", "1e-3").failed(65, "--lr 0.003 then, 0.001 now")
            try clip("train", "--resume", run).succeeded()
            #expect(try RunFixture.weights(run) == whole)
            // From then on it is a run like any other.
            #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/run.json")) == settings)
        }
    }

    @Test func settingsOfALaterVersionAreRefused() throws {
        try withTemporaryDirectory { folder in
            let run = try run(in: folder)
            let text = try String(contentsOfFile: run + "/run.json", encoding: .utf8)
            func write(_ old: String, _ new: String) throws {
                _ = try Fixture.write(text.replacingOccurrences(of: old, with: new).utf8, to: run + "/run.json")
            }
            try write("\"format\" : 1", "\"format\" : 2")
            try clip("train", "--resume", run).failed(65, run + "/run.json", "not of a form")
            try write("\"mirror\" :", "\"tilt\" : 1, \"mirror\" :")
            try clip("train", "--resume", run).failed(65, run + "/run.json", "data.tilt")
            // One that a run's version did not have yet is what it is by default.
            try write("\"weighsCaptions\" : false,", "")
            try clip("train", "--resume", run).succeeded()
        }
    }

    /// As version 0.1.0 wrote it before there were settings.
    private static let oldRecord = """
        {
          "arguments" : [
            "--model",
            "tiny.json",
            "--train-data",
            "train-{0..1}.tar",
            "--batch-size",
            "16",
            "--steps",
            "8",
            "--checkpoint-interval",
            "4",
            "--lr",
            "3e-3",
            "--warmup",
            "10",
            "--threads",
            "1",
            "--seed",
            "5",
            "--mirror",
            "0.5",
            "--exclude-duplicate-captions",
            "--keep-checkpoints",
            "4"
          ],
          "version" : "swift-clip 0.1.0, libtorch 2.13.0",
          "workingDirectory" : "/home/you/runs"
        }
        """
}

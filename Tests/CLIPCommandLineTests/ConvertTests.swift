import CLIP
import Foundation
import TestSupport
import Testing
import Torch

/// "clip convert", and models at other sizes than their own.
@Suite struct ConvertTests {
    private func convert(_ arguments: [String]) throws -> ClipProcess.Outcome {
        try clip(["convert"] + arguments + ["--threads", "1"])
    }

    private let model = ["--model", Fixture.family("hf-clip")]

    @Test func aModelIsRewrittenAndGivesTheSameVectors() throws {
        try withTemporaryDirectory { folder in
            let there = folder + "/there"
            let back = folder + "/back"
            let document = try convert(model + ["--to", "open_clip", "--output", there, "--json"]).succeeded().json()
            #expect(document["to"] as? String == "open_clip" && document["output"] as? String == there)
            let files = try #require(document["files"] as? [String])
            #expect(files == (try FileManager.default.contentsOfDirectory(atPath: there).sorted()))
            #expect(
                Set(["open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json"]).isSubset(of: files))
            let text = try convert(["--model", there, "--to", "huggingface", "--output", back]).succeeded().text
            #expect(text.contains("  model.safetensors\n"))
            let answers = try [Fixture.family("hf-clip"), there, back].map { path in
                try clip(
                    "embed", "--text", "a dog", "--image", Fixture.photo, "--json", "--model", path, "--threads", "1"
                )
                .succeeded().json()
            }
            func vectors(_ document: [String: Any]) throws -> [Double] {
                let texts = try #require(document["texts"] as? [[String: Any]])
                let images = try #require(document["images"] as? [[String: Any]])
                return try #require(texts[0]["embedding"] as? [Double]) + #require(images[0]["embedding"] as? [Double])
            }
            let first = try vectors(answers[0])
            for other in answers.dropFirst() { expectNear(try vectors(other), first, 1e-6) }
        }
    }

    @Test func weightsAreHalvedWhenAsked() throws {
        try withTemporaryDirectory { folder in
            let sizes = try ["fp32", "fp16", "bf16"].map { storage in
                let path = folder + "/" + storage
                try convert(model + ["--to", "huggingface", "--storage", storage, "--output", path]).succeeded()
                return try Data(contentsOf: URL(fileURLWithPath: path + "/model.safetensors")).count
            }
            for half in sizes.dropFirst() { #expect(half < sizes[0] * 6 / 10) }
        }
    }

    @Test func whatIsThereIsReplacedOnlyWhenAskedAndOnlyIfItIsAModel() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/there"
            let arguments = model + ["--to", "open_clip", "--output", path]
            try convert(arguments).succeeded()
            try convert(arguments).failed(70, "--overwrite")
            try Data("mine".utf8).write(to: URL(fileURLWithPath: path + "/mine.txt"))
            try convert(arguments + ["--overwrite"]).succeeded()
            #expect(!FileManager.default.fileExists(atPath: path + "/mine.txt"))
            // A directory that holds other things is not this command's to remove.
            let home = folder + "/home"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: home + "/mine.txt"))
            try convert(model + ["--to", "open_clip", "--output", home, "--overwrite"]).failed(70, "no model")
            #expect(try FileManager.default.contentsOfDirectory(atPath: home) == ["mine.txt"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["home", "there"])
        }
    }

    @Test func whatCannotBeIsRefusedWithNothingLeftBehind() throws {
        try withTemporaryDirectory { folder in
            let output = ["--output", folder + "/there"]
            for (name, target) in [("hf-siglip", "open_clip"), ("hf-clip", "openai"), ("open_clip-rn", "huggingface")] {
                try convert(["--model", Fixture.family(name), "--to", target] + output).failed(65, "Keep the layout")
            }
            try convert(
                ["--model", Fixture.family("hf-clip"), "--to", "open_clip"] + output + [
                    "--weights", Fixture.family("hf-siglip/model.safetensors"),
                ]
            ).failed(65, "do not belong to")
            try convert(["--model", "ViT-B-32", "--to", "open_clip"] + output).failed(64, "--weights")
            #expect(try convert(model + ["--to", "keras"] + output).status == 64)
            #expect(try convert(model + ["--to", "open_clip"]).status == 64)
            try convert(model + ["--to", "open_clip", "--output", "/proc/none/there"]).failed(70, "/proc/none/there")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    // MARK: Other sizes

    private func vectors(_ name: String, _ options: [String]) throws -> [Double] {
        let document = try clip(
            ["embed", "--text", "a dog", "--image", Fixture.photo, "--json", "--model", Fixture.family(name)] + options
                + ["--threads", "1"]
        ).succeeded().json()
        let images = try #require(document["images"] as? [[String: Any]])
        let texts = try #require(document["texts"] as? [[String: Any]])
        return try #require(images[0]["embedding"] as? [Double]) + #require(texts[0]["embedding"] as? [Double])
    }

    @Test func picturesAndTextsAreTakenAtOtherSizesWhenAsked() throws {
        for name in ["hf-clip", "hf-siglip"] {
            let own = try vectors(name, [])
            expectNear(try vectors(name, ["--resolution", "32", "--context-length", "16"]), own, 1e-7)
            let large = try vectors(name, ["--resolution", "64", "--context-length", "24"])
            #expect(large.count == own.count && large.allSatisfy(\.isFinite))
            #expect(zip(large, own).contains { abs($0 - $1) > 1e-4 }, "\(name)")
        }
        let arguments = ["embed", "--text", "a", "--json", "--model"]
        try clip(arguments + [Fixture.family("hf-clip"), "--resolution", "7"]).failed(65, "patches of 8")
        try clip(arguments + [Fixture.family("hf-chinese-clip"), "--context-length", "30"]).failed(65, "24 positions")
        #expect(try clip(arguments + [Fixture.family("hf-clip"), "--resolution", "0"]).status == 64)
        #expect(try clip(arguments + [Fixture.family("hf-clip"), "--context-length", "1"]).status == 64)
        // A ResNet's attention pooling.
        let files = ["classify", Fixture.photo, "--labels", "a,b", "--model", Fixture.family("open_clip-rn")]
        try clip(files + ["--resolution", "100"]).failed(65, "multiple of 32")
    }

    /// A converted model at another size has it for good.
    @Test func anotherSizeIsWrittenDown() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/there"
            try convert(model + ["--to", "huggingface", "--resolution", "48", "--output", path]).succeeded()
            let description = try ModelCatalog.description(of: path)
            #expect(try description.configuration.imageSize == 48 && description.preprocess.size == 48)
            let asked = try ModelCatalog.description(of: Fixture.family("hf-clip")).resized(imageSize: 48).loaded()
            let there = try description.loaded()
            #expect(try asked.space(normalized: true).fingerprint == there.space(normalized: true).fingerprint)
        }
    }
}

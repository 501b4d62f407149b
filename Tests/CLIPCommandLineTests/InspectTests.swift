import CLIP
import Foundation
import TestSupport
import Testing
import Torch

/// "clip inspect": what a file is, and what is wrong with it.
@Suite struct InspectTests {
    /// `sha256sum`'s.
    private static let digests = [
        "hf-clip/model.safetensors": "db22ba316436949d2004a372b54df42994b974c37c10295e7a73af810beeaedc",
        "openai-vit/model.pt": "fa13da8e9a41893649d005610507aae643842df72d25f930fb23b06ce393364d",
    ]

    private func inspect(_ arguments: String...) throws -> ClipProcess.Outcome {
        try clip(["inspect"] + arguments + ["--threads", "1"])
    }

    @Test func aDirectoryIsToldInWords() throws {
        let text = try inspect(Fixture.family("hf-clip")).succeeded().text
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        func line(_ name: String) -> String {
            lines.first { $0.first == Substring(name) }?.dropFirst().joined(separator: " ") ?? ""
        }
        #expect(line("file").hasSuffix("hf-clip/model.safetensors (84,996 bytes)"))
        #expect(line("SHA-256") == Self.digests["hf-clip/model.safetensors"])
        #expect(line("format") == "safetensors")
        #expect(line("layout") == "Hugging Face")
        #expect(line("family") == "clip")
        #expect(line("stored").hasPrefix("as float32 ("))
        #expect(line("pictures") == "32 x 32")
        #expect(line("texts") == "16 tokens of 574")
        #expect(line("embedding") == "20")
        #expect(text.contains("quick_gelu"))
        #expect(!text.contains("problem") && !text.contains("missing") && !text.contains("unexpected"))
    }

    @Test(arguments: [
        ("hf-clip", "Hugging Face", "clip"), ("hf-siglip", "Hugging Face (SigLIP)", "sigLIP"),
        ("hf-siglip2", "Hugging Face (SigLIP)", "sigLIP2"),
        ("hf-chinese-clip", "Hugging Face (Chinese-CLIP)", "chineseCLIP"),
        ("lone-text-projection", "Hugging Face", "clip"), ("lone-text-bare", "Hugging Face (text tower)", "clip"),
        ("open_clip-bin", "open_clip", "clip"), ("open_clip-rn", "open_clip", "clip"),
        ("open_clip-custom-text", "open_clip (custom text)", "clip"),
    ])
    func everyFamilyIsKnown(_ name: String, _ layout: String, _ family: String) throws {
        let report = try inspect(Fixture.family(name), "--json").succeeded().json()
        #expect(report["layout"] as? String == layout)
        #expect(report["family"] as? String == family)
        #expect(report["problem"] == nil && report["mismatch"] == nil)
        let parameters = try #require(report["parameters"] as? [String: Int])
        let configuration = try ModelCatalog.description(of: Fixture.family(name)).configuration
        #expect(parameters["total"] == configuration.parameterCount)
        #expect(parameters["image"] == configuration.visionParameterCount)
        #expect(parameters["text"] == configuration.textParameterCount)
        // Every learned value is in the file; statistics and constants are counted beside.
        let stored = try #require(report["precision"] as? [String: Int]).values.reduce(0, +)
        #expect(stored >= configuration.parameterCount)
    }

    @Test func aTextTowerWithoutAProjectionSaysWhatItEmbeds() throws {
        let text = try inspect(Fixture.family("lone-text")).succeeded().text
        #expect(text.contains("the pooled token's state after the final norm, without a projection"))
        #expect(!text.contains("pictures") && !text.contains("problem"))
    }

    @Test func shardsAreToldOneByOne() throws {
        let report = try inspect(Fixture.family("hf-clip-sharded"), "--json").succeeded().json()
        #expect(report["format"] as? String == "sharded safetensors")
        let files = try #require(report["files"] as? [[String: Any]])
        #expect(files.count == 3)
        for file in files {
            let path = try #require(file["path"] as? String)
            #expect(file["bytes"] as? Int == (try Data(contentsOf: URL(fileURLWithPath: path)).count))
            #expect((file["sha256"] as? String)?.count == 64)
        }
        #expect(Set(files.compactMap { $0["sha256"] as? String }).count == 3)
    }

    @Test func aTrainingCheckpointIsUnwrapped() throws {
        let model = Fixture.family("open_clip-checkpoint")
        let report = try inspect(model + "/epoch_1.pt", "--model", model, "--json").succeeded().json()
        #expect(report["prefix"] as? String == "state_dict.module.")
        #expect(report["format"] as? String == "PyTorch archive")
    }

    // MARK: What is wrong

    @Test func whatIsMissingOrUnexpectedIsListed() throws {
        let outcome = try inspect(
            Fixture.family("hf-clip/model.safetensors"), "--model", Fixture.family("hf-siglip"), "--json")
        #expect(outcome.status == 65 && !outcome.wasKilled)
        let report = try outcome.json()
        let mismatch = try #require(report["mismatch"] as? [String: [String]])
        #expect(
            mismatch["unexpected"]?.contains { $0.contains("visual_projection") || $0.contains("class_embedding") }
                == true)
        #expect(mismatch["missing"]?.isEmpty == false)
        #expect((report["problem"] as? String)?.contains("do not belong to") == true)
        let text = try inspect(
            Fixture.family("open_clip-rn/open_clip_model.safetensors"), "--model", Fixture.family("open_clip-bin"))
        #expect(text.status == 65)
        #expect(
            text.text.contains("\nmissing ") && text.text.contains("\nunexpected ") && text.text.contains("\nproblem "))
    }

    @Test func aMisshapenTensorIsNamedWithBothShapes() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/changed.safetensors"
            var tensors = try TensorFile.read(Fixture.family("hf-clip/model.safetensors"))
            tensors["visual_projection.weight"] = try .zeros([21, 16])
            try TensorFile.write(tensors, to: path)
            let outcome = try inspect(path, "--model", Fixture.family("hf-clip"))
            #expect(outcome.status == 65)
            #expect(outcome.text.contains("mis-shaped"))
            #expect(outcome.text.contains("visual_projection.weight is [16, 21] where [16, 20] is needed"))
        }
    }

    @Test func whatAFileDoesNotSayIsAsked() throws {
        let path = Fixture.family("openai-vit/model.pt")
        let outcome = try inspect(path, "--json")
        #expect(outcome.status == 65)
        let report = try outcome.json()
        #expect(report["format"] as? String == "TorchScript archive" && report["layout"] as? String == "open_clip")
        let files = try #require(report["files"] as? [[String: Any]])
        #expect(files.first?["sha256"] as? String == Self.digests["openai-vit/model.pt"])
        #expect((report["problem"] as? String)?.contains("--model") == true)
        #expect(report["model"] == nil)
    }

    @Test func namesNobodyKnowsAreShown() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/other.safetensors"
            try TensorFile.write(["encoder.weight": .zeros([4, 4])], to: path)
            let outcome = try inspect(path)
            #expect(outcome.status == 65)
            #expect(outcome.text.contains("unknown") && outcome.text.contains("encoder.weight"))
            #expect(!outcome.text.contains("clip inspect"))
        }
    }

    @Test func valuesThatAreNotNumbersAreNamed() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/nan.safetensors"
            var tensors = try TensorFile.read(Fixture.family("hf-clip/model.safetensors"))
            tensors["text_model.final_layer_norm.bias"] = try .full([12], .nan, dtype: .float16)
            try TensorFile.write(tensors, to: path)
            let outcome = try inspect(path, "--model", Fixture.family("hf-clip"), "--json")
            #expect(outcome.status == 65)
            let report = try outcome.json()
            #expect(
                report["non_finite"] as? String == "text_model.final_layer_norm.bias")
        }
    }

    @Test func aPickleThatCallsSomethingIsRefusedAndNotRun() throws {
        try withTemporaryDirectory { folder in
            let mark = folder + "/was-run"
            let command = Array("touch \(mark)".utf8)
            let length = (0..<4).map { UInt8(truncatingIfNeeded: command.count >> (8 * $0)) }
            let bytes: [UInt8] =
                [0x80, 2] + Array("cposix\nsystem\n".utf8) + [0x58] + length + command + [0x85, 0x52, 0x2E]
            let path = try Fixture.write(bytes, to: folder + "/hostile.pt")
            try inspect(path).failed(65, "hostile.pt")
            try clip("embed", "--text", "a", "--json", "--weights", path).failed(65, "hostile.pt")
            #expect(!FileManager.default.fileExists(atPath: mark))
        }
    }

    @Test func aPointerOfGitLFSIsNamed() throws {
        try withTemporaryDirectory { folder in
            let text = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 605157884\n"
            for name in ["weights.safetensors", "ViT-B-32.pt", "pytorch_model.bin"] {
                let path = try Fixture.write(text.utf8, to: folder + "/" + name)
                try inspect(path).failed(66, name, "Git LFS", "605157884", "git lfs pull")
            }
        }
    }

    @Test func aFolderWithOtherWeightsSaysWhichItHolds() throws {
        try withTemporaryDirectory { folder in
            _ = try Fixture.write("{}".utf8, to: folder + "/model_index.json")
            try inspect(folder).failed(66, "model_index.json")
            try FileManager.default.removeItem(atPath: folder + "/model_index.json")
            let config = Fixture.family("hf-clip/config.json")
            for name in ["config.json", "preprocessor_config.json"] {
                try FileManager.default.copyItem(
                    atPath: Fixture.family("hf-clip/" + name), toPath: folder + "/" + name)
            }
            _ = try Fixture.write([], to: folder + "/tf_model.h5")
            try inspect(folder).failed(66, "tf_model.h5", "model.safetensors")
            try inspect(Fixture.family("hf-clip/model.safetensors"), "--model", config).succeeded()
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        try inspect("/nonexistent.pt").failed(66, "/nonexistent.pt")
        try withTemporaryDirectory { folder in
            try inspect(folder).failed(66, "open_clip_config.json")
            try inspect(Fixture.write([1, 2, 3], to: folder + "/short")).failed(65, "short")
        }
        try inspect(Fixture.family("hf-clip/model.safetensors"), "--model", "no-such-model").failed(64, "no-such-model")
        #expect(try clip("inspect").status == 64)
    }
}

import CLIP
import Foundation
import TestSupport
import Testing
import Torch

/// "clip assemble", and what becomes of the tokenizer of such a model.
@Suite struct AssembleTests {
    /// A text network of two blocks in a folder of its own, with its vocabulary, and a model that is to have one of them.
    private func prepare(in folder: String) throws {
        let family = Fixture.family("bert-open_clip")
        let prefix = "text.transformer."
        let entries = try TensorFile.read(family + "/open_clip_model.safetensors").filter { $0.key.hasPrefix(prefix) }
        try FileManager.default.createDirectory(atPath: folder + "/bert", withIntermediateDirectories: true)
        try TensorFile.write(
            Dictionary(uniqueKeysWithValues: entries.map { (String($0.key.dropFirst(prefix.count)), $0.value) }),
            to: folder + "/bert/model.safetensors")
        try FileManager.default.copyItem(atPath: family + "/vocab.txt", toPath: folder + "/bert/vocab.txt")
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "猫", "red", "##d", "b", "l", "u", "e"]
        _ = try Fixture.write(Data(words.joined(separator: "\n").utf8), to: folder + "/words.txt")
        let json = """
            {"embed_dim": 12, "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 16, "head_width": 8, "layers": 1},
             "text_cfg": {"context_length": 8, "hf_model_name": "bert", "hf_model_config": {"hidden_size": 16,
              "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 40, "vocab_size": \(words.count),
              "max_position_embeddings": 10}}}
            """
        _ = try Fixture.write(Data(json.utf8), to: folder + "/model.json")
    }

    private func arguments(_ folder: String) -> [String] {
        [
            "assemble", "--config", folder + "/model.json", "--text-weights", folder + "/bert", "--vocabulary",
            folder + "/words.txt", "--output", folder + "/start",
        ]
    }

    @Test func anAssembledModelAnswersAndIsTrained() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            try prepare(in: folder)
            let document = try clip(arguments(folder) + ["--text-layers", "1", "--json"]).succeeded().json()
            #expect(document["text_layers"] as? [Int] == [1])
            #expect(document["new_tokens"] as? Int == 2)
            let start = folder + "/start"
            // The same seed draws the same: seen here, in processes where nothing else draws.
            try clip(arguments(folder).dropLast() + [folder + "/again", "--text-layers", "1"]).succeeded()
            let drawn = try TensorFile.read(folder + "/again/open_clip_model.safetensors")
            for (name, tensor) in try TensorFile.read(start + "/open_clip_model.safetensors") {
                #expect(try tensor.bytes() == drawn[name]?.bytes(), "\(name)")
            }
            try clip("classify", Fixture.photo, "--labels", "a dog,猫", "--model", start).succeeded()
            // Trained, averaged and converted, it keeps its vocabulary.
            let run = folder + "/run"
            try clip(
                "train", "--model", start, "--train-data", folder + "/train-{0..1}.tar", "--batch-size", "16",
                "--steps",
                "2", "--warmup", "1", "--threads", "1", "--lock-text", "--output", run
            ).succeeded()
            try clip(
                "average", "--model", start, "--with", run + "/final", "--output", folder + "/mean"
            ).succeeded()
            try clip(
                "convert", "--model", run + "/final", "--to", "open_clip", "--storage", "fp16", "--output",
                folder + "/half"
            ).succeeded()
            let before = try TensorFile.read(start + "/open_clip_model.safetensors")
            let after = try TensorFile.read(run + "/final/open_clip_model.safetensors")
            for model in [run + "/final", folder + "/mean", folder + "/half"] {
                try clip("classify", Fixture.photo, "--labels", "a dog,猫", "--model", model).succeeded()
            }
            for (name, tensor) in before where name.hasPrefix("text.") {
                let isSame = try tensor.bytes() == after[name]?.bytes()
                #expect(isSame == name.hasPrefix("text.transformer."), "\(name)")
            }
        }
    }

    @Test func anAssembledModelLearnsWordsFromAnother() throws {
        try withTemporaryDirectory { folder in
            try prepare(in: folder)
            try clip(arguments(folder)).succeeded()
            try clip(arguments(folder).dropLast() + [folder + "/other", "--seed", "5"]).succeeded()
            let lines = (0..<40).map { "a dog \($0 % 2 == 0 ? "red" : "blue")\($0 % 3 == 0 ? "\t猫" : "")" }
            _ = try Fixture.write(Data(lines.joined(separator: "\n").utf8), to: folder + "/words.tsv")
            let learning = [
                "distill", "--model", folder + "/start", "--teacher", folder + "/other", "--texts",
                folder + "/words.tsv",
                "--output", folder + "/run", "--batch-size", "8", "--epochs", "2", "--warmup", "1", "--threads", "1",
            ]
            let document = try clip(learning + ["--json"]).succeeded().json()
            #expect(document["output"] as? String == folder + "/run/final" && document["steps"] is Int)
            try clip("classify", Fixture.photo, "--labels", "a dog,猫", "--model", folder + "/run/final").succeeded()
            try clip(learning + ["--lr", "0"]).failed(64, "above 0")
            try clip(learning.map { $0.hasSuffix("words.tsv") ? folder + "/none.tsv" : $0 }).failed(66, "none.tsv")
            _ = try Fixture.write(Data("a\n\tb\n".utf8), to: folder + "/words.tsv")
            try clip(learning).failed(65, "line 2")
        }
    }

    @Test func whatIsWrongIsSaid() throws {
        try withTemporaryDirectory { folder in
            try prepare(in: folder)
            try clip(arguments(folder) + ["--text-layers", "one"]).failed(64, "--text-layers")
            try clip(arguments(folder) + ["--text-layers", "5"]).failed(65, "num_hidden_layers")
            try clip(arguments(folder) + ["--image-weights", folder + "/bert/model.safetensors"]).failed(
                65, "named like")
            try clip(arguments(folder) + ["--text-vocabulary", folder + "/none.txt"]).failed(66, "none.txt")
            #expect(!FileManager.default.fileExists(atPath: folder + "/start"))
            try clip(arguments(folder)).succeeded()
            try clip(arguments(folder)).failed(70, "--overwrite")
            try clip("assemble", "--config", folder + "/model.json", "--text-layers", "1", "--output", folder + "/x")
                .failed(64, "--text-weights")
        }
    }
}

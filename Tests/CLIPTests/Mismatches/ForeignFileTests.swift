import Foundation
import Safetensors
import TestSupport
import Testing
import Torch
import TorchArchive
import TorchNN

@testable import CLIP

/// Files that are not what they are taken for: other names, other wrappings, indices that lie, values that are none.
@Suite struct ForeignFileTests {
    private func family(_ path: String) throws -> String { try FixtureModel.root() + "/families/" + path }

    // MARK: Names

    @Test func namesNobodyKnowsAreNamed() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/other.safetensors"
            try TensorFile.write(["b": .zeros([2]), "a": .zeros([2]), "d": .zeros([2]), "c": .zeros([2])], to: path)
            let expected = CLIPError.unknownLayout(path: path, examples: ["a", "b", "c"])
            #expect(throws: expected) { try ModelCatalog.description(ofWeights: path) }
            #expect(throws: expected) {
                try ModelCatalog.description(of: family("hf-clip")).weightsSource(path)
            }
            try TensorFile.write([:], to: path)
            #expect(throws: CLIPError.unknownLayout(path: path, examples: [])) {
                try ModelCatalog.description(ofWeights: path)
            }
        }
    }

    /// One layout's names for another layout's model: the shapes differ, and every difference is listed.
    @Test(arguments: [
        ("hf-siglip", "hf-clip/model.safetensors"), ("hf-clip", "hf-siglip/model.safetensors"),
        ("hf-chinese-clip", "hf-clip/model.safetensors"), ("hf-clip", "open_clip-rn/open_clip_model.safetensors"),
        ("open_clip-rn", "open_clip-bin/open_clip_pytorch_model.bin"),
        ("open_clip-bin", "chinese-clip-vit/clip_cn_vit-b-16.pt"),
        ("open_clip-bin", "coca-open_clip/open_clip_model.safetensors"),
    ])
    func anotherModelsWeightsAreRefused(_ model: String, _ weights: String) throws {
        let path = try family(weights)
        let description = try ModelCatalog.description(of: family(model))
        let error = #expect(throws: CLIPError.self) { try description.loaded(weights: path) }
        guard case .weightsMismatch(path, _, let mismatch) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!mismatch.missing.isEmpty || !mismatch.unexpected.isEmpty)
    }

    // MARK: Wrappings

    @Test(arguments: ["module.", "state_dict.", "state_dict.module.", "model.", "_orig_mod.", "module._orig_mod."])
    func whatTrainingPutsBeforeNamesIsTakenOff(_ prefix: String) throws {
        let plain = try Checkpoint(path: family("hf-clip/model.safetensors"))
        try withTemporaryDirectory { folder in
            let path = folder + "/wrapped.safetensors"
            try TensorFile.write(
                Dictionary(uniqueKeysWithValues: plain.tensors.map { (prefix + $0.key, $0.value) }), to: path)
            let wrapped = try Checkpoint(path: path)
            #expect(Set(wrapped.tensors.keys) == Set(plain.tensors.keys))
            #expect(wrapped.prefix == prefix && wrapped.leftOut == 0)
        }
    }

    @Test func averagesAndOptimizersAreLeftOut() throws {
        let plain = try Checkpoint(path: family("hf-clip/model.safetensors"))
        try withTemporaryDirectory { folder in
            var tensors: [String: Tensor] = [
                "optimizer.state.0.exp_avg": try .full([3], 7), "epoch": try .full([1], 3), "scaler": try .full([], 1),
            ]
            for (name, tensor) in plain.tensors {
                tensors["state_dict.module." + name] = tensor
                // An average of other values: which of the two is meant, must not be left to chance.
                tensors["state_dict_ema." + name] = try tensor.zerosLike()
            }
            let path = folder + "/training.safetensors"
            try TensorFile.write(tensors, to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect(Set(checkpoint.tensors.keys) == Set(plain.tensors.keys))
            #expect(checkpoint.leftOut == plain.tensors.count + 3)
            for (name, tensor) in plain.tensors { #expect(try checkpoint.tensors[name]?.bytes() == tensor.bytes()) }
        }
        let trained = try Checkpoint(path: family("open_clip-checkpoint/epoch_1.pt"))
        #expect(trained.prefix == "state_dict.module." && trained.leftOut > 0)
        #expect(trained.tensors.keys.allSatisfy { !$0.contains("exp_avg") && !$0.hasPrefix("module.") })
    }

    // MARK: Shards

    /// Hostile and mistaken indices.
    private func withIndex(_ change: (inout [String: Any], _ folder: FamilyCopy) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip-sharded", in: folder)
            try model.edit("model.safetensors.index.json") { try change(&$0, model) }
            _ = try model.description().weightsSource()
        }
    }

    private func withMap(_ change: (inout [String: String], _ folder: FamilyCopy) throws -> Void) throws {
        try withIndex { object, folder in
            var map = try #require(object["weight_map"] as? [String: String])
            try change(&map, folder)
            object["weight_map"] = map
        }
    }

    @Test func anIndexThatLiesIsRefused() throws {
        try withMap { _, _ in }
        for name in [
            "../model.safetensors", "/etc/passwd", ".hidden", "..", "a/../b", "model-00001-of-00003.safetensors/",
            "\0x",
        ] {
            expectRefused(at: "weight_map") { try withMap { map, _ in map["logit_scale"] = name } }
        }
        #expect(throws: CLIPError.self) { try withMap { map, _ in map["logit_scale"] = "absent.safetensors" } }
        expectRefused(at: "weight_map.logit_scale") {
            try withMap { map, _ in
                let own = map["logit_scale"]
                map["logit_scale"] = Set(map.values).sorted().first { $0 != own }
            }
        }
        expectRefused(at: "weight_map.logit_scale") { try withMap { map, _ in map["logit_scale"] = nil } }
        expectRefused(at: "weight_map.ghost") {
            try withMap { map, _ in map["ghost"] = map["logit_scale"] }
        }
        for bad: Any in [[:], ["a": 3], ["a"], 3, NSNull()] {
            expectRefused(at: "weight_map") { try withIndex { object, _ in object["weight_map"] = bad } }
        }
    }

    @Test func aShardThatIsMissingOrCutIsRefused() throws {
        let error = #expect(throws: CLIPError.self) {
            try withMap { _, model in try model.remove("model-00002-of-00003.safetensors") }
        }
        guard case .missingInput(let path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path.hasSuffix("model-00002-of-00003.safetensors"))
        #expect(throws: SafetensorsError.self) {
            try withMap { _, model in
                let url = URL(fileURLWithPath: model.file("model-00003-of-00003.safetensors"))
                let data = try Data(contentsOf: url)
                try data.prefix(data.count - 1).write(to: url)
            }
        }
    }

    /// A tensor in two shards: the index can say only one of them.
    @Test func aTensorInTwoShardsIsRefused() throws {
        expectRefused(at: "weight_map.logit_scale") {
            try withMap { map, model in
                let other = try #require(Set(map.values).sorted().first { $0 != map["logit_scale"] })
                try model.editWeights(other) { $0["logit_scale"] = try .full([], 1) }
            }
        }
    }

    @Test func oneWholeFileIsPreferredToShardsAndShardsToPickles() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip-sharded", in: folder)
            try Data([1]).write(to: URL(fileURLWithPath: model.file("pytorch_model.bin")))
            #expect(try model.description().weightsPath == model.file("model.safetensors.index.json"))
            let whole = try FamilyCopy("hf-clip", in: folder)
            try FileManager.default.copyItem(
                atPath: whole.file("model.safetensors"), toPath: model.file("model.safetensors"))
            #expect(try model.description().weightsPath == model.file("model.safetensors"))
            // open_clip's configuration beside Hugging Face's: its own weights are taken before all others.
            try Data("{}".utf8).write(to: URL(fileURLWithPath: whole.file("open_clip_config.json")))
            #expect(ModelDirectory(whole.path).existingWeightsPath == whole.file("model.safetensors"))
            try Data([1]).write(to: URL(fileURLWithPath: whole.file("open_clip_pytorch_model.bin")))
            #expect(ModelDirectory(whole.path).existingWeightsPath == whole.file("open_clip_pytorch_model.bin"))
        }
    }

    // MARK: Values

    @Test(arguments: [DType.float16, .bfloat16, .float32, .float64], [Double.nan, .infinity, -.infinity])
    func valuesThatAreNotNumbersAreRefusedInEveryPrecision(_ dtype: DType, _ value: Double) throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            let name = "text_model.final_layer_norm.weight"
            try model.editWeights { tensors in
                for (key, tensor) in tensors { tensors[key] = try tensor.converted(to: dtype) }
                var values = try #require(tensors[name]).converted(to: .float64).elements(Double.self)
                values[values.count - 1] = value
                tensors[name] = try Tensor(values).converted(to: dtype)
            }
            #expect(throws: CLIPError.nonFiniteWeights(path: model.file("model.safetensors"), key: name)) {
                try model.description().loaded()
            }
        }
    }

    /// Finite in the file's 64 bits, infinite in the model's 32.
    @Test func valuesTooLargeForTheModelAreRefused() throws {
        try withTemporaryDirectory { folder in
            let model = try FamilyCopy("hf-clip", in: folder)
            try model.editWeights { $0["logit_scale"] = try Tensor([1e300], shape: []) }
            #expect(throws: CLIPError.nonFiniteWeights(path: model.file("model.safetensors"), key: "logit_scale")) {
                try model.description().loaded()
            }
        }
    }
}

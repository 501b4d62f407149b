import CLIP
import Foundation
import TestSupport
import Testing
import Torch

/// Weights and configurations that cannot be used.
@Suite struct BadModelTests {
    private func weigh(_ weights: String) throws -> ClipProcess.Outcome {
        try clip(["classify", Fixture.photo, "--labels", "a,b", "--weights", weights] + Fixture.options)
    }

    /// A safetensors file of a header and some bytes of data.
    private func file(_ header: String, claiming length: UInt64? = nil, data: Int, at path: String) throws -> String {
        let length = length ?? UInt64(header.utf8.count)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return try Fixture.write(prefix + Array(header.utf8) + [UInt8](repeating: 0, count: data), to: path)
    }

    @Test func corruptHeadersAreRefused() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/bad.safetensors"
            let entry = #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
            let overlapping = #"{"dtype":"F32","shape":[2],"data_offsets":[4,12]}"#
            try weigh(file(#"{"a":\#(entry)}"#, claiming: .max, data: 8, at: path)).failed(65, path)
            try weigh(file(#"{"a":\#(entry)}"#, claiming: 1 << 40, data: 8, at: path)).failed(65, path)
            try weigh(file(#"{"a":\#(entry),"b":\#(overlapping)}"#, data: 12, at: path)).failed(65, path)
            try weigh(file(#"{"a":\#(entry)}"#, data: 3, at: path)).failed(65, path)
            try weigh(file("not a header", data: 8, at: path)).failed(65, path)
            try weigh(Fixture.write([], to: path)).failed(65, path)
        }
    }

    @Test func aCutOffFileIsRefused() throws {
        try withTemporaryDirectory { folder in
            let whole = try Data(contentsOf: URL(fileURLWithPath: ModelDirectory(Fixture.model).weightsPath))
            try weigh(Fixture.write(whole.dropLast(1000), to: folder + "/cut.safetensors")).failed(
                65, "cut.safetensors")
        }
    }

    @Test func weightsOfAnotherModelAreRefusedByName() throws {
        let other = ModelDirectory(Fixture.otherModel).weightsPath
        try weigh(other).failed(
            65, other, "visual.proj", "visual.transformer.resblocks.2.attn.out_proj.bias", "[48, 20]", "[32, 12]")
    }

    @Test func valuesThatAreNotNumbersAreRefused() throws {
        try withTemporaryDirectory { folder in
            let model = try Fixture.copy(to: folder + "/model")
            var tensors = try TensorFile.read(model.weightsPath)
            tensors["ln_final.bias"] = try Tensor.full([8], .nan)
            try TensorFile.write(tensors, to: folder + "/nan.safetensors")
            try weigh(folder + "/nan.safetensors").failed(65, "ln_final.bias")
        }
    }

    @Test func namesWithoutWeightsAreRefused() throws {
        let start = ["classify", Fixture.photo, "--labels", "a"]
        try clip(start + ["--model", "ViT-Z-99"]).failed(64, "ViT-Z-99", "ViT-B-32")
        try clip(start + ["--model", "ViT-B-32"]).failed(64, "ViT-B-32", "--weights")
        try clip(start + ["--model", "none.json"]).failed(66, "none.json")
        try weigh("none.safetensors").failed(66, "none.safetensors")
        try weigh(Fixture.model).failed(66, Fixture.model)
    }

    @Test func modelsWithoutTheirFilesAreRefused() throws {
        try withTemporaryDirectory { folder in
            let start = ["classify", Fixture.photo, "--labels", "a", "--model"]
            try clip(start + [folder]).failed(66, "open_clip_config.json")
            let model = try Fixture.copy(to: folder + "/model")
            try FileManager.default.removeItem(atPath: model.weightsPath)
            try clip(start + [model.path]).failed(64, model.path, "--weights")
        }
    }

    @Test(arguments: [
        ("{\"model_cfg\": ", "not valid JSON"), ("[1]", "object"), ("{}", "embed_dim"),
        (#"{"embed_dim": 8, "vision_cfg": {"patch_size": 0}, "text_cfg": {}}"#, "vision_cfg.patch_size"),
        (#"{"embed_dim": 8, "vision_cfg": {"timm_model_name": "x"}, "text_cfg": {}}"#, "timm_model_name"),
        (
            #"{"embed_dim": 8, "vision_cfg": {"layers": 1000000, "width": 999936}, "text_cfg": {"layers": 1000000}}"#,
            "parameters"
        ),
    ])
    func brokenConfigurationsAreRefused(_ json: String, _ word: String) throws {
        try withTemporaryDirectory { folder in
            let path = try Fixture.write(json.utf8, to: folder + "/model.json")
            try clip("tokenize", "a", "--model", path).failed(65, path, word)
        }
    }

    @Test func aDeviceThatIsNotThereIsRefused() throws {
        // No machine has both; which one is missing differs.
        let device = Device.cuda.isAvailable ? "mps" : "cuda"
        try clip(["classify", Fixture.photo, "--labels", "a", "--device", device] + Fixture.options)
            .failed(64, "device \(device)", "--device cpu")
    }
}

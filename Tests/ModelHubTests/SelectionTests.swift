import Testing

@testable import ModelHub

@Suite struct SelectionTests {
    @Test(arguments: [
        (["model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin"], "open_clip_model.safetensors"),
        (["model.safetensors", "open_clip_pytorch_model.bin", "pytorch_model.bin"], "model.safetensors"),
        (
            ["model.safetensors.index.json", "model-00001-of-00002.safetensors", "pytorch_model.bin"],
            "model.safetensors.index.json"
        ),
        (["open_clip_pytorch_model.bin", "pytorch_model.bin"], "open_clip_pytorch_model.bin"),
        (["pytorch_model.bin.index.json", "pytorch_model.bin"], "pytorch_model.bin"),
        (["pytorch_model.bin.index.json", "tf_model.h5"], "pytorch_model.bin.index.json"),
        (["tf_model.h5", "sub/model.safetensors"], nil),
    ]) func oneLayoutOfWeights(_ names: [String], _ expected: String?) {
        #expect(FileSelection.model.choose(names + ["config.json"]) == ["config.json"] + (expected.map { [$0] } ?? []))
    }

    /// open_clip's configuration means open_clip's weights, a pickle before Hugging Face's safetensors.
    @Test(arguments: [
        (["model.safetensors", "open_clip_pytorch_model.bin", "pytorch_model.bin"], "open_clip_pytorch_model.bin"),
        (["model.safetensors", "open_clip_pytorch_model.safetensors"], "open_clip_pytorch_model.safetensors"),
        (
            ["open_clip_pytorch_model.bin", "open_clip_pytorch_model.safetensors.index.json"],
            "open_clip_pytorch_model.safetensors.index.json"
        ),
        (
            ["open_clip_model.safetensors.index.json", "open_clip_pytorch_model.bin"],
            "open_clip_model.safetensors.index.json"
        ),
        (["open_clip_pytorch_model.bin.index.json", "model.safetensors"], "open_clip_pytorch_model.bin.index.json"),
        (["pytorch_model.bin", "model.safetensors"], "model.safetensors"), (["pytorch_model.bin"], "pytorch_model.bin"),
        (["model.safetensors.index.json", "pytorch_model.bin"], "model.safetensors.index.json"),
        (["model.fp16.safetensors", "model.onnx"], "model.fp16.safetensors"), (["model.onnx"], nil),
    ]) func openCLIPsConfigurationMeansItsWeights(_ names: [String], _ expected: String?) {
        let all = names + ["open_clip_config.json", "config.json"]
        #expect(FileSelection.chosenWeights(all) == expected)
        #expect(FileSelection.model.choose(all.reversed()).dropFirst(2) == [expected].compactMap(\.self)[...])
    }

    @Test func aModelOfSentenceTransformersIsInItsFolder() {
        let names = [
            "0_CLIPModel/config.json", "0_CLIPModel/merges.txt", "0_CLIPModel/model.safetensors",
            "0_CLIPModel/pytorch_model.bin", "0_CLIPModel/vocab.json", "README.md", "modules.json",
        ]
        #expect(
            FileSelection.model.choose(names) == [
                "modules.json", "0_CLIPModel/config.json", "0_CLIPModel/vocab.json", "0_CLIPModel/merges.txt",
                "0_CLIPModel/model.safetensors",
            ])
        // Where the model lies beside the list, the list is not followed.
        #expect(
            FileSelection.chosenWeights(names + ["config.json", "model.safetensors"]) == "model.safetensors")
    }

    @Test(
        arguments: [
            (
                ["model_index.json", "text_encoder/config.json", "text_encoder_2/config.json", "unet/config.json"],
                .pipeline(encoders: ["text_encoder", "text_encoder_2"])
            ),
            (["modules.json", "1_Pooling/config.json", "model.safetensors"], .sentenceModules),
            (
                ["config.json", "onnx/model.onnx", "onnx/text_model.onnx"],
                .weights(format: "ONNX", file: "onnx/model.onnx")
            ),
            (["config.json", "tf_model.h5"], .weights(format: "TensorFlow", file: "tf_model.h5")),
            (["config.json", "flax_model.msgpack"], .weights(format: "Flax", file: "flax_model.msgpack")),
            (
                ["openvino_model.xml", "openvino_model.bin", "config.json"],
                .weights(format: "OpenVINO", file: "openvino_model.bin")
            ),
            (["clip.gguf"], .weights(format: "GGUF", file: "clip.gguf")),
            (
                ["image.mlpackage", "image.mlpackage/Manifest.json"],
                .weights(format: "Core ML", file: "image.mlpackage")
            ),
            (["weights.npz", "config.json"], .weights(format: "NumPy (MLX, big_vision)", file: "weights.npz")),
            (["adapter_config.json", "adapter_model.safetensors"], .adapter(file: "adapter_config.json")),
            (["clip_vision_h.safetensors"], .bareWeights(file: "clip_vision_h.safetensors")),
            (
                ["clip_vision_config_h.json", "sd1_clip_config.json"],
                .towerConfigurations(["clip_vision_config_h.json", "sd1_clip_config.json"])
            ),
            (["tokenizer_config.json", "vocab.json"], .companions(what: "a tokenizer")),
            (["preprocessor_config.json"], .companions(what: "how pictures are prepared")),
            (["README.md"], nil), ([], nil),
        ] as [([String], ForeignFiles?)]) func whatIsNoModelIsNamed(_ names: [String], _ expected: ForeignFiles?)
    {
        #expect(ForeignFiles(among: names) == expected)
    }
}

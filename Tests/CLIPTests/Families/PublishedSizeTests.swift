import Foundation
import Testing
import TorchNN

@testable import CLIP

/// Published models of each family have as many learnable values here as in their own projects (open_clip 3.3.0 and
/// cn_clip 1.6.0, without BERT's pooler, which is never used).
@Suite struct PublishedSizeTests {
    /// open_clip's `model_configs`, in as few words as give the shape.
    private static let openCLIP: [(name: String, json: String, total: Int, visual: Int)] = [
        ("coca_ViT-B-32", coCa(embed: 512, width: 768, patch: 32, layers: 12), 253_560_065, 89_164_032),
        ("coca_ViT-L-14", coCa(embed: 768, width: 1024, patch: 14, layers: 24), 638_450_177, 306_724_864),
        (
            "ViT-B-16-SigLIP",
            sigLIP(embed: 768, trunk: "vit_base_patch16_siglip_224", image: 224, width: 768, heads: 12, layers: 12),
            203_155_970, 92_884_224
        ),
        (
            "ViT-SO400M-14-SigLIP-384",
            sigLIP(
                embed: 1152, trunk: "vit_so400m_patch14_siglip_384", image: 384, width: 1152, heads: 16, layers: 27,
                ratio: 3.7362), 877_960_498, 428_225_600
        ),
        (
            "ViT-gopt-16-SigLIP2-256",
            sigLIP(
                embed: 1536, trunk: "vit_giantopt_patch16_siglip_256", image: 256, width: 1152, heads: 16, layers: 27,
                ratio: 3.7362, vocabulary: 256_000), 1_871_393_906, 1_163_168_256
        ),
    ]

    private static func coCa(embed: Int, width: Int, patch: Int, layers: Int) -> String {
        let words = #""context_length": 76, "width": \#(embed), "heads": \#(embed / 64), "layers": 12"#
        return #"""
            {"embed_dim": \#(embed), "custom_text": true,
             "vision_cfg": {"width": \#(width), "patch_size": \#(patch), "layers": \#(layers), "attentional_pool": true},
             "text_cfg": {\#(words), "embed_cls": true}, "multimodal_cfg": {\#(words)}}
            """#
    }

    private static func sigLIP(
        embed: Int, trunk: String, image: Int, width: Int, heads: Int, layers: Int, ratio: Double = 4,
        vocabulary: Int = 32_000
    ) -> String {
        #"""
        {"embed_dim": \#(embed), "init_logit_bias": -10, "custom_text": true,
         "vision_cfg": {"image_size": \#(image), "timm_model_name": "\#(trunk)", "timm_pool": "map", "timm_proj": "none"},
         "text_cfg": {"context_length": 64, "vocab_size": \#(vocabulary), "width": \#(width), "heads": \#(heads),
                      "layers": \#(layers), "mlp_ratio": \#(ratio), "no_causal_mask": true, "proj_bias": true,
                      "pool_type": "last", "norm_kwargs": {"eps": 1e-6}}}
        """#
    }

    @Test func openCLIPsModelsHaveTheirSize() throws {
        for (name, json, total, visual) in Self.openCLIP {
            let model = try ModelConfiguration(ConfigurationObject(Data(json.utf8), source: name))
            #expect(model.parameterCount == total, "\(name)")
            #expect(model.visionParameterCount == visual, "\(name)")
        }
    }

    @Test func chineseCLIPsModelsHaveTheirSize() {
        let base = VisionTransformerConfiguration(imageSize: 224, patchSize: 16, width: 768, layers: 12)
        let roBERTa = BERTConfiguration(width: 768, headCount: 12, layers: 12, hiddenWidth: 3072)
        let small = ModelConfiguration(embeddingSize: 512, vision: base, text: roBERTa)
        #expect(small.parameterCount == 188_262_913)
        #expect(small.visionParameterCount == 86_192_640)
        let huge = VisionTransformerConfiguration(
            imageSize: 224, patchSize: 14, width: 1280, layers: 32, headWidth: 80)
        let large = BERTConfiguration(width: 1024, headCount: 16, layers: 24, hiddenWidth: 4096)
        let big = ModelConfiguration(embeddingSize: 1024, vision: huge, text: large)
        #expect(big.parameterCount == 957_598_209)
        #expect(big.visionParameterCount == 632_076_800)
    }
}

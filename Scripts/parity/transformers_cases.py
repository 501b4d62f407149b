"""Directories as Hugging Face's transformers saves them: CLIP, its towers alone, SigLIP and SigLIP 2."""

import torchvision_stub  # noqa: F401, before transformers
import numpy
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from reference import *
from tokenizers import Tokenizer
from transformers import (
    AutoTokenizer, CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPVisionConfig,
    CLIPVisionModel, CLIPVisionModelWithProjection, SiglipConfig, SiglipModel, SiglipTokenizer, Siglip2Tokenizer)

import vocabularies


def write_processor(folder, kind, config, preprocess, resize, crop=None):
    settings = {
        "image_processor_type": f"{kind}ImageProcessor", "processor_class": f"{kind}Processor", "do_resize": True,
        "size": resize, "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": preprocess["mean"], "image_std": preprocess["std"]}
    if crop:
        settings |= {"do_center_crop": True, "crop_size": crop, "do_convert_rgb": True}
    vocabularies.write_json(folder / "preprocessor_config.json", settings)


def answers(model, folder, pictures, transform, tokens):
    def pooled(output):
        return output if isinstance(output, torch.Tensor) else output.pooler_output

    images = encode_pictures(pictures, transform, lambda pixels: pooled(model.get_image_features(pixel_values=pixels)))
    with torch.inference_mode():
        texts = pooled(model.get_text_features(input_ids=tokens)).numpy()
    return Answers(["--model", str(folder)], images, texts, TEXTS)


def build(kind, config):
    torch.manual_seed(3)
    model = kind(config).eval()
    enlarge_matrices(model)
    randomize(model)
    return model


def clip(folder, pictures):
    text = {"hidden_act": "quick_gelu", "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    config = CLIPConfig(text_config=text, vision_config={"hidden_act": "quick_gelu"})
    model = build(CLIPModel, config)
    model.save_pretrained(folder, max_shard_size="250MB")
    vocabularies.write_clip(folder, 77)
    write_processor(folder, "CLIP", config, CLIP_PREPROCESS, {"shortest_edge": 224}, {"height": 224, "width": 224})
    tokens = AutoTokenizer.from_pretrained(folder)(
        TEXTS, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
    transform = image_transform_v2(PreprocessCfg(size=224, **CLIP_PREPROCESS), is_train=False)
    return answers(model, folder, pictures, transform, tokens)


def text_tower(kind, **shape):
    """As Stable Diffusion's text_encoder and text_encoder_2, with the tokenizer that lies in a folder beside theirs."""
    def make(folder, pictures):
        model = build(kind, CLIPTextConfig(bos_token_id=0, eos_token_id=2, pad_token_id=1, **shape))
        model.save_pretrained(folder)
        vocabularies.write_clip(folder, 77)
        tokens = AutoTokenizer.from_pretrained(folder)(
            TEXTS, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
        with torch.inference_mode():
            output = model(input_ids=tokens)
        texts = (output.text_embeds if kind is CLIPTextModelWithProjection else output.pooler_output).numpy()
        return Answers(["--model", str(folder)], numpy.zeros((0, texts.shape[1]), numpy.float32), texts, TEXTS)

    return make


def image_tower(kind, **shape):
    """As a diffusion model's image_encoder."""
    def make(folder, pictures):
        model = build(kind, CLIPVisionConfig(**shape))
        model.save_pretrained(folder)
        write_processor(
            folder, "CLIP", None, CLIP_PREPROCESS, {"shortest_edge": 224}, {"height": 224, "width": 224})
        transform = image_transform_v2(PreprocessCfg(size=224, **CLIP_PREPROCESS), is_train=False)

        def embed(pixels):
            output = model(pixel_values=pixels)
            return output.image_embeds if kind is CLIPVisionModelWithProjection else output.pooler_output

        images = encode_pictures(pictures, transform, embed)
        return Answers(["--model", str(folder)], images, numpy.zeros((0, images.shape[1]), numpy.float32), [])

    return make


def siglip(vocabulary, write):
    def make(folder, pictures):
        config = SiglipConfig(text_config={"vocab_size": vocabulary, "projection_size": 768})
        model = build(SiglipModel, config)
        model.save_pretrained(folder)
        tokens = write(folder, vocabulary)
        write_processor(folder, "Siglip", config, SIGLIP_PREPROCESS, {"height": 224, "width": 224})
        return answers(model, folder, pictures, pillow_pixels(224, [0.5] * 3, [0.5] * 3), tokens)

    return make


def sentencepiece_files(folder, size):
    model = vocabularies.train_unigram(vocabularies.sentences(60000), size)
    (folder / "spiece.model").write_bytes(model)
    SiglipTokenizer(str(folder / "spiece.model"), model_max_length=64).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)(
        TEXTS, padding="max_length", truncation=True, max_length=64, return_tensors="pt").input_ids


def gemma_files(folder, size):
    """SigLIP 2 learned from lower-cased text, and Siglip2Tokenizer lower-cases. The published fixed-resolution
    directories name GemmaTokenizer, which AutoTokenizer obeys: by it, capitals would reach a model that never saw any.
    """
    vocabularies.write_gemma(folder, 64, size, vocabularies.sentences(60000))
    tokenizer = Siglip2Tokenizer.from_pretrained(folder, padding_side="right")
    rows = [tokenizer(text, truncation=True, max_length=64).input_ids for text in TEXTS]
    rows = [row if row[-1:] == [1] else row + [1] for row in rows]
    rows = [row if len(row) <= 64 else row[:63] + [1] for row in rows]
    lowered = vocabularies.padded(Tokenizer.from_file(str(folder / "tokenizer.json")), [t.lower() for t in TEXTS], 64, 1, 0)
    tokens = [row + [0] * (64 - len(row)) for row in rows]
    assert tokens == lowered, "Siglip2Tokenizer and the lower-cased text's tokenizer.json disagree"
    return torch.tensor(tokens)


CASES = [
    Case("hf-clip-vit-base-32", "transformers", 224, clip, "sharded"),
    Case("hf-sd2-text", "transformers", 0, text_tower(
        CLIPTextModel, hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16,
        hidden_act="gelu"), "text tower alone"),
    Case("hf-sd3-text", "transformers", 0, text_tower(
        CLIPTextModelWithProjection, hidden_size=768, intermediate_size=3072, num_attention_heads=12,
        hidden_act="quick_gelu", projection_dim=768), "text tower alone"),
    Case("hf-image-encoder", "transformers", 224, image_tower(
        CLIPVisionModelWithProjection, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
        num_attention_heads=16, patch_size=14, hidden_act="quick_gelu", projection_dim=768), "image tower alone"),
    Case("hf-image-state", "transformers", 224, image_tower(
        CLIPVisionModel, hidden_act="gelu"), "image tower alone, no projection"),
    Case("hf-siglip-base-16", "transformers", 224, siglip(32000, sentencepiece_files)),
    Case("hf-siglip2-base-16", "transformers", 224, siglip(256000, gemma_files)),
]

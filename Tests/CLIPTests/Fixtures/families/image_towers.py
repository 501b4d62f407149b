"""Image towers that transformers saves alone, as an image_encoder beside a diffusion model: tiny, of CLIP and SigLIP.

lone-image-…/expected.safetensors   pixels [B, 3, S, S], image [B, E], weights [B, E], and their products' gradients
                                    under "gradient." and the file's names
The older transformers put `vision_model.` in front of every name, and newer ones leave it out where there is no
projection: both are written. "lone-image-bare" still holds the projection of the whole model, which its class leaves out.
"""
from common import *
from transformers import (
    ChineseCLIPVisionConfig, ChineseCLIPVisionModel, CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection,
    SiglipVisionConfig, SiglipVisionModel)

from native import preprocessing

PREFIX = "vision_model."
PROJECTION = "visual_projection.weight"


def bare(state):
    return {key.removeprefix(PREFIX): value for key, value in state.items()}


def prefixed(state):
    return {key if key == PROJECTION else PREFIX + key: value for key, value in bare(state).items()}


def write_processor(folder, kind, preprocess, size):
    squashes = preprocess["resize_mode"] == "squash"
    write_json(folder / "preprocessor_config.json", {
        "image_processor_type": kind, "do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "do_center_crop": not squashes, "do_convert_rgb": True, "resample": 3,
        "size": {"height": size, "width": size} if squashes else {"shortest_edge": size},
        "crop_size": {"height": size, "width": size}, "image_mean": preprocess["mean"], "image_std": preprocess["std"]})


def write_tower(name, seed, kind, configuration, naming, processor, preprocess, extra=None, **settings):
    folder = FAMILIES / name
    folder.mkdir()
    model = kind(configuration(
        hidden_size=16, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8,
        **settings))
    randomize(model.eval(), seed)
    model.save_pretrained(folder)
    state = naming(model.state_dict()) | (extra or {})
    save_file({key: value.contiguous().clone() for key, value in state.items()}, folder / "model.safetensors",
              {"format": "pt"})
    again = kind.from_pretrained(folder).state_dict()
    assert all(torch.equal(again[key], value) for key, value in model.state_dict().items())
    write_processor(folder, processor, preprocess, 32)
    pixels = load_pixels(EXACT_32, preprocessing(32, preprocess))
    output = model(pixel_values=pixels)
    image = output.image_embeds if kind is CLIPVisionModelWithProjection else output.pooler_output
    weights = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    (image * weights).sum().backward()
    gradients = naming({key: parameter.grad for key, parameter in model.named_parameters()})
    write_expected(
        folder, {"pixels": pixels, "image": image, "weights": weights}
        | {"gradient." + key: value for key, value in gradients.items()}, EXACT_32, None,
        f"{kind.__name__}, names " + ("begin with vision_model." if naming is prefixed else "without vision_model."))


def write():
    clip = ("CLIPImageProcessor", CLIP_PREPROCESS)
    generator = torch.Generator().manual_seed(7)
    write_tower("lone-image", 71, CLIPVisionModel, CLIPVisionConfig, prefixed, *clip, projection_dim=20)
    write_tower("lone-image-bare", 72, CLIPVisionModel, CLIPVisionConfig, bare, *clip, hidden_act="gelu",
                projection_dim=20, extra={PROJECTION: torch.randn(20, 16, generator=generator)})
    write_tower("lone-image-projection", 73, CLIPVisionModelWithProjection, CLIPVisionConfig, prefixed, *clip,
                projection_dim=20)
    write_tower("lone-image-chinese", 74, ChineseCLIPVisionModel, ChineseCLIPVisionConfig, bare, *clip)
    write_tower("lone-image-siglip", 75, SiglipVisionModel, SiglipVisionConfig, bare, "SiglipImageProcessor",
                SIGLIP_PREPROCESS)

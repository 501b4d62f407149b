"""ConvNeXt picture towers, which open_clip takes from timm, with a projection of one layer and of two.

open_clip finds such a tower by timm's name alone, which fixes the shape, so the config carries the name of a real one and
shape.json what these tiny ones change. Beside the answers stand gradients of a weighted sum of the picture's embedding.
"""
import timm

from native import *

EXACT = EXACT_64
SHAPE = {"depths": [1, 2, 2, 1], "dims": [8, 12, 16, 24]}
# Of a stem, a reduction, a depthwise convolution, a scale, a feed-forward layer and the last norm.
PARAMETERS = [
    "stem.0.weight", "stages.1.downsample.1.weight", "stages.2.blocks.1.conv_dw.weight", "stages.1.blocks.1.gamma",
    "stages.3.blocks.0.mlp.fc1.weight", "head.norm.bias",
]


def write_convnext(name, trunk, projection, seed, notes):
    vision = {
        "timm_model_name": trunk, "timm_model_pretrained": False, "timm_pool": "", "timm_proj": projection,
        "timm_drop": 0.0, "timm_drop_path": 0.1, "image_size": 64}
    config = {"embed_dim": 20, "vision_cfg": vision, "text_cfg": TEXT}
    create = timm.create_model
    timm.create_model = lambda model_name, **named: create(model_name, **{**named, **SHAPE})
    try:
        model = build(config, seed)
    finally:
        timm.create_model = create
    # Blocks that begin as identities would hide what is inside them.
    with torch.no_grad():
        for key, value in model.named_parameters():
            if key.endswith("gamma"):
                value.copy_(0.6 + 0.2 * torch.sin(torch.arange(value.numel(), dtype=torch.float32)))
    folder = FAMILIES / name
    folder.mkdir()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors", {"format": "pt"})
    write_config(folder, config, CLIP_PREPROCESS)
    write_json(folder / "shape.json", {"timm_model_name": trunk, **SHAPE})
    pixels = load_pixels(EXACT, preprocessing(64, CLIP_PREPROCESS))
    tokens = random_tokens(TEXT["context_length"], TEXT["vocab_size"], seed)
    expected = answers(model, pixels, tokens)
    weights = torch.cos(torch.arange(expected["image"].numel(), dtype=torch.float32)).reshape(expected["image"].shape)
    input = pixels.clone().requires_grad_()
    (model.encode_image(input) * weights).sum().backward()
    expected["gradient.pixels"] = input.grad
    named = dict(model.named_parameters())
    for key in PARAMETERS:
        expected[f"gradient.visual.trunk.{key}"] = named[f"visual.trunk.{key}"].grad
    head = "head.proj.weight" if projection == "linear" else "head.mlp.fc1.weight"
    expected[f"gradient.visual.{head}"] = named[f"visual.{head}"].grad
    write_expected(folder, expected, EXACT, notes=notes)


def write():
    write_convnext("convnext-open_clip", "convnext_base", "linear", 41, "ConvNeXt with one projection layer, eps 1e-6.")
    write_convnext(
        "convnext-mlp-open_clip", "convnext_xxlarge", "mlp", 42,
        "ConvNeXt with two projection layers; eps 1e-5, as timm has for this name.")

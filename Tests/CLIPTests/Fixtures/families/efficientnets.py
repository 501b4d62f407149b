"""An EfficientNet-Lite picture tower, which open_clip takes from timm, in timm's names and in efficientnet_lite_pytorch's.

Both packages compute the same, which is checked here. The networks are lite0's with few of the channels and half of the
blocks; each stage's first block still changes their number, or the packages would differ there. Beside the answers stand
gradients of a weighted sum of the picture's embedding, and what the tower gives while it is trained: the embedding by the
batch's statistics, and where running statistics move to.
"""
import timm.models.efficientnet
from efficientnet_lite_pytorch import EfficientNet

from native import *

EXACT = EXACT_64
FACTORS = {"channel_multiplier": 0.08, "depth_multiplier": 0.5}
PARAMETERS = [
    "conv_stem.weight", "bn1.bias", "blocks.0.0.conv_dw.weight", "blocks.0.0.conv_pw.weight", "blocks.2.0.conv_pw.weight",
    "blocks.3.1.conv_dw.weight", "blocks.5.1.conv_pwl.weight", "blocks.5.0.bn3.weight", "bn2.weight",
]
STATISTICS = ["bn1.running_mean", "blocks.3.1.bn2.running_var", "bn2.num_batches_tracked"]


def small(create):
    """timm's lite0 with FACTORS for its own."""
    own = timm.models.efficientnet._gen_efficientnet_lite
    timm.models.efficientnet._gen_efficientnet_lite = lambda variant, *_, **named: own(variant, **{**named, **FACTORS})
    try:
        return create()
    finally:
        timm.models.efficientnet._gen_efficientnet_lite = own


def write_trunk(model, folder, size):
    """The same network as the other package names it, with a classifier, in half precision."""
    trunk = EfficientNet.from_name(
        "efficientnet-lite0", width_coefficient=FACTORS["channel_multiplier"],
        depth_coefficient=FACTORS["depth_multiplier"], image_size=size, num_classes=3).eval()
    names = [name for name in trunk.state_dict() if not name.startswith("_fc")]
    own = model.visual.trunk.state_dict()
    assert [own[name].shape for name in own] == [trunk.state_dict()[name].shape for name in names]
    trunk.load_state_dict({**trunk.state_dict(), **dict(zip(names, own.values()))})
    pixels = torch.randn(2, 3, size, size)
    with torch.no_grad():
        features = trunk.extract_features(pixels).mean((2, 3))
        torch.testing.assert_close(features, model.visual.trunk(pixels), rtol=0, atol=1e-5)
    state = {key: value.half() if value.is_floating_point() else value for key, value in trunk.state_dict().items()}
    torch.save(state, folder / "trunk.pth")


def write_lite(name, size, projection, seed, notes, saves_trunk=False):
    vision = {
        "timm_model_name": "tf_efficientnet_lite0", "timm_model_pretrained": False, "timm_pool": "avg",
        "timm_proj": projection, "image_size": size}
    config = {"embed_dim": 8, "vision_cfg": vision, "text_cfg": TEXT}
    model = small(lambda: build(config, seed))
    model.load_state_dict(half(model.state_dict()))
    folder = FAMILIES / name
    folder.mkdir()
    save_file({key: value.contiguous() for key, value in model.state_dict().items()},
              folder / "open_clip_model.safetensors", {"format": "pt"})
    write_config(folder, config, IMAGENET_PREPROCESS)
    write_json(folder / "shape.json", {"timm_model_name": vision["timm_model_name"], **FACTORS})
    if saves_trunk:
        write_trunk(model, folder, size)
    pixels = load_pixels(EXACT, preprocessing(size, IMAGENET_PREPROCESS))
    tokens = random_tokens(TEXT["context_length"], TEXT["vocab_size"], seed)
    expected = answers(model, pixels, tokens)
    weights = torch.cos(torch.arange(expected["image"].numel(), dtype=torch.float32)).reshape(expected["image"].shape)
    input = pixels.clone().requires_grad_()
    (model.encode_image(input) * weights).sum().backward()
    expected["gradient.pixels"] = input.grad
    named = dict(model.named_parameters())
    for key in PARAMETERS:
        expected[f"gradient.visual.trunk.{key}"] = named[f"visual.trunk.{key}"].grad
    head = "head.proj.weight" if projection == "linear" else "head.mlp.fc2.weight"
    expected[f"gradient.visual.{head}"] = named[f"visual.{head}"].grad
    model.visual.train()
    with torch.no_grad():
        expected["training.image"] = model.encode_image(pixels)
    buffers = dict(model.named_buffers())
    for key in STATISTICS:
        expected[f"training.visual.trunk.{key}"] = buffers[f"visual.trunk.{key}"]
    write_expected(folder, expected, EXACT, notes=notes)


def write():
    write_lite(
        "efficientnet-lite-open_clip", 64, "linear", 51,
        "EfficientNet-Lite with one projection layer; trunk.pth: its network by another package.", saves_trunk=True)
    write_lite(
        "efficientnet-lite-mlp-open_clip", 72, "mlp", 52,
        "EfficientNet-Lite with two projection layers; sides of 72, 36, 18, 9, 5 and 3 pad in three ways.")

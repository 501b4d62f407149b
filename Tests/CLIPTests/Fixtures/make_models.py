"""Writes three tiny models of odd sizes in open_clip's layout, pictures, and what open_clip makes of them.

    python make_models.py        (torch 2.13.0+cpu, open_clip_torch 3.3.0, pillow 13, safetensors 0.8; seeded)

models/NAME/open_clip_config.json, open_clip_model.safetensors   the model; weights random, no gain 1 and no bias 0
models/NAME/expected.json          "images": files in order; "texts": strings in order, or null where the vocabulary is
                                   too small for words and only token ids are given
models/NAME/expected.safetensors   pixels        [images, 3, S, S]  preprocessed
                                   image, text   [n, E]             embeddings before normalization
                                   image_unit, text_unit [n, E]     normalized
                                   tokens        [texts, L] int64   padded with 0, end-of-text last
                                   logits        [images, texts]    exp(logit_scale) * image_unit @ text_unit.T
pictures/exact-S-N.png             already at a model's size: nothing is resized
pictures/*                         others, to be resized and cropped
"""
import json
import math
import pathlib
import shutil
import sys

import numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
import open_clip
from PIL import Image
from safetensors.torch import save_file

CLIP_PIXELS = {
    "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic", "resize_mode": "shortest",
}
MODELS = {
    # QuickGELU; a patch that is no power of two; small vocabulary.
    "quick": {
        "model_cfg": {
            "embed_dim": 20, "quick_gelu": True,
            "vision_cfg": {"image_size": 40, "patch_size": 10, "width": 48, "head_width": 16, "layers": 3},
            "text_cfg": {"context_length": 23, "vocab_size": 600, "width": 24, "heads": 3, "layers": 2},
        },
        "preprocess_cfg": CLIP_PIXELS,
    },
    # Erf GELU; mlp_ratio no whole number; squashed, bilinear, other mean and deviation.
    "ratio": {
        "model_cfg": {
            "embed_dim": 24,
            "vision_cfg": {
                "image_size": 32, "patch_size": 8, "width": 64, "head_width": 32, "mlp_ratio": 2.5, "layers": 2},
            "text_cfg": {
                "context_length": 19, "vocab_size": 256, "width": 32, "heads": 2, "mlp_ratio": 1.5, "layers": 3},
        },
        "preprocess_cfg": {
            "mean": [0.5, 0.45, 0.4], "std": [0.5, 0.25, 0.3], "interpolation": "bilinear", "resize_mode": "squash"},
    },
    # The whole vocabulary, so that strings go in.
    "words": {
        "model_cfg": {
            "embed_dim": 12,
            "vision_cfg": {"image_size": 36, "patch_size": 12, "width": 32, "head_width": 16, "layers": 1},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 8, "heads": 2, "layers": 2},
        },
        "preprocess_cfg": CLIP_PIXELS,
    },
}
TEXTS = [
    "a diagram", "a dog", "a cat", "A person riding a motorcycle", "Hello World!", "", "café “crème” &amp; ﬁsh",
    "日本語 и русский 🎉", "İstanbul 2023", "two dogs playing in the snow near a red barn",
    "a photo of " + "very " * 90 + "long caption that is cut",
]


def picture(generator, width, height):
    """Smooth colours, two edges and some grain, as uint8 [height, width, 3]."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    planes = []
    for _ in range(3):
        a, b, c, d = generator.uniform(-1, 1, 4)
        plane = 128 + 70 * numpy.sin(3 * a * x / width * 2 + 3 * b * y / height * 2 + 6 * c)
        plane += numpy.where((x - width * abs(a)) ** 2 + (y - height * abs(b)) ** 2 < (min(width, height) / 4) ** 2, 90 * d, 0)
        plane += numpy.where(x * b + y * a > 0.2 * width, 25, -25) + generator.normal(0, 6, plane.shape)
        planes.append(plane)
    return numpy.clip(numpy.rint(numpy.stack(planes, -1)), 0, 255).astype(numpy.uint8)


def write_pictures(folder):
    generator = numpy.random.default_rng(11)
    for size in (32, 36, 40):
        for index in range(2):
            Image.fromarray(picture(generator, size, size)).save(folder / f"exact-{size}-{index}.png", optimize=True)
    Image.fromarray(picture(generator, 61, 47)).save(folder / "wide.png", optimize=True)
    Image.fromarray(picture(generator, 50, 121)).save(folder / "tall.png", optimize=True)
    Image.fromarray(picture(generator, 97, 53)).save(folder / "photo.jpg", quality=90)


def randomize(model, seed):
    """Weights large enough that attention is far from uniform and every bias and gain tells."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if name == "logit_scale":
                parameter.fill_(math.log(20))
            elif "ln_" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.3 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.2 * noise)
            elif "embedding" in name:
                parameter.copy_(0.5 * noise)
            elif name.endswith("proj") or name.endswith("projection"):
                parameter.copy_(noise * parameter.shape[0] ** -0.5)
            else:
                parameter.copy_(1.3 * noise * parameter[0].numel() ** -0.5)


def token_ids(config, generator):
    """Captions of several lengths, the shortest empty, the longest full; start and end are the last two ids."""
    length, vocabulary = config["context_length"], config["vocab_size"]
    tokens = torch.zeros(7, length, dtype=torch.int64)
    for row, words in enumerate([0, 1, 3, 5, 8, length - 3, length - 2]):
        tokens[row, 0] = vocabulary - 2
        tokens[row, 1:words + 1] = torch.randint(1, vocabulary - 2, (words,), generator=generator)
        tokens[row, words + 1] = vocabulary - 1
    return tokens


def write_model(name, config, folder, seed):
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    # The directory is what open_clip loads, so a first model only serves to fill it.
    blank = open_clip.CLIP(**{
        "embed_dim": config["model_cfg"]["embed_dim"], "quick_gelu": config["model_cfg"].get("quick_gelu", False),
        "vision_cfg": config["model_cfg"]["vision_cfg"], "text_cfg": config["model_cfg"]["text_cfg"]})
    randomize(blank, seed)
    weights = {key: value.contiguous() for key, value in blank.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors", {"format": "pt"})
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    for key, value in model.state_dict().items():
        assert torch.equal(value, weights[key]), key

    size = config["model_cfg"]["vision_cfg"]["image_size"]
    images = [f"exact-{size}-0.png", f"exact-{size}-1.png", "wide.png", "tall.png", "photo.jpg"]
    texts = TEXTS if name == "words" else None
    if texts:
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(texts)
    else:
        tokens = token_ids(config["model_cfg"]["text_cfg"], torch.Generator().manual_seed(seed))
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.open(HERE / "pictures" / file)) for file in images])
        expected = {
            "pixels": pixels, "tokens": tokens, "image": model.encode_image(pixels), "text": model.encode_text(tokens),
            "image_unit": model.encode_image(pixels, normalize=True),
            "text_unit": model.encode_text(tokens, normalize=True),
        }
        expected["logits"] = model.logit_scale.exp() * expected["image_unit"] @ expected["text_unit"].T
    save_file({key: value.contiguous() for key, value in expected.items()}, folder / "expected.safetensors")
    (folder / "expected.json").write_text(
        json.dumps({"images": images, "texts": texts}, ensure_ascii=False, indent=2) + "\n")
    spread = {key: round(expected[key].std(0).mean().item(), 3) for key in ("image", "text", "logits")}
    print(name, sum(value.numel() for value in weights.values()), "parameters; spread over inputs:", spread)


def main():
    torch.set_num_threads(1)
    for name in ("models", "pictures"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    (HERE / "pictures").mkdir()
    write_pictures(HERE / "pictures")
    for seed, (name, config) in enumerate(MODELS.items()):
        write_model(name, config, HERE / "models" / name, seed + 1)


if __name__ == "__main__":
    sys.exit(main())

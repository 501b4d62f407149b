"""What every fixture of a model family needs: random weights that tell, pictures, and the expected answers' files."""
import json
import math
import pathlib
import sys

FAMILIES = pathlib.Path(__file__).resolve().parent
FIXTURES = FAMILIES.parent
sys.path.insert(0, str(FIXTURES.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
CLIP_PREPROCESS = {"mean": CLIP_MEAN, "std": CLIP_STD, "interpolation": "bicubic", "resize_mode": "shortest"}
SIGLIP_PREPROCESS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
IMAGENET_PREPROCESS = {
    "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "interpolation": "bilinear", "resize_mode": "squash"}
EXACT_32 = ["pictures/exact-32-0.png", "pictures/exact-32-1.png"]
RESIZED_32 = EXACT_32 + ["pictures/wide.png"]
EXACT_64 = ["families/pictures/exact-64-0.png", "families/pictures/exact-64-1.png"]
TEXTS = [
    "a diagram", "a dog", "A person, riding a motorcycle!", "", "café “crème” &amp; ﬁsh", "日本語 и русский 🎉",
    "a photo of " + "very " * 30 + "long caption that is cut",
]


def randomize(model, seed, skip=()):
    """Weights large enough that attention is far from uniform and every bias, gain and running statistic tells."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    with torch.no_grad():
        for name, tensor in sorted(tensors.items()):
            if not tensor.is_floating_point() or name.endswith(skip or ("\0",)):
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith("logit_scale"):
                tensor.fill_(math.log(20))
            elif name.endswith("logit_bias"):
                tensor.fill_(-3.25)
            elif name.endswith("running_mean"):
                tensor.copy_(0.3 * noise)
            elif name.endswith("running_var"):
                tensor.copy_((0.5 * noise).exp())
            elif name in dict(model.named_buffers()):
                continue
            elif name.endswith("bias"):
                # Narrow ResNets would die in their ReLUs around 0.
                tensor.copy_(0.2 * noise + (0.4 if ".bn" in name or "downsample" in name else 0))
            elif tensor.dim() == 1 and name.endswith(("weight", "gamma")):
                tensor.copy_(1 + 0.3 * noise)
            elif ("embed" in name and "patch_embed" not in name and "projection" not in name) or name.endswith(
                    ("cls_token", "probe", "latent", "query", "cls_emb")):
                tensor.copy_(0.5 * noise)
            elif name.endswith((".proj", "projection")):
                tensor.copy_(noise * tensor.shape[0] ** -0.5)
            else:
                tensor.copy_(1.3 * noise * max(1, tensor[0].numel()) ** -0.5)


def load_pixels(images, preprocess):
    return torch.stack([preprocess(Image.open(FIXTURES / file)) for file in images])


def random_tokens(length, vocabulary, seed, start=None, end=None, pad=0, counts=(0, 2, 5, 99), reserved=3):
    """Rows of random ids in [reserved, vocabulary - 2): start, words, end, padding; a full row ends in `end` too."""
    generator = torch.Generator().manual_seed(seed)
    start = vocabulary - 2 if start is None else start
    end = vocabulary - 1 if end is None else end
    tokens = torch.full((len(counts), length), pad, dtype=torch.int64)
    for row, words in enumerate(min(count, length - 2) for count in counts):
        tokens[row, 0] = start
        tokens[row, 1:words + 1] = torch.randint(reserved, vocabulary - 2, (words,), generator=generator)
        tokens[row, words + 1] = end
    return tokens


def logits(image, text, scale, bias=None):
    """[B, N], `scale` already exponentiated."""
    product = scale * F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T
    return product if bias is None else product + bias


def write_expected(folder, tensors, images, texts=None, notes=""):
    """expected.safetensors and expected.json; picture files are relative to CLIPTests/Fixtures."""
    tensors = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    for key, value in tensors.items():
        assert torch.isfinite(value.double()).all(), key
    save_file(tensors, folder / "expected.safetensors")
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    description = {"images": images, "texts": texts, "notes": notes}
    write_json(folder / "expected.json", description)
    spread = {key: round(tensors[key].float().std(0).mean().item(), 3) for key in ("image", "text") if key in tensors}
    print(f"{folder.name:<24} {sum(f.stat().st_size for f in folder.rglob('*') if f.is_file()):>8} bytes; spread {spread}")


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_pictures(picture):
    """The 64×64 pictures; `picture` is make_models' generator, smaller ones are its own."""
    folder = FAMILIES / "pictures"
    folder.mkdir(exist_ok=True)
    generator = numpy.random.default_rng(12)
    for index in range(2):
        Image.fromarray(picture(generator, 64, 64)).save(folder / f"exact-64-{index}.png", optimize=True)


def half(state):
    """The values of a checkpoint in half precision, back in fp32: what the expected answers are computed from."""
    return {key: value.half().float() if value.is_floating_point() else value for key, value in state.items()}

"""What every case of the comparison shares: pictures, random weights, and the answers a reference gives."""
import dataclasses

import numpy
import torch
from PIL import Image

TEXTS = [
    "a diagram", "A person riding a motorcycle", "", "café “crème” &amp; ﬁsh", "日本語 🎉",
    "a photo of " + "very " * 90 + "long caption that is cut",
]
CHINESE = ["皮卡丘", "iPhone14 手机！", "", "一只狗在雪地里奔跑", "Café 日本語 🎉", "一张" + "很" * 80 + "长的图片说明"]
CLIP_PREPROCESS = {
    "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic", "resize_mode": "shortest"}
SIGLIP_PREPROCESS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}


@dataclasses.dataclass
class Answers:
    """How `clip embed` is to be called for the model just saved, and what the reference makes of the same input."""

    arguments: list
    images: numpy.ndarray
    texts: numpy.ndarray
    strings: list


@dataclasses.dataclass
class Case:
    """`make(folder, pictures)` saves the model in `folder` and returns its Answers; the model is freed with it.

    `size` is a side of the pictures it reads; 0 for a text tower alone.
    """

    name: str
    format: str
    size: int
    make: object
    note: str = ""


def random_picture(generator, width, height):
    """Smooth colours with grain, as a photograph has both."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = []
    for _ in range(3):
        a, b, c = generator.uniform(-6, 6, 3)
        planes.append(128 + 90 * numpy.sin(a * x / width + b * y / height + c) + generator.normal(0, 8, (height, width)))
    return Image.fromarray(numpy.clip(numpy.stack(planes, -1), 0, 255).astype(numpy.uint8))


def write_pictures(folder, size):
    """Two pictures of the model's own size and two to be resized."""
    generator = numpy.random.default_rng(4)
    pictures = []
    for index, shape in enumerate([(size, size), (size, size), (500, 375), (301, 640)]):
        pictures.append(folder / f"picture-{index}.png")
        random_picture(generator, *shape).save(pictures[-1])
    return pictures


def randomize(model, seed=3):
    """Moves gains off 1 and biases off 0, so that a forgotten one shows; all else stays as initialized."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias") and "logit" not in key:
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif key.endswith("bn3.weight"):  # 0 at first, which would hide the block
                parameter.copy_(0.2 + 0.05 * torch.randn_like(parameter))
            elif parameter.dim() == 1 and key.endswith(("weight", "gamma")):
                parameter.mul_(1 + 0.2 * torch.randn_like(parameter))


def enlarge_matrices(module):
    """timm and transformers begin so small that attention is uniform and the answer hardly depends on the input."""
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            if parameter.dim() == 2 and "embedding" not in key:
                parameter.copy_(torch.randn_like(parameter) * parameter.shape[1] ** -0.5)


def settle_batch_norms(visual, size):
    """Running statistics as if it had seen pictures: a few passes in training mode, each weighed alike."""
    norms = [module for module in visual.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    if not norms:
        return
    generator = numpy.random.default_rng(6)
    pictures = numpy.stack([numpy.asarray(random_picture(generator, size, size)) for _ in range(6)])
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 64 - 2
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    visual.train()
    with torch.no_grad():
        for half in pixels.split(3):
            visual(half)
    visual.eval()
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum


def encode_pictures(pictures, preprocess, encode):
    """One at a time: [pictures, E]."""
    with torch.inference_mode():
        return numpy.stack([encode(preprocess(Image.open(path))[None])[0].numpy() for path in pictures])


def pillow_pixels(size, mean, std):
    """Squashed bicubically by Pillow, as transformers' own SigLIP preprocessing on Pillow does."""
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (mean, std))

    def apply(image):
        image = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1).float() / 255
        return (pixels - mean) / std

    return apply


__all__ = [
    "Answers", "CHINESE", "CLIP_PREPROCESS", "Case", "SIGLIP_PREPROCESS", "TEXTS", "encode_pictures",
    "enlarge_matrices", "pillow_pixels", "randomize", "settle_batch_norms", "write_pictures"]

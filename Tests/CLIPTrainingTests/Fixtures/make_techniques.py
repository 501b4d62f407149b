"""Writes techniques.json: what open_clip's schedules give, and what PyTorch counts for well-known towers.

    python make_techniques.py    (torch, open_clip, timm, transformers)
"""
import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
import open_clip
from open_clip_train.scheduler import const_lr, const_lr_cooldown, cosine_lr
from torch.utils.flop_counter import FlopCounterMode


class Optimizer:
    param_groups = [{}]


def schedules():
    steps = 20
    made = {
        "cosine": cosine_lr(Optimizer(), 5e-4, 4, steps),
        "constant": const_lr(Optimizer(), 5e-4, 4, steps),
        "linear_cooldown": const_lr_cooldown(Optimizer(), 5e-4, 4, steps, 6),
        "power_cooldown": const_lr_cooldown(Optimizer(), 5e-4, 4, steps, 6, 2.5, 1e-5),
    }
    return {name: [rate(step) for step in range(steps)] for name, rate in made.items()}


def counted(function, *arguments):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        function(*arguments)
    return counter.get_total_flops()


def flops(name):
    config = open_clip.get_model_config(name)
    custom = config.pop("custom_text", False)
    kind = open_clip.model.CustomTextCLIP if custom else open_clip.model.CLIP
    with torch.device("meta"):
        model = kind(**config)
    model.eval().requires_grad_(False)
    size = model.visual.image_size
    size = size[0] if isinstance(size, (tuple, list)) else size
    pictures = torch.zeros(1, 3, size, size, device="meta")
    length = config["text_cfg"].get("context_length", 77)
    tokens = torch.zeros(1, length, dtype=torch.long, device="meta")
    return {"image": counted(model.encode_image, pictures), "text": counted(model.encode_text, tokens)}


NAMES = [
    "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336",
    "EVA02-B-16", "ViT-B-16-SigLIP",
]


def main():
    result = {"schedules": schedules(), "flops": {name: flops(name) for name in NAMES}}
    path = HERE / "techniques.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["flops"], indent=1))


main()

"""Writes embeddings and what open_clip's losses make of them, computed in 64 bits.

    python make_losses.py      (torch 2.13.0+cpu, open_clip_torch 3.3.0, safetensors 0.8; seeded)

losses.safetensors   pictures, texts [10, 6]; teacher_pictures, teacher_texts [10, 5] (none of unit length);
                     NAME.pictures and NAME.texts: the gradient with respect to pictures and texts
losses.json          NAME: value, logit_scale and logit_bias (gradients), and the settings; "accumulated": the gradient
                     of logit_scale under open_clip_train's accumulation, as its training loop runs it, by the number
                     of parts
NAME is clip, clip100 (at the scale's upper bound), siglip, distill (contrastive plus distillation, as open_clip_train
sums them).
"""
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
from open_clip.loss import ClipLoss, DistillClipLoss, SigLipLoss
from safetensors.torch import save_file

generator = torch.Generator().manual_seed(31)
draw = lambda *shape: torch.randn(*shape, generator=generator)
pictures = draw(10, 6) * 1.5
texts = pictures * 0.6 + draw(10, 6)
teacher_pictures = draw(10, 5)
teacher_texts = teacher_pictures + draw(10, 5) * 0.7
TEACHER_SCALE = math.log(12.0)
tensors = {
    "pictures": pictures, "texts": texts, "teacher_pictures": teacher_pictures, "teacher_texts": teacher_texts}
numbers = {"teacher_scale": TEACHER_SCALE}
unit = lambda rows: F.normalize(rows.double(), dim=-1)


def run(name, scale, bias, loss):
    leaves = [pictures.double().requires_grad_(), texts.double().requires_grad_()]
    logit_scale = torch.tensor(scale, dtype=torch.float64, requires_grad=True)
    logit_bias = torch.tensor(bias or 0.0, dtype=torch.float64, requires_grad=True)
    value = loss(unit(leaves[0]), unit(leaves[1]), logit_scale.exp(), logit_bias)
    value.backward()
    tensors[f"{name}.pictures"] = leaves[0].grad.float()
    tensors[f"{name}.texts"] = leaves[1].grad.float()
    numbers[name] = {"scale": scale, "bias": bias, "value": value.item(), "logit_scale": logit_scale.grad.item()}
    if bias is not None:
        numbers[name]["logit_bias"] = logit_bias.grad.item()


clip = lambda p, t, s, b: ClipLoss()(p, t, s)
run("clip", math.log(1 / 0.07), None, clip)
run("clip100", math.log(100), None, clip)
run("siglip", math.log(10), -10.0, lambda p, t, s, b: SigLipLoss()(p, t, s, b))
run("distill", math.log(1 / 0.07), None, lambda p, t, s, b: sum(
    DistillClipLoss()(p, t, s, unit(teacher_pictures), unit(teacher_texts), math.exp(TEACHER_SCALE))))


def accumulated(parts):
    """open_clip_train.train.train_one_epoch with accum_freq: the loss once per part, over all features, of which that
    part's alone carry a graph; logit_scale carries one every time."""
    logit_scale = torch.tensor(math.log(1 / 0.07), dtype=torch.float64, requires_grad=True)
    chunks = list(zip(pictures.double().chunk(parts), texts.double().chunk(parts)))
    cached = [(unit(p), unit(t)) for p, t in chunks]
    for place, (p, t) in enumerate(chunks):
        p, t = p.clone().requires_grad_(), t.clone().requires_grad_()
        features = cached[:place] + [(unit(p), unit(t))] + cached[place + 1:]
        ClipLoss()(*(torch.cat(side) for side in zip(*features)), logit_scale.exp()).backward()
    return logit_scale.grad.item()


numbers["accumulated"] = {str(parts): accumulated(parts) for parts in (1, 3)}
save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, HERE / "losses.safetensors")
(HERE / "losses.json").write_text(json.dumps(numbers, indent=1) + "\n")

"""Three training steps of open_clip's RN50 image tower, at full depth and width, for ResNet50TrainingTests.

    python make_rn50_training.py        (torch 2.13.0+cpu, open_clip_torch 3.3.0)

The 38 million weights are not kept: both sides make them from the names by one integer formula. Kept are the outputs,
the norm and 16 elements of every gradient of the first step, and 16 elements of every running statistic after the
third. Pictures are 64 pixels wide, so that attention pooling sees 5 positions; nothing else depends on their size.
"""
import pathlib
import sys
import zlib

import numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: E402, F401, before open_clip
from open_clip.modified_resnet import ModifiedResNet  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

STEPS, RATE = 3, 1e-3


def noise(name, count):
    """Numbers in [-1, 1) that depend on the name alone: exact in 64-bit integers and floats."""
    places = numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(2654435761) + numpy.uint64(zlib.crc32(name.encode()))
    mixed = places % numpy.uint64(1 << 32)
    mixed = (mixed ^ (mixed >> numpy.uint64(15))) * numpy.uint64(2246822519) % numpy.uint64(1 << 32)
    return mixed.astype(numpy.float64) / (1 << 31) - 1


def values(name, shape):
    shape = tuple(shape)
    drawn = noise(name, int(numpy.prod(shape)))
    if name.endswith("bias"):
        drawn = 0.1 * drawn
    elif len(shape) == 1:  # a batch norm's gain
        drawn = 0.3 + 0.1 * drawn if "bn3" in name else 1 + 0.25 * drawn
    elif name.endswith("positional_embedding"):
        drawn = 0.1 * drawn
    else:
        drawn = drawn * (3 / numpy.prod(shape[1:])) ** 0.5
    return torch.from_numpy(drawn.astype(numpy.float32)).reshape(shape)


def sample(tensor):
    flat = tensor.detach().flatten()
    return flat[torch.arange(16) * max(1, (len(flat) - 1) // 15) % len(flat)]


model = ModifiedResNet(layers=(3, 4, 6, 3), output_dim=1024, heads=32, image_size=64, width=64).train()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(values(name, parameter.shape))
kept = {}
for step in range(STEPS):
    pixels = torch.from_numpy((2 * noise(f"pixels {step}", 4 * 3 * 64 * 64)).astype(numpy.float32)).reshape(4, 3, 64, 64)
    output = model(pixels)
    weights = torch.from_numpy(noise("direction", 4 * 1024).astype(numpy.float32)).reshape(4, 1024)
    model.zero_grad()
    (output * weights).sum().backward()
    kept[f"output.{step}"] = output.detach()
    if step == 0:
        for name, parameter in model.named_parameters():
            kept[f"gradient.{name}"] = sample(parameter.grad)
            kept[f"norm.{name}"] = parameter.grad.norm()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= RATE * parameter.grad / max(1.0, float(parameter.grad.norm()))
for name, buffer in model.named_buffers():
    if buffer.is_floating_point():
        kept[f"statistic.{name}"] = sample(buffer)
save_file(kept, HERE / "rn50-training" / "expected.safetensors")
print(sum(tensor.numel() for tensor in kept.values()) * 4, "bytes;", len(kept), "tensors; output", float(output.detach().abs().max()))

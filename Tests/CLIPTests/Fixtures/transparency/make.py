#!/usr/bin/env python3
"""Makes pictures of all of Pillow's modes, and what open_clip and Hugging Face bring them to.

    python3 make.py          (Pillow 13, open_clip 3.3, transformers 5)

`manifest.json` lists for each: the file, the order ("open_clip" resizes, then converts to RGB; "huggingface" lays
transparency on white and converts first), how it is resized, and the offset of its bytes `[S, S, 3]` in expected.bin.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../../Scripts/parity"))
import torchvision_stub  # noqa: F401  (before whatever imports torchvision)

import numpy as np
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from transformers import CLIPImageProcessorPil

SIDE = 16
entries, blob = [], bytearray()


def path(name):
    return os.path.join(HERE, name)


def scene(width, height):
    """Colors of every strength, and transparency that has nothing to do with them."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rgb = np.stack([255 * x / width, 255 - 255 * y / height, 128 + 127 * np.sin(x / 2 + y / 3)], -1).astype(np.uint8)
    rgb[(x + y) % 7 < 2] = (240, 30, 10)
    opacity = np.clip(300 * np.abs(np.sin(x / 5 + y / 9)) - 30, 0, 255).astype(np.uint8)
    return Image.fromarray(rgb), Image.fromarray(opacity)


def pictures():
    for name, size in (("wide", (40, 26)), ("tall", (8, 10))):
        rgb, opacity = scene(*size)
        rgba = rgb.convert("RGBA")
        rgba.putalpha(opacity)
        gray = rgb.convert("LA")
        gray.putalpha(opacity)
        palette = rgb.quantize(12)
        yield f"rgb-{name}.png", rgb, {}
        yield f"gray-{name}.png", rgb.convert("L"), {}
        yield f"rgba-{name}.png", rgba, {}
        yield f"gray-alpha-{name}.png", gray, {}
        yield f"palette-{name}.png", palette, {}
        yield f"palette-table-{name}.png", palette, {"transparency": bytes(range(0, 240, 20))}
        yield f"palette-one-{name}.png", palette, {"transparency": 3}
        yield f"rgb-key-{name}.png", rgb, {"transparency": (240, 30, 10)}
        yield f"gray-key-{name}.png", rgb.convert("L"), {"transparency": 90}
        yield f"bits-{name}.png", rgb.convert("1"), {}
        yield f"bits-key-{name}.png", rgb.convert("1"), {"transparency": 0}
        yield f"gif-{name}.gif", palette, {}
        yield f"gif-one-{name}.gif", palette, {"transparency": 3}
        yield f"gif-gray-{name}.gif", rgb.convert("L"), {}
    rgb, opacity = scene(33, 22)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(opacity)
    yield "rgba.webp", rgba, {"lossless": True, "exact": True}
    yield "rgba.tif", rgba, {"compression": "tiff_adobe_deflate"}
    yield "rgba-turned.tif", rgba, {"compression": "tiff_adobe_deflate", "tiffinfo": {274: 6}}
    yield "rgba.jp2", rgba, {}
    yield "rgba.ico", rgba.crop((0, 0, 20, 20)), {"sizes": [(20, 20)]}
    yield "rgba-bitmap.ico", rgba.crop((0, 0, 20, 20)), {"sizes": [(20, 20)], "bitmap_format": "bmp"}
    yield "cmyk.jpg", rgb.convert("CMYK"), {"quality": 90}
    yield "cmyk.tif", rgb.convert("CMYK"), {"compression": "tiff_adobe_deflate"}
    yield "palette.tif", rgb.quantize(12), {}
    yield "bits.tif", rgb.convert("1"), {"compression": "group4"}
    yield "palette.bmp", rgb.quantize(12), {}
    yield "bits.bmp", rgb.convert("1"), {}
    yield "gray.bmp", rgb.convert("L"), {}
    yield "bits.pbm", rgb.convert("1"), {}


def expect(name, order, mode, interpolation, pixels):
    assert pixels.shape == (SIDE, SIDE, 3), (name, pixels.shape)
    entries.append({"file": name, "order": order, "mode": mode, "interpolation": interpolation, "offset": len(blob)})
    blob.extend(pixels.astype(np.uint8).tobytes())


def open_clip(picture, mode, interpolation):
    config = PreprocessCfg(size=SIDE, mean=(0, 0, 0), std=(1, 1, 1), resize_mode=mode, interpolation=interpolation)
    return (image_transform_v2(config, is_train=False)(picture) * 255).round().permute(1, 2, 0).numpy()


hugging_face = CLIPImageProcessorPil(
    size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, do_rescale=False, do_normalize=False)
for name, picture, options in pictures():
    picture.save(path(name), **options)
    expect(name, "open_clip", "shortest", "bicubic", open_clip(Image.open(path(name)), "shortest", "bicubic"))
    if name.startswith(("rgba", "palette", "gray-alpha")) and name.endswith("wide.png"):
        expect(name, "open_clip", "squash", "bilinear", open_clip(Image.open(path(name)), "squash", "bilinear"))
    found = hugging_face(Image.open(path(name)), return_tensors="np")["pixel_values"][0]
    expect(name, "huggingface", "shortest", "bicubic", found.transpose(1, 2, 0))
with open(path("expected.bin"), "wb") as file:
    file.write(blob)
with open(path("manifest.json"), "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
print(len(entries), "expectations")

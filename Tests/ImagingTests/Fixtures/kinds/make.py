#!/usr/bin/env python3
"""Makes this folder: a picture of every kind that a format knows, and what is right for each.

    python3 make.py          (Pillow 13, NumPy; pillow_heif and avifenc for 10 bits, opj_compress)

Most files are written here byte by byte, so that what is in them is known without any decoder; where Pillow reads a kind
too, it is asked whether it agrees. `manifest.json` lists for each file either its size, the offset of its `[H, W, 3]`
bytes in expected.bin, `alpha` ("none", "drop", or "white" for composited on white) and `tolerance` in levels, or the
words (`refusal`) that its error must have, or that it announces more than any memory holds (`bomb`).
"""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
entries, blob = [], bytearray()
rng = np.random.default_rng(7)


def path(name):
    return os.path.join(HERE, name)


def write(name, data):
    with open(path(name), "wb") as file:
        file.write(data)


def scene(width, height):
    """Smooth colors with an edge, `[H, W, 3]` bytes."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rgb = np.stack([20 + 200 * x / width, 230 - 190 * y / height, 128 + 100 * np.sin(x / 4 + y / 3)], -1)
    rgb[(x > width * 0.6) & (y < height * 0.4)] = (230, 40, 20)
    return rgb.round().astype(np.uint8)


def expect(name, rgb, alpha="none", tolerance=0):
    rgb = np.asarray(rgb)
    assert rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3, (name, rgb.shape, rgb.dtype)
    entries.append({"file": name, "width": rgb.shape[1], "height": rgb.shape[0], "offset": len(blob), "alpha": alpha,
                    "tolerance": tolerance})
    blob.extend(rgb.tobytes())


def expect_alpha(name, rgb, opacity, tolerance=0):
    """The colors under transparency, and the picture laid on white."""
    expect(name, rgb, "drop", tolerance)
    wide, a = rgb.astype(int), opacity.astype(int)[..., None]
    expect(name, ((wide * a + 255 * (255 - a) + 127) // 255).astype(np.uint8), "white", tolerance)


def refuse(name, words):
    entries.append({"file": name, "refusal": words})


def gray(values):
    return np.repeat(values.astype(np.uint8)[..., None], 3, -1)


def cmyk_to_rgb(cmyk):
    """(255 - C)(255 - K) / 255 with Pillow's roundings."""
    c = cmyk.astype(int)
    paper = 255 - c[..., 3:]
    product = c[..., :3] * paper + 128
    return (paper - ((product >> 8) + product >> 8)).clip(0, 255).astype(np.uint8)


def finish():
    write("expected.bin", blob)
    with open(path("manifest.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
    size = sum(os.path.getsize(path(name)) for name in os.listdir(HERE) if not name.endswith(".py"))
    print(len(entries), "expectations,", len(blob), "bytes of them,", size, "bytes in all")


if __name__ == "__main__":
    import make_others
    import make_pngs
    import make_raws
    import make_tiffs
    for part in (make_tiffs, make_pngs, make_others, make_raws):
        part.make()
    import make as shared  # the module that the parts filled, not this script
    shared.finish()

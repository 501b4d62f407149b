"""Has open_clip read the bundled model, and writes what it makes of a picture and some texts.

    python make_bundled.py       (torch 2.13.0+cpu, open_clip_torch 3.3.0, pillow 13, safetensors 0.8)

bundled/picture.png            a demo picture at the model's own size: nothing is resized
bundled/expected.json          "texts": strings in order
bundled/expected.safetensors   image [1, E], text [n, E]: embeddings before normalization, fp32
Run it again whenever Sources/CLIP/Resources/Models/pictures changes.
"""
import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
import open_clip
from PIL import Image
from safetensors.torch import save_file

ROOT = HERE.parents[2]
MODEL = ROOT / "Sources/CLIP/Resources/Models/pictures"
TEXTS = ["a brown hen", "a sports car", "playing card", "flag of France", ""]


def main():
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{MODEL}", precision="fp32")
    model.eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{MODEL}")
    folder = HERE / "bundled"
    folder.mkdir(exist_ok=True)
    size = model.visual.image_size[0]
    picture = Image.open(ROOT / "Demo/pictures/hen.jpg").convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    picture.save(folder / "picture.png", optimize=True)
    with torch.no_grad():
        image = model.encode_image(preprocess(Image.open(folder / "picture.png"))[None])
        text = model.encode_text(tokenizer(TEXTS))
    save_file({"image": image.contiguous(), "text": text.contiguous()}, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"texts": TEXTS}, indent=2) + "\n")


if __name__ == "__main__":
    main()

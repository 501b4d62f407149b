"""Has open_clip read the bundled model, and writes what it makes of a picture and some texts.

    python make_bundled.py       (torch 2.13.0+cpu, open_clip_torch 3.3.0, timm 1.0.31, transformers 5.24.0, pillow, safetensors)

open_clip looks up the size of a text tower of Hugging Face's by its name; here it is told the one that the configuration
states, and transformers reads the vocabulary.

bundled/picture.png            a demo picture at the model's own size: nothing is resized
bundled/expected.json          "texts": strings in order
bundled/expected.safetensors   image [1, E], text [n, E]: embeddings before normalization, fp32
Run it again whenever Sources/CLIP/Resources/Models/pictures changes.
"""
import json
import pathlib
import sys
import tempfile

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
import open_clip
import transformers
from PIL import Image
from safetensors.torch import save_file

ROOT = HERE.parents[2]
MODEL = ROOT / "Sources/CLIP/Resources/Models/pictures"
TEXTS = ["a brown hen", "a sports car", "playing card", "flag of France", "一只棕色的母鸡", "紅色的跑車", ""]


def load(folder):
    """The model of a directory, with a text tower of the size that `hf_model_config` states."""
    config = json.loads((MODEL / "open_clip_config.json").read_text())
    text = config["model_cfg"]["text_cfg"]
    size = transformers.BertConfig(**text.pop("hf_model_config"))
    transformers.AutoConfig.from_pretrained = lambda *_, **__: size
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    (folder / "open_clip_model.safetensors").symlink_to(MODEL / "open_clip_model.safetensors")
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}", precision="fp32")
    return model.eval(), preprocess, text["context_length"]


def main():
    with tempfile.TemporaryDirectory() as directory:
        model, preprocess, length = load(pathlib.Path(directory))
    vocabulary = transformers.BertTokenizer(vocab=str(MODEL / "vocab.txt"), do_lower_case=True)
    tokens = vocabulary(
        TEXTS, padding="max_length", truncation=True, max_length=length, return_tensors="pt")["input_ids"]
    folder = HERE / "bundled"
    folder.mkdir(exist_ok=True)
    size = model.visual.image_size[0]
    picture = Image.open(ROOT / "Demo/pictures/hen.jpg").convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    picture.save(folder / "picture.png", optimize=True)
    with torch.no_grad():
        image = model.encode_image(preprocess(Image.open(folder / "picture.png"))[None])
        text = model.encode_text(tokens)
    save_file({"image": image.contiguous(), "text": text.contiguous()}, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"texts": TEXTS}, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

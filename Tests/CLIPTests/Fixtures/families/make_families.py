"""Writes tiny models of every family and format, made by the projects whose files people have, with their answers.

    python make_families.py [MODULE ...]     (seeded; versions in Scripts/parity/requirements.txt)

NAME/…                      the model in the files of its format
NAME/expected.json          "images": picture files relative to CLIPTests/Fixtures; "texts": strings, or null where only
                            token ids are given; "notes": what is peculiar
NAME/expected.safetensors   pixels [B, 3, S, S], image [B, E], tokens [N, L] int64, text [N, E], logits [B, N]
                            (scale and bias in them); embeddings before normalization, all of it computed in fp32
                            from the very values in the files
Modules: native (OpenAI, open_clip), trunks (SigLIP, EVA), convnets (ConvNeXt), efficientnets, bert_towers (open_clip's from
Hugging Face), transformers_hub (Hugging Face), chinese (cn_clip), captions (CoCa), text_towers and image_towers (those that
Hugging Face's library saves alone), inside (hidden states, pixel gradients, ResNet training, position interpolation).
"""
import shutil
import sys

import common
import torch

sys.path.insert(0, str(common.FIXTURES))
from make_models import picture

PREFIXES = {
    "native": ("openai-", "open_clip-"), "trunks": ("siglip-open", "siglip2-open", "eva"), "transformers_hub": ("hf-",),
    "convnets": ("convnext-",), "efficientnets": ("efficientnet-",), "bert_towers": ("bert-",),
    "chinese": ("chinese-",), "captions": ("coca-",), "text_towers": ("lone-text",), "image_towers": ("lone-image",),
    "inside": ("hidden-", "rn-training", "positions"),
}


def main():
    torch.set_num_threads(1)
    common.write_pictures(picture)
    for name in sys.argv[1:] or PREFIXES:
        for folder in common.FAMILIES.iterdir():
            if folder.is_dir() and folder.name.startswith(PREFIXES[name]):
                shutil.rmtree(folder)
        __import__(name).write()


if __name__ == "__main__":
    sys.exit(main())

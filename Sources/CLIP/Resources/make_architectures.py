"""Writes architectures.json: the shapes that open_clip knows by name, one a line, as its own JSON states them.

    python make_architectures.py        (needs open_clip 3.3.0)

Left out are towers from Hugging Face's library, timm towers other than SigLIP's, EVA's and ConvNeXt's, and models whose
tokenizer is neither CLIP's nor SigLIP's. "-quickgelu" twins are left out too: any native model has one by that ending.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "Scripts" / "parity"))
import torchvision_stub  # noqa: E402, F401, before open_clip
import open_clip  # noqa: E402

TIMM = ("vit_base_patch16_siglip", "vit_base_patch32_siglip", "vit_large_patch16_siglip", "vit_so400m_patch14_siglip",
        "vit_so400m_patch16_siglip", "vit_giantopt_patch16_siglip", "eva02_base_patch16_clip",
        "eva02_large_patch14_clip", "eva02_enormous_patch14_clip_224", "eva_giant_patch14_224", "convnext_")


def is_known(name, config):
    vision, text = config["vision_cfg"], config["text_cfg"]
    tokenizer = text.get("tokenizer_kwargs", {})
    if name.endswith("-quickgelu") or name == "coca_base" or "hf_model_name" in text or "strip_sep_token" in tokenizer:
        return False
    if "hf_tokenizer_name" in text and "SigLIP" not in name:
        return False
    return vision.get("timm_model_name", TIMM[0]).startswith(TIMM)


names = sorted(open_clip.list_models())
configs = {name: open_clip.get_model_config(name) for name in names}
lines = [f"{json.dumps(name)}: {json.dumps(configs[name], sort_keys=True)}"
         for name in names if is_known(name, configs[name])]
path = pathlib.Path(__file__).with_name("architectures.json")
path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
print(len(lines), "of", len(names))

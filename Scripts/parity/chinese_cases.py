"""Chinese-CLIP as cn_clip publishes it: a .pt file of {"state_dict": module.…} and nothing beside it."""
import json
import pathlib

import torchvision_stub  # noqa: F401, before cn_clip
import cn_clip.clip as cn_clip
import torch
from cn_clip.clip.model import CLIP, convert_weights
from cn_clip.clip.utils import image_transform
from reference import *

CONFIGS = pathlib.Path(cn_clip.__file__).parent / "model_configs"


def checkpoint(struct, name, file):
    """`struct` is cn_clip's name of a pair of towers, vision@text, and `name` what `clip` calls it; cn_clip bundles its
    vocabulary, and so does `clip`.
    """
    def make(folder, pictures):
        config = {}
        for part in struct.split("@"):
            config |= json.loads((CONFIGS / f"{part}.json").read_text())
        if isinstance(config["vision_layers"], str):
            config["vision_layers"] = json.loads(config["vision_layers"])
        torch.manual_seed(3)
        model = CLIP(**config).eval()
        randomize(model)
        settle_batch_norms(model.visual, config["image_resolution"])
        convert_weights(model)
        torch.save({
            "epoch": 1, "step": 1, "name": struct,
            "state_dict": {f"module.{key}": value for key, value in model.state_dict().items()}}, folder / file)
        model.float()
        images = encode_pictures(pictures, image_transform(config["image_resolution"]), model.encode_image)
        with torch.inference_mode():
            texts = model.encode_text(cn_clip.tokenize(CHINESE)).numpy()
        return Answers(["--model", name, "--weights", str(folder / file)], images, texts, CHINESE)

    return make


CASES = [
    Case("chinese-ViT-B-16", "cn_clip", 224, checkpoint(
        "ViT-B-16@RoBERTa-wwm-ext-base-chinese", "chinese-clip-ViT-B-16", "clip_cn_vit-b-16.pt")),
    Case("chinese-RN50", "cn_clip", 224, checkpoint("RN50@RBT3-chinese", "chinese-clip-RN50", "clip_cn_rn50.pt")),
]

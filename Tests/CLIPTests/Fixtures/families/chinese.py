"""Chinese-CLIP as its own project saves it: {"state_dict": module.…} with the BERT text tower under bert."""
from common import *
import cn_clip.clip as cn_clip
from cn_clip.clip.bert_tokenizer import FullTokenizer
from cn_clip.clip.model import CLIP, convert_weights
from cn_clip.clip.utils import image_transform

VIT = {"image_resolution": 32, "vision_layers": 2, "vision_width": 16, "vision_patch_size": 8, "vision_head_width": 8}
RESNET = {"image_resolution": 64, "vision_layers": [1, 1, 1, 1], "vision_width": 2, "vision_patch_size": None,
          "vision_head_width": 32}
TEXT = {
    "vocab_size": 140, "text_attention_probs_dropout_prob": 0.1, "text_hidden_act": "gelu",
    "text_hidden_dropout_prob": 0.1, "text_hidden_size": 12, "text_initializer_range": 0.02,
    "text_intermediate_size": 40, "text_max_position_embeddings": 24, "text_num_attention_heads": 2,
    "text_num_hidden_layers": 2, "text_type_vocab_size": 2}


def write_one(name, vision, layers, images, file, seed):
    config = {"embed_dim": 20, **vision, **TEXT, "text_num_hidden_layers": layers}
    model = CLIP(**config).eval()
    randomize(model, seed)
    convert_weights(model)
    stored = {f"module.{key}": value.clone() for key, value in model.state_dict().items()}
    model.float()
    tokens = random_tokens(12, TEXT["vocab_size"], seed, start=101, end=102, counts=(0, 2, 5, 10))
    pixels = load_pixels(images, image_transform(vision["image_resolution"]))
    with torch.no_grad():
        image, text = model.encode_image(pixels), model.encode_text(tokens)
    folder = FAMILIES / name
    folder.mkdir()
    torch.save({"epoch": 1, "step": 3, "name": "tiny", "state_dict": stored}, folder / file)
    write_json(folder / "shape.json", config)
    write_expected(folder, {
        "pixels": pixels, "image": image, "tokens": tokens, "text": text,
        "logits": logits(image, text, model.logit_scale.exp())}, images,
        notes="fp16 convolutions, linears, projections and all of BERT, fp32 otherwise; bert.pooler is there and unused; "
        "[PAD] 0 is masked, [CLS] 101 is read, [SEP] 102; squashed pictures; text eps 1e-12, heads from shape.json.")


def write():
    write_one("chinese-clip-vit", VIT, 2, EXACT_32, "clip_cn_vit-b-16.pt", 51)
    write_one("chinese-clip-rn", RESNET, 3, EXACT_64, "clip_cn_rn50.pt", 52)

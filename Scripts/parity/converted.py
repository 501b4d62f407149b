"""Has other projects read what `clip convert` writes: the same vectors from both files, small models, random weights.

    python Scripts/parity/converted.py bin/clip

The difference is the worst element's of both towers, relative to the largest: at most 1e-5. Exits 0 only when all pass.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torchvision_stub  # noqa: F401, before open_clip
import open_clip
import torch
import transformers
from open_clip.openai import build_model_from_openai_state_dict
from reference import CLIP_PREPROCESS, TEXTS, enlarge_matrices, randomize
from safetensors.torch import save_file
from transformers import (
    AutoTokenizer, ChineseCLIPConfig, ChineseCLIPModel, CLIPConfig, CLIPModel, SiglipConfig, SiglipModel)

transformers.utils.logging.disable_progress_bar()
BOUND = 1e-5
SIZE, LENGTH, VOCABULARY = 64, 77, 49408
TOWER = {"hidden_size": 128, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 512}
PICTURES = {**TOWER, "image_size": SIZE, "patch_size": 16}
OPEN_CLIP = {
    "embed_dim": 48, "quick_gelu": True,
    "vision_cfg": {"image_size": SIZE, "patch_size": 16, "width": 128, "layers": 2},
    "text_cfg": {"context_length": LENGTH, "vocab_size": VOCABULARY, "width": 128, "heads": 2, "layers": 2}}


def filled(model):
    torch.manual_seed(5)
    enlarge_matrices(model)
    randomize(model)
    return model.eval()


def vectors(model, tokens):
    """Both towers' embeddings of fixed pixels and tokens: {image, text}."""
    pixels = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        if isinstance(model, (CLIPModel, SiglipModel, ChineseCLIPModel)):
            outputs = model.get_image_features(pixel_values=pixels), model.get_text_features(input_ids=tokens)
            return [output if isinstance(output, torch.Tensor) else output.pooler_output for output in outputs]
        return [model.encode_image(pixels), model.encode_text(tokens)]


def tokens(vocabulary=VOCABULARY, length=LENGTH):
    rows = torch.randint(1, vocabulary - 2, (3, length), generator=torch.Generator().manual_seed(9))
    rows[:, 0], rows[:, -1] = vocabulary - 2, vocabulary - 1
    return rows


def converted(command, model, target, output):
    run = subprocess.run([command, "convert", "--model", model, "--to", target, "--output", output],
                         capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.strip()[-400:])
    return output


def save_transformers(model, folder, kind, resize, crop=None):
    model.save_pretrained(folder)
    settings = {"image_processor_type": f"{kind}ImageProcessor", "size": resize, "resample": 3, "do_center_crop": bool(crop),
                "image_mean": CLIP_PREPROCESS["mean"], "image_std": CLIP_PREPROCESS["std"]}
    settings |= {"crop_size": crop} if crop else {}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def save_open_clip(model, folder):
    folder.mkdir()
    save_file({key: value.contiguous() for key, value in model.state_dict().items()},
              folder / "open_clip_model.safetensors")
    config = {"model_cfg": OPEN_CLIP, "preprocess_cfg": {"size": SIZE, "mode": "RGB", **CLIP_PREPROCESS}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder


def read_openai(folder):
    """By the code that finds OpenAI's shapes; it rounds weights to halves, which is undone."""
    state = torch.load(folder / "model.pt", weights_only=True)
    model = build_model_from_openai_state_dict(dict(state)).float().eval()
    for name in ("input_resolution", "context_length", "vocab_size"):
        del state[name]
    model.load_state_dict(state)
    return model


def read_open_clip(folder):
    return open_clip.create_model_and_transforms(f"local-dir:{folder}")[0].eval()


def same_tokens(folder):
    """transformers reads the tokenizer's files as open_clip tokenizes, where both clean a text alike."""
    plain = [text for text in TEXTS if text.isascii() and "&" not in text]
    found = AutoTokenizer.from_pretrained(folder)(plain, padding="max_length", truncation=True, max_length=LENGTH).input_ids
    for row, expected in zip(found, open_clip.get_tokenizer("ViT-B-32")(plain).tolist()):
        end = row.index(VOCABULARY - 1) + 1
        if row[:end] != expected[:end]:
            raise RuntimeError(f"tokens {row[:end]} where open_clip has {expected[:end]}")


def routes(command, root):
    """Each: what was converted into what, the reference's vectors, and the reader's."""
    square, shortest = {"height": SIZE, "width": SIZE}, {"shortest_edge": SIZE}
    text = {**TOWER, "hidden_act": "quick_gelu", "eos_token_id": VOCABULARY - 1, "max_position_embeddings": LENGTH}
    clip = filled(CLIPModel(CLIPConfig(
        text_config=text, vision_config={**PICTURES, "hidden_act": "quick_gelu"}, projection_dim=48)))
    source = save_transformers(clip, root / "clip", "CLIP", shortest, square)
    expected = vectors(clip, tokens())
    folder = converted(command, source, "open_clip", root / "clip-open_clip")
    yield "transformers CLIP -> open_clip", expected, vectors(read_open_clip(folder), tokens())
    folder = converted(command, source, "openai", root / "clip-openai")
    yield "transformers CLIP -> OpenAI", expected, vectors(read_openai(folder), tokens())
    folder = converted(command, root / "clip-open_clip", "huggingface", root / "clip-back")
    yield "... and back from open_clip", expected, vectors(CLIPModel.from_pretrained(folder), tokens())

    model = filled(open_clip.CLIP(**OPEN_CLIP))
    source = save_open_clip(model, root / "open_clip")
    expected = vectors(model, tokens())
    folder = converted(command, source, "huggingface", root / "open_clip-huggingface")
    same_tokens(folder)
    yield "open_clip -> transformers CLIP", expected, vectors(CLIPModel.from_pretrained(folder), tokens())
    folder = converted(command, source, "openai", root / "open_clip-openai")
    yield "open_clip -> OpenAI", expected, vectors(read_openai(folder), tokens())

    siglip = filled(SiglipModel(SiglipConfig(
        text_config={**TOWER, "vocab_size": 500, "projection_size": 128, "max_position_embeddings": 16},
        vision_config=PICTURES)))
    source = save_transformers(siglip, root / "siglip", "Siglip", square)
    folder = converted(command, source, "huggingface", root / "siglip-huggingface")
    rows = tokens(500, 16)
    yield "transformers SigLIP", vectors(siglip, rows), vectors(SiglipModel.from_pretrained(folder), rows)

    chinese = filled(ChineseCLIPModel(ChineseCLIPConfig(
        text_config={**TOWER, "vocab_size": 500, "max_position_embeddings": 64}, vision_config=PICTURES,
        projection_dim=48)))
    source = save_transformers(chinese, root / "chinese", "ChineseCLIP", square)
    folder = converted(command, source, "huggingface", root / "chinese-huggingface")
    rows = tokens(500, 16)
    yield "transformers Chinese-CLIP", vectors(chinese, rows), vectors(ChineseCLIPModel.from_pretrained(folder), rows)


def main():
    passed = True
    with tempfile.TemporaryDirectory(prefix="clip-converted-") as root:
        for name, expected, found in routes(sys.argv[1], pathlib.Path(root)):
            worst = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, expected))
            passed &= worst <= BOUND
            print(f"{name:<31} | {worst:7.1e} | {'pass' if worst <= BOUND else 'FAIL'}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

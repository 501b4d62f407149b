"""Compares `clip` with the libraries on sets of published configuration files, the weights random.

    python Scripts/parity/configurations.py FOLDER bin/clip [--sets NAME ...]      (the Python of Scripts/parity/run)

FOLDER holds a folder a set, each as people have it on disk: Hugging Face's config.json with preprocessor and tokenizer
settings, open_clip_config.json, tokenizer or preprocessor settings alone, or JSON files that are each a shape. A tower is
made by its own library with at most LAYERS layers, which are written into a copy of the configuration so that both sides
agree; CLIP's vocabulary takes the place of one that is not there. Each line says what came of a set: the worst difference
relative to the largest element, or the words of a refusal and whether such a thing is known not to be read. Exits 0 when
nothing differs and every refusal is right.
"""
import argparse
import copy
import json
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
import torchvision_stub  # noqa: F401, before open_clip
import numpy
import open_clip
import torch
import transformers
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from reference import CLIP_PREPROCESS, enlarge_matrices, randomize, settle_batch_norms, write_pictures
from safetensors.torch import save_file

import vocabularies

logging.disable(logging.WARNING)
LAYERS = 2
EXACT, RESIZED = 1e-4, 2e-2
MOST_PARAMETERS = 500_000_000
TEXTS = [
    "beach!!", "a photo of a cat", "", "wow ! ok<|endoftext|>!", "café “crème” ﬁsh", "日本語 🎉 !?", "it's " + "very " * 90 + "!"]
# The library's own class by what a config.json says it was saved as, or by its type where it does not.
CLASSES = {
    "clip": "CLIPModel", "clip_text_model": "CLIPTextModel", "clip_vision_model": "CLIPVisionModel",
    "siglip": "SiglipModel", "siglip_vision_model": "SiglipVisionModel", "chinese_clip": "ChineseCLIPModel",
    "chinese_clip_vision_model": "ChineseCLIPVisionModel"}
# What README and Techniques say is not read, by the words of the refusal.
KNOWN = [
    r"model_type: \"(t5|bert|jina_clip|siglip2|xlm|roberta|mt5|clap)", r"text towers from Hugging Face's library",
    r"timm_model_name: \"(?!vit_\w+_siglip|eva|convnext)", r"audio_cfg: towers that hear", r"tokenizer", r"proj_type",
    r"timm_(pool|proj)", r"architectures: StableDiffusionSafetyChecker", r"these are cn_clip's settings of one tower",
    r"vision_cfg: an object is needed", r"text_cfg\.attention_mode", r"vision_cfg\.(in_chans|ls_init_value|qkv_bias|use_rms_norm)"]


class Refusal(Exception):
    """Words of `clip`."""


def run(command, *arguments):
    result = subprocess.run([command, *arguments], capture_output=True, text=True)
    if result.returncode:
        raise Refusal((result.stderr.strip().splitlines() or ["no words"])[-1].removeprefix("clip: error: "))
    return result.stdout


def embeddings(command, folder, pictures, texts):
    arguments = ["embed", "--model", str(folder), "--json", "--no-normalize"]
    arguments += [part for path in pictures for part in ("--image", str(path))] + [f"--text={text}" for text in texts]
    answer = json.loads(run(command, *arguments))
    return {key: numpy.array([row["embedding"] for row in answer[key]]) for key in ("images", "texts")}


def difference(found, expected):
    if found.shape != expected.shape:
        raise Refusal(f"shape {found.shape} where the library has {expected.shape}")
    return float(numpy.abs(found - expected).max() / numpy.abs(expected).max())


def shortened(config):
    """A copy with at most LAYERS layers in every tower."""
    def walk(value):
        for key, inner in value.items():
            if key in ("num_hidden_layers", "layers") and isinstance(inner, int):
                value[key] = min(inner, LAYERS)
            elif isinstance(inner, dict):
                walk(inner)
        return value

    return walk(copy.deepcopy(config))


def prepared(path, settings, size):
    """A picture as settings say, computed plainly with Pillow: [1, 3, size, size]."""
    image = Image.open(path).convert("RGB")
    wanted = settings.get("size", size)
    crops = settings.get("do_center_crop", True) and not (isinstance(wanted, dict) and "height" in wanted)
    filter_ = Image.Resampling(settings.get("resample", 3))
    if crops:
        short = min(image.size)
        image = image.resize([int(size * side / short) if side != short else size for side in image.size], filter_)
        left, top = [round((side - size) / 2) for side in image.size]
        image = image.crop((left, top, left + size, top + size))
    else:
        image = image.resize((size, size), filter_)
    pixels = torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1).float() / 255
    mean, std = (torch.tensor(settings.get(f"image_{name}", CLIP_PREPROCESS[name])).reshape(3, 1, 1) for name in ("mean", "std"))
    return ((pixels - mean) / std)[None]


def image_settings(folder):
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).exists():
            settings = json.loads((folder / name).read_text())
            return settings.get("image_processor", settings)
    return {"size": None}


def tokens_of(folder, length):
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder)
    return tokenizer(TEXTS, padding="max_length", truncation=True, max_length=length, return_tensors="pt").input_ids


def add_vocabulary(folder):
    """CLIP's vocabulary and merges under the set's own small files."""
    with tempfile.TemporaryDirectory() as spare:
        spare = pathlib.Path(spare)
        vocabularies.write_clip(spare, 77)
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(spare / name, folder)


def pooled(output):
    if isinstance(output, torch.Tensor):
        return output
    for name in ("text_embeds", "image_embeds", "pooler_output"):
        if getattr(output, name, None) is not None:
            return getattr(output, name)
    raise Refusal("the library gives no embedding")


def hugging_face(command, source, folder):
    config = shortened(json.loads((source / "config.json").read_text()))
    (folder / "config.json").write_text(json.dumps(config))
    kind = config.get("model_type")
    if kind not in CLASSES:
        embeddings(command, folder, [], ["a"])  # says why not
        raise AssertionError("was accepted")
    class_ = getattr(transformers, (config.get("architectures") or [CLASSES[kind]])[0], None)
    if class_ is None:
        class_ = getattr(transformers, CLASSES[kind])
    torch.manual_seed(3)
    model = class_(transformers.AutoConfig.from_pretrained(folder)).float().eval()  # a stated dtype is the file's
    enlarge_matrices(model)
    randomize(model)
    state = {key: value.contiguous() for key, value in model.state_dict().items() if "position_ids" not in key}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    vision = getattr(model.config, "vision_config", model.config if "vision" in kind else None)
    text = getattr(model.config, "text_config", model.config if "text" in kind else None)
    is_clips = text is not None and text.vocab_size == 49408
    settings, given = image_settings(source), []
    if vision is not None and not any((source / name).exists() for name in ("preprocessor_config.json", "processor_config.json")):
        vocabularies.write_json(folder / "preprocessor_config.json", {
            "image_processor_type": "CLIPImageProcessor", "size": vision.image_size, "crop_size": vision.image_size,
            "image_mean": CLIP_PREPROCESS["mean"], "image_std": CLIP_PREPROCESS["std"], "resample": 3})
        settings, given = image_settings(folder), ["CLIP's preprocessing added"]
    pictures = write_pictures(folder, vision.image_size)[1:3] if vision is not None else []
    if is_clips:
        add_vocabulary(folder)
    texts = TEXTS if is_clips else []
    found = embeddings(command, folder, pictures, texts)
    with torch.inference_mode():
        notes = []
        if pictures:
            encode = getattr(model, "get_image_features", model)
            expected = numpy.concatenate([
                pooled(encode(pixel_values=prepared(path, settings, vision.image_size))).numpy() for path in pictures])
            notes += judged("pictures", found["images"][:1], expected[:1], EXACT)
            notes += judged("resized", found["images"][1:], expected[1:], RESIZED)
        if texts:
            encode = getattr(model, "get_text_features", model)
            expected = pooled(encode(input_ids=tokens_of(folder, text.max_position_embeddings))).numpy()
            notes += judged("texts", found["texts"], expected, EXACT)
    return ", ".join(notes + given)


def judged(name, found, expected, bound):
    worst = difference(found, expected)
    if not worst <= bound:
        raise AssertionError(f"{name} differ by {worst:.1e}")
    return [f"{name} {worst:.0e}"]


def tokenizer_alone(command, source, folder):
    kind = json.loads((source / "tokenizer_config.json").read_text()).get("tokenizer_class", "")
    if "CLIP" not in kind:
        return f"no tokenizer of CLIP's ({kind}): nothing to compare"
    add_vocabulary(folder)
    vocabularies.write_json(folder / "config.json", {"model_type": "clip_text_model", "num_hidden_layers": 1})
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder)
    padded = json.loads(run(command, "tokenize", "--model", str(folder), "--json", "--", *TEXTS))["tokens"]
    bare = [[int(id_) for id_ in line.split()] for line in run(
        command, "tokenize", "--model", str(folder), "--", *TEXTS).splitlines()]
    if padded != tokens_of(folder, 77).tolist() or bare != tokenizer(TEXTS, truncation=True, max_length=77).input_ids:
        raise AssertionError("ids differ")
    return "ids equal"


def preprocessor_alone(command, source, folder):
    settings = image_settings(source)
    size = settings.get("crop_size", 224)
    size = size if isinstance(size, int) else size["height"]
    vocabularies.write_json(folder / "config.json", {
        "model_type": "clip_vision_model", "image_size": size, "patch_size": size, "num_hidden_layers": 1})
    pictures = write_pictures(folder, size)[1:3]
    run(command, "preprocess", *map(str, pictures), "--model", str(folder), "--output", str(folder / "pixels.npy"))
    found = numpy.load(folder / "pixels.npy")
    expected = numpy.concatenate([prepared(path, settings, size).numpy() for path in pictures])
    return ", ".join(judged("pixels", found[:1], expected[:1], EXACT) + judged("resized", found[1:], expected[1:], RESIZED))


def open_clips(command, config, folder):
    """One of open_clip's shapes."""
    config = shortened(config)
    vocabularies.write_json(folder / "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": CLIP_PREPROCESS})
    try:
        embeddings(command, folder, [], ["a"])
    except Refusal as refusal:
        if "architecture without weights" not in str(refusal):
            raise
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in open_clip.create_model(
            f"local-dir:{folder}", load_weights=False, device="meta").parameters())
    if "hf_tokenizer_name" not in config["text_cfg"]:
        run(command, "tokenize", "a", "--model", str(folder))
    if size > MOST_PARAMETERS:
        return f"read, and too large to be compared here ({size // 1_000_000} million values)"
    torch.manual_seed(3)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False).eval()
    if "timm_model_name" in config["vision_cfg"]:
        enlarge_matrices(model.visual)
    randomize(model)
    side = model.visual.image_size
    side = side[0] if isinstance(side, (tuple, list)) else side
    settle_batch_norms(model.visual, side)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()},
              folder / "open_clip_model.safetensors", {"format": "pt"})
    pictures = write_pictures(folder, side)[1:2]
    texts = TEXTS if config["text_cfg"].get("vocab_size", 49408) == 49408 else []
    found = embeddings(command, folder, pictures, texts)
    transform = image_transform_v2(PreprocessCfg(size=side, **CLIP_PREPROCESS), is_train=False)
    with torch.inference_mode():
        expected = numpy.concatenate([model.encode_image(transform(Image.open(path))[None], normalize=False).numpy() for path in pictures])
        notes = judged("pictures", found["images"], expected, EXACT)
        if texts:
            tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(TEXTS)
            notes += judged("texts", found["texts"], model.encode_text(tokens, normalize=False).numpy(), EXACT)
    return ", ".join(notes)


def shape_alone(command, config, folder):
    """A JSON file that is no open_clip shape: read as `--model FILE`, or refused."""
    path = folder / "shape.json"
    path.write_text(json.dumps(config))
    try:
        run(command, "embed", "--model", str(path), "--json", "--text", "a")
    except Refusal as refusal:
        if not re.search("architecture without weights|image tower alone", str(refusal)):
            raise
    return "read"


def jobs(source):
    """What there is to do for a set: (name, function, its first argument)."""
    if (source / "open_clip_config.json").exists():
        yield source.name, open_clips, json.loads((source / "open_clip_config.json").read_text())["model_cfg"]
    elif (source / "config.json").exists():
        yield source.name, hugging_face, source
    elif (source / "tokenizer_config.json").exists():
        yield source.name, tokenizer_alone, source
    elif (source / "preprocessor_config.json").exists():
        yield source.name, preprocessor_alone, source
    else:
        for path in sorted(source.glob("*.json")):
            config = json.loads(path.read_text())
            is_open_clips = "embed_dim" in config and "text_cfg" in config and "eva_model_name" not in config.get("vision_cfg", {})
            yield f"{source.name}/{path.stem}", open_clips if is_open_clips else shape_alone, config


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="a folder of sets")
    parser.add_argument("command", help="the clip command to test")
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="these alone, or what begins so")
    arguments = parser.parse_args()
    torch.set_num_threads(min(torch.get_num_threads(), int(os.environ.get("OMP_NUM_THREADS", "4"))))
    counts = {"equal": 0, "refused": 0, "WRONG": 0}
    for source in sorted(path for path in arguments.folder.iterdir() if path.is_dir()):
        for name, compare, argument in jobs(source):
            if arguments.sets and not any(name.startswith(wanted) for wanted in arguments.sets):
                continue
            folder = pathlib.Path(tempfile.mkdtemp(prefix="clip-set-"))
            try:
                if compare in (hugging_face, tokenizer_alone, preprocessor_alone):
                    for path in source.glob("*.json"):
                        if not path.name.endswith(".index.json"):
                            shutil.copy(path, folder)
                result, words = "equal", compare(arguments.command, argument, folder)
            except Refusal as refusal:
                words = str(refusal).replace(str(folder), "…")
                result = "refused" if any(re.search(known, words) for known in KNOWN) else "WRONG"
            except Exception as error:
                result, words = "WRONG", f"{type(error).__name__}: {error}".splitlines()[0][:300]
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            counts[result] += 1
            print(f"{name:<60} | {result:<7} | {words}", flush=True)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 0 if counts["WRONG"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

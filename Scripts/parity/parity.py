"""Compares `clip embed` with open_clip on every built-in model, from picture file and string to vector.

    Scripts/parity/run bin/clip [--models ViT-B-32 ...] [--keep]

Each model gets random weights from open_clip (gains and biases moved off 1 and 0, so that a forgotten one shows) and
is saved as a model directory in open_clip's layout. The difference is the worst element's, relative to the largest
element of open_clip's: at most 1e-4 for texts and for lossless pictures of the model's own size, at most 2e-2 for
pictures that are resized, where a grey level may round the other way. Exits 0 only when every model passes.
"""
import argparse
import gc
import json
import logging
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import torch
import torch.library

# A CPU build of torch beside PyPI's torchvision has no torchvision operators; its Python half does without.
_register_fake = torch.library.register_fake
torch.library.register_fake = lambda name, *rest, **named: (
    (lambda function: function)
    if isinstance(name, str) and name.startswith("torchvision::")
    else _register_fake(name, *rest, **named)
)
logging.disable(logging.WARNING)
import open_clip
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file

MODELS = ["ViT-B-32", "ViT-B-32-quickgelu", "ViT-B-16", "ViT-L-14", "ViT-L-14-336"]
TEXTS = [
    "a diagram", "A person riding a motorcycle", "", "café “crème” &amp; ﬁsh", "日本語 🎉",
    "a photo of " + "very " * 90 + "long caption that is cut",
]
EXACT, RESIZED = 1e-4, 2e-2


def random_picture(generator, width, height):
    """Smooth colours with grain, as a photograph has both."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = []
    for _ in range(3):
        a, b, c = generator.uniform(-6, 6, 3)
        planes.append(128 + 90 * numpy.sin(a * x / width + b * y / height + c) + generator.normal(0, 8, (height, width)))
    return Image.fromarray(numpy.clip(numpy.stack(planes, -1), 0, 255).astype(numpy.uint8))


def make_model(name, folder):
    """Saves a model with random weights and returns it as loaded back from the folder, with its preprocessing."""
    torch.manual_seed(3)
    model = open_clip.create_model(name, pretrained=None)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias"):
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif "ln_" in key:
                parameter.mul_(1 + 0.2 * torch.randn_like(parameter))
    preprocess = open_clip.get_model_preprocess_cfg(model)
    preprocess = {key: preprocess[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in preprocess}
    config = {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2))
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors", {"format": "pt"})
    return model.eval()


def expected_embeddings(name, folder, pictures):
    model = make_model(name, folder)
    preprocess = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    with torch.inference_mode():
        images = [model.encode_image(preprocess(Image.open(path))[None])[0].numpy() for path in pictures]
        texts = model.encode_text(open_clip.get_tokenizer(name)(TEXTS)).numpy()
    return numpy.stack(images), texts


def actual_embeddings(command, folder, pictures):
    arguments = [command, "embed", "--model", str(folder), "--json", "--no-normalize"]
    for path in pictures:
        arguments += ["--image", str(path)]
    for text in TEXTS:
        arguments += [f"--text={text}"]
    run = subprocess.run(arguments, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"{command} embed ended with {run.returncode}: {run.stderr.strip()[-500:]}")
    answer = json.loads(run.stdout)
    if [pathlib.Path(row["image"]).name for row in answer["images"]] != [path.name for path in pictures]:
        raise RuntimeError("images came back in another order")
    if [row["text"] for row in answer["texts"]] != TEXTS:
        raise RuntimeError("texts came back in another order or changed")
    return tuple(numpy.array([row["embedding"] for row in answer[key]], numpy.float32) for key in ("images", "texts"))


def difference(actual, expected):
    if actual.shape != expected.shape:
        raise RuntimeError(f"shape {actual.shape} where open_clip has {expected.shape}")
    worst = float(numpy.abs(actual - expected).max() / numpy.abs(expected).max())
    return worst if numpy.isfinite(worst) else float("inf")


def compare(command, name, root):
    folder = root / name
    folder.mkdir()
    size = open_clip.get_model_config(name)["vision_cfg"]["image_size"]
    generator = numpy.random.default_rng(4)
    pictures = []
    for index, shape in enumerate([(size, size), (size, size), (500, 375), (301, 640)]):
        pictures.append(folder / f"picture-{index}.png")
        random_picture(generator, *shape).save(pictures[-1])
    images, texts = expected_embeddings(name, folder, pictures)
    gc.collect()
    own_images, own_texts = actual_embeddings(command, folder, pictures)
    return [
        (difference(own_images[:2], images[:2]), EXACT), (difference(own_texts, texts), EXACT),
        (difference(own_images[2:], images[2:]), RESIZED)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", help="the clip command to test")
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="NAME")
    parser.add_argument("--keep", action="store_true", help="keep the model directories and print where they are")
    arguments = parser.parse_args()
    if shutil.which(arguments.command) is None:
        parser.error(f"{arguments.command} is no command; build it with `make build`")
    root = pathlib.Path(tempfile.mkdtemp(prefix="clip-parity-"))
    failed = False
    try:
        print(f"{'model':<20} {'image':>9} {'text':>9} {'resized':>9}", flush=True)
        for name in arguments.models:
            try:
                results = compare(arguments.command, name, root)
                passed = all(worst <= bound for worst, bound in results)
                figures = " ".join(f"{worst:9.1e}" for worst, _ in results)
                print(f"{name:<20} {figures}  {'pass' if passed else 'FAIL'}", flush=True)
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                passed = False
                print(f"{name:<20} FAIL  {error}", flush=True)
            failed |= not passed
            if not arguments.keep:
                shutil.rmtree(root / name)
    finally:
        if arguments.keep:
            print(f"kept in {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

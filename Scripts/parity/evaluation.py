#!/usr/bin/env python3
"""Compares "clip evaluate" with CLIP_benchmark and scikit-learn, on the same model and pictures.

    evaluation.py CLIP [--fashion FOLDER] [--shards GLOB] [--precision bf16]

Embeddings are what "clip embed" gives; CLIP_benchmark's own functions (PyPI, version in requirements-evaluation.txt) compute its
figures of them. FOLDER holds Fashion-MNIST's files (Debian: dataset-fashion-mnist), GLOB pairs with captions.
"""

import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile

import numpy
import torch
from clip_benchmark.metrics import zeroshot_classification, zeroshot_retrieval
from PIL import Image
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression

NAMES = ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
TEMPLATES = ["a photo of a {c}", "a picture of a {c}, drawn"]
failures = 0
precision = []


def run(*words):
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(words[:3])}: {result.stderr}")
    return result.stdout


def tell(name, ours, theirs, tolerance=1e-6):
    # CLIP_benchmark's means are of 32 bits; one picture of ten thousand is 1e-4.
    global failures
    is_equal = abs(ours - theirs) <= tolerance
    failures += not is_equal
    print(f"{'ok  ' if is_equal else 'DIFFERS'}  {name}: {ours:.6f} and {theirs:.6f}")


class Stored(torch.nn.Module):
    """A model whose embeddings are known: what it is given are their places."""

    def __init__(self, pictures, texts):
        super().__init__()
        self.pictures, self.texts = torch.from_numpy(pictures), texts

    def encode_image(self, places):
        return self.pictures[places]

    def encode_text(self, places):
        return self.texts.vectors[places]


class Texts:
    """Texts embedded once; as a tokenizer it gives their places."""

    def __init__(self, clip, texts, folder):
        self.places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        path = os.path.join(folder, "texts.txt")
        with open(path, "w") as file:
            file.write("\n".join(self.places) + "\n")
        self.vectors = torch.from_numpy(embed(clip, folder, "--texts-file", path))

    def __call__(self, texts):
        return torch.tensor([self.places[text] for text in texts])


def embed(clip, folder, *options):
    path = os.path.join(folder, "vectors.npy")
    run(clip, "embed", *options, *precision, "--output", path)
    return numpy.load(path)


def idx(path):
    data = gzip.open(path).read()
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def batches(places, targets):
    dataset = torch.utils.data.TensorDataset(places, targets)
    dataset.classes = NAMES  # For CLIP_benchmark's report by class.
    return torch.utils.data.DataLoader(dataset, batch_size=64)


def fashion(clip, source, folder):
    pictures = idx(f"{source}/t10k-images-idx3-ubyte.gz")
    labels = idx(f"{source}/t10k-labels-idx1-ubyte.gz")
    listing = os.path.join(folder, "list.txt")
    with open(listing, "w") as file:
        for place, pixels in enumerate(pictures):
            path = os.path.join(folder, f"{place:05}.png")
            Image.fromarray(pixels).convert("RGB").save(path)
            file.write(path + "\n")
    vectors = embed(clip, folder, "--images-file", listing)
    texts = Texts(clip, [template.format(c=name) for name in NAMES for template in TEMPLATES], folder)
    theirs = zeroshot_classification.evaluate(
        Stored(vectors, texts), batches(torch.arange(len(labels)), torch.from_numpy(labels.astype(numpy.int64))), texts,
        NAMES, TEMPLATES, "cpu", amp=False)
    options = [part for template in TEMPLATES for part in ("--template", template.replace("{c}", "{}"))]
    ours = json.loads(run(clip, "evaluate", "zero-shot", "--data", source, *options, *precision, "--json"))["results"]
    tell("Fashion-MNIST, top-1", ours["top1"]["value"], theirs["acc1"])
    tell("Fashion-MNIST, top-5", ours["top5"]["value"], theirs["acc5"])
    tell("Fashion-MNIST, mean per-class recall", ours["mean_per_class_recall"]["value"], theirs["mean_per_class_recall"])
    probe(clip, source)


def probe(clip, source):
    """The probe's accuracy by scikit-learn, with the strength that ours chose, on the features that are kept."""
    ours = json.loads(run(clip, "evaluate", "probe", "--data", source, *precision, "--json"))["results"]
    kept = {}
    cache = json.loads(run(clip, "cache", "list", "--json"))
    for entry in cache["entries"]:
        tensors = load_file(os.path.join(cache["folder"], entry["key"] + ".safetensors"))
        is_same = entry["description"].endswith({"fp32": "float32", "bf16": "bfloat16"}[precision[1]])
        if is_same and "states" in tensors and len(tensors["states"]) in (10_000, 60_000):
            kept.setdefault(len(tensors["states"]), tensors["states"])
    train = idx(f"{source}/train-labels-idx1-ubyte.gz")
    test = idx(f"{source}/t10k-labels-idx1-ubyte.gz")
    theirs = LogisticRegression(C=ours["strength"], max_iter=1000).fit(kept[60_000], train)
    tell("Fashion-MNIST, probe", ours["accuracy"]["value"], theirs.score(kept[10_000], test), 0.002)


def retrieval(clip, pattern, folder):
    shards = sorted(glob.glob(pattern))
    captions = []
    for shard in shards:
        with tarfile.open(shard) as file:
            found = {}
            for member in file:
                if member.name.endswith(".json"):
                    record = json.load(file.extractfile(member))
                    found[member.name] = [record["caption"]]
        captions += found.values()
    ours = json.loads(run(clip, "evaluate", "retrieval", "--data", "::".join(shards), "--convention", "paired", *precision, "--json"))
    vectors = embed(clip, folder, *shards)
    texts = Texts(clip, [own[0] for own in captions], folder)
    loader = [(torch.arange(i, min(i + 64, len(captions))), captions[i:i + 64]) for i in range(0, len(captions), 64)]
    theirs = zeroshot_retrieval.evaluate(
        Stored(vectors, texts), loader, texts, "cpu", amp=False, recall_k_list=[1, 5, 10])
    for depth in (1, 5, 10):
        results = ours["results"]
        tell(f"pairs, image to text R@{depth}", results["image_to_text"][f"R@{depth}"]["value"],
             theirs[f"text_retrieval_recall@{depth}"])
        tell(f"pairs, text to image R@{depth}", results["text_to_image"][f"R@{depth}"]["value"],
             theirs[f"image_retrieval_recall@{depth}"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip")
    parser.add_argument("--fashion", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--shards")
    parser.add_argument("--precision", default="fp32")
    arguments = parser.parse_args()
    precision.extend(["--precision", arguments.precision])
    with tempfile.TemporaryDirectory() as folder:
        if arguments.shards:
            retrieval(arguments.clip, arguments.shards, folder)
        if os.path.exists(arguments.fashion):
            fashion(arguments.clip, arguments.fashion, folder)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs all picture files of a folder through `clip preprocess` and through open_clip on Pillow, and prints by kind: how
many there are, how many each of the two reads, the worst difference in gray levels (0...255), and why files were refused.

    Scripts/parity/pictures.py FOLDER [--clip bin/clip] [--far 8]

A kind is Pillow's format and mode, or the file's extension where Pillow reads nothing. Each picture is a process of its
own, so that a crash is counted and not suffered. Files that differ by more than `--far` levels are listed.
"""
import argparse
import collections
import dataclasses
import multiprocessing
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import torchvision_stub  # noqa: F401  (before whatever imports torchvision)

import numpy
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

MEAN = numpy.array([0.48145466, 0.4578275, 0.40821073])[:, None, None] * 255
DEVIATION = numpy.array([0.26862954, 0.26130258, 0.27577711])[:, None, None] * 255


@dataclasses.dataclass
class Outcome:
    """`read` by the command, `known` to Pillow; `difference` in gray levels where both; `refusal` is the message."""

    path: pathlib.Path
    kind: str
    known: bool
    read: bool = False
    difference: float | None = None
    refusal: str = ""
    crash: str = ""


def reference(path, transform):
    """The kind, and what open_clip makes of the file; None where Pillow does not read it."""
    try:
        with Image.open(path) as picture:
            kind = f"{picture.format} {picture.mode}"
            return kind, transform(picture).numpy() * 255
    except Exception:  # whatever Pillow's plugins throw at broken files
        return (path.suffix.lstrip(".").lower() or "none") + " (not by Pillow)", None


def outcome(path, arguments, folder):
    config = PreprocessCfg(size=224, mean=(0, 0, 0), std=(1, 1, 1), resize_mode="shortest", interpolation="bicubic")
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = 100_000_000  # Pillow refuses twice that
    kind, expected = reference(path, image_transform_v2(config, is_train=False))
    result = Outcome(path, kind, expected is not None)
    output = pathlib.Path(folder) / f"{abs(hash(path))}.npy"
    command = [arguments.clip, "preprocess", str(path), "--alpha", "open_clip", "--model", arguments.model,
               "--output", str(output)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    except subprocess.TimeoutExpired:
        result.crash = "no answer in 120 seconds"
        return result
    if run.returncode == 0:
        result.read = True
        if expected is not None:
            result.difference = float(abs(numpy.load(output)[0] * DEVIATION + MEAN - expected).max())
        output.unlink()
    elif run.returncode == 65:
        words = run.stderr.strip().split("\n")[-1]
        result.refusal = words.replace("clip: error: ", "").replace(f"{path}: ", "")
    else:
        result.crash = f"exit {run.returncode}: {run.stderr.strip()[-200:]}"
    return result


def finished(path, result):
    """A file may end the process that Pillow runs in; then nothing comes back."""
    try:
        return result.get(timeout=300)
    except multiprocessing.TimeoutError:
        return Outcome(path, "(ended the reference)", known=False)


def report(outcomes, far):
    kinds = collections.defaultdict(list)
    for one in outcomes:
        kinds[one.kind].append(one)
    print(f"{'kind':34} {'files':>6} {'read':>6} {'Pillow':>6} {'worst':>7} {'median':>7}")
    for kind, group in sorted(kinds.items()):
        differences = [one.difference for one in group if one.difference is not None]
        worst, median = (f"{value:.1f}" if differences else "-" for value in
                         (max(differences, default=0), float(numpy.median(differences or [0]))))
        print(f"{kind:34} {len(group):6} {sum(one.read for one in group):6} "
              f"{sum(one.known for one in group):6} {worst:>7} {median:>7}")
    print("\nRefused")
    words = collections.Counter()
    for one in outcomes:
        if one.refusal:
            # Numbers differ from file to file; the reason is the same.
            reason = re.sub(r"\d+", "N", one.refusal.split("; ")[0])
            words[(one.kind, reason, one.known)] += 1
    for (kind, reason, by_pillow), count in sorted(words.items()):
        print(f"  {count:4}  {kind}: {reason}{'   (Pillow reads it)' if by_pillow else ''}")
    print(f"\nMore than {far:g} levels apart")
    for one in sorted(outcomes, key=lambda one: -(one.difference or 0)):
        if (one.difference or 0) > far:
            print(f"  {one.difference:6.1f}  {one.kind}  {one.path}")
    print("\nCrashes")
    for one in outcomes:
        if one.crash:
            print(f"  {one.path}: {one.crash}")
    total = len(outcomes)
    print(f"\n{total} files, {sum(o.read for o in outcomes)} read, {sum(bool(o.refusal) for o in outcomes)} "
          f"refused, {sum(bool(o.crash) for o in outcomes)} crashes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--clip", default="bin/clip")
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--far", type=float, default=8)
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.folder.rglob("*") if path.is_file())
    # Processes that end after a while: broken files make Pillow's libraries lose memory.
    pool = multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=100)
    with tempfile.TemporaryDirectory() as folder, pool:
        waiting = [(path, pool.apply_async(outcome, (path, arguments, folder))) for path in files]
        outcomes = [finished(path, result) for path, result in waiting]
    report(outcomes, arguments.far)
    sys.exit(any(one.crash for one in outcomes))


if __name__ == "__main__":
    main()

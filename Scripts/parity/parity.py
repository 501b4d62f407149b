"""Compares `clip embed` with the projects whose models it reads, from picture file and string to vector.

    Scripts/parity/run bin/clip [--models ViT-B-32 RN50 ...] [--list] [--keep] [--show]

Each model gets random weights from its own project (gains and biases moved off 1 and 0, so that a forgotten one shows)
and is saved in the files people have: open_clip and transformers directories, OpenAI's TorchScript archives, cn_clip's
.pt. The difference is the worst element's, relative to the largest element of the reference's: at most 1e-4 for texts
and for lossless pictures of the model's own size, at most 2e-2 for pictures that are resized, where a grey level may
round the other way. Exits 0 only when every model passes.
"""
import argparse
import gc
import json
import logging
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
import torchvision_stub  # noqa: F401, before open_clip
import numpy
import torch
import transformers

logging.disable(logging.WARNING)
transformers.utils.logging.disable_progress_bar()
import chinese_cases
import open_clip_cases
import transformers_cases
from reference import write_pictures

CASES = open_clip_cases.CASES + transformers_cases.CASES + chinese_cases.CASES
EXACT, RESIZED = 1e-4, 2e-2
REFUSALS = (AssertionError, RuntimeError, ValueError, KeyError, TypeError, OSError)


def invocation(command, answers, pictures):
    """The exact call: --text=… because a text may begin with a dash."""
    arguments = [command, "embed", *answers.arguments, "--json", "--no-normalize"]
    for path in pictures:
        arguments += ["--image", str(path)]
    return arguments + [f"--text={text}" for text in answers.strings]


def actual_embeddings(arguments, answers, pictures):
    run = subprocess.run(arguments, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"clip embed ended with {run.returncode}: {run.stderr.strip()[-400:]}")
    answer = json.loads(run.stdout)
    if [pathlib.Path(row["image"]).name for row in answer["images"]] != [path.name for path in pictures]:
        raise RuntimeError("images came back in another order")
    if [row["text"] for row in answer["texts"]] != answers.strings:
        raise RuntimeError("texts came back in another order or changed")
    width = answers.texts.shape[1]
    return tuple(
        numpy.array([row["embedding"] for row in answer[key]], numpy.float32).reshape(len(answer[key]), width)
        for key in ("images", "texts"))


def difference(actual, expected):
    if actual.shape != expected.shape:
        raise RuntimeError(f"shape {actual.shape} where the reference has {expected.shape}")
    if actual.size == 0:
        return 0.0
    worst = float(numpy.abs(actual - expected).max() / numpy.abs(expected).max())
    return worst if numpy.isfinite(worst) else float("inf")


def check_telling(answers):
    """A reference that answers all input alike would pass any tower."""
    for name, rows in (("pictures", answers.images), ("texts", answers.texts)):
        if rows.shape[0] == 0:  # a text tower alone
            continue
        apart = numpy.abs(rows - rows.mean(0)).max() / numpy.abs(rows).max()
        if not apart > 10 * EXACT:
            raise RuntimeError(f"the reference hardly tells its {name} apart ({apart:.1e}): choose other weights")


def compare(command, case, folder, show):
    pictures = write_pictures(folder, case.size) if case.size else []
    answers = case.make(folder, pictures)
    gc.collect()
    check_telling(answers)
    arguments = invocation(command, answers, pictures)
    if show:
        print(shlex.join(arguments), flush=True)
    images, texts = actual_embeddings(arguments, answers, pictures)
    return [
        (difference(images[:2], answers.images[:2]), EXACT), (difference(texts, answers.texts), EXACT),
        (difference(images[2:], answers.images[2:]), RESIZED)]


def run_case(command, case, root, keep, show):
    """Prints the case's line of the table; true where it passed."""
    folder = root / case.name
    folder.mkdir()
    label = f"{case.name:<20} | {case.format:<12} |"
    try:
        results = compare(command, case, folder, show)
        passed = all(worst <= bound for worst, bound in results)
        image, text, resized = (f"{worst:7.1e}" for worst, _ in results)
        note = f"  ({case.note})" if case.note else ""
        print(f"{label} {image} | {text} | {resized} | {'pass' if passed else 'FAIL'}{note}", flush=True)
    except REFUSALS as error:
        passed = False
        print(f"{label} FAIL  {error}", flush=True)
    if not keep:
        shutil.rmtree(folder)
    return passed


def main():
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", help="the clip command to test")
    parser.add_argument("--models", nargs="+", default=names, choices=names, metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the models and stop")
    parser.add_argument("--show", action="store_true", help="print each call of the command")
    parser.add_argument("--keep", action="store_true", help="keep the model directories and print where they are")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{case.name:<20} {case.format:<12} {case.note}".rstrip() for case in CASES))
        return 0
    if arguments.command is None or shutil.which(arguments.command) is None:
        parser.error(f"{arguments.command} is no command; build it with `make build`")
    torch.set_num_threads(min(torch.get_num_threads(), int(os.environ.get("OMP_NUM_THREADS", "4"))))
    root = pathlib.Path(tempfile.mkdtemp(prefix="clip-parity-"))
    try:
        print(f"{'model':<20} | {'format':<12} |   image |    text | resized | (worst, relative)", flush=True)
        passed = [run_case(arguments.command, case, root, arguments.keep, arguments.show)
                  for case in CASES if case.name in arguments.models]
        print(f"{sum(passed)} of {len(passed)} pass")
    finally:
        if arguments.keep:
            print(f"kept in {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Reads a run's event files with TensorBoard and compares them with the run's metrics.jsonl.

    python tensorboard_check.py RUN [RUN ...]
    python tensorboard_check.py --train bin/clip       # trains a run of a few steps, kills and resumes it first

Every scalar of every step and evaluation must be there once, at its step, and nothing else: also after a run was
resumed, where TensorBoard has to drop what came after the checkpoint.
"""

import argparse
import json
import math
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from io import BytesIO

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {
    "loss": "loss/total",
    "loss_image_to_text": "loss/image_to_text",
    "loss_text_to_image": "loss/text_to_image",
    "loss_distillation": "loss/distillation",
    "logit_scale": "model/logit_scale",
    "inverse_temperature": "model/inverse_temperature",
    "logit_bias": "model/logit_bias",
    "lr": "optimizer/lr",
    "gradient_norm": "optimizer/gradient_norm",
    "pairs_per_second": "throughput/pairs_per_second",
    "data_wait": "throughput/data_wait",
    "samples_seen": "throughput/samples_seen",
    "epoch": "progress/epoch",
}


def expected(run):
    """{(tag, step): value} of a run's JSON lines."""
    values = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        if "evaluation" in record:
            for direction in ("image_to_text", "text_to_image"):
                for depth, share in record["evaluation"][direction].items():
                    values[f"evaluation/{direction}_{depth}", record["step"]] = share
            if "zero_shot" in record["evaluation"]:
                accuracy = record["evaluation"]["zero_shot"]["accuracy"]
                values["evaluation/zero_shot_accuracy", record["step"]] = accuracy
        elif "loss" in record:
            for name, tag in TAGS.items():
                if name in record:
                    values[tag, record["step"]] = record[name]
    return values


def check(run):
    """Compares; returns whether all is equal."""
    accumulator = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    accumulator.Reload()
    found = [((tag, item.step), item.value) for tag in accumulator.Tags()["scalars"] for item in accumulator.Scalars(tag)]
    wanted = expected(run)
    problems = []
    if len(found) != len(dict(found)):
        problems.append(f"{len(found) - len(dict(found))} scalars twice")
    found = dict(found)
    for key in sorted(wanted.keys() | found.keys()):
        if key not in found or key not in wanted:
            problems.append(f"{key}: only in {'metrics.jsonl' if key in wanted else 'the event files'}")
        elif not math.isclose(found[key], wanted[key], rel_tol=1e-5, abs_tol=1e-9):
            problems.append(f"{key}: {found[key]} where metrics.jsonl has {wanted[key]}")
    files = len(list((run / "tensorboard").iterdir()))
    state = "; ".join(problems[:5]) if problems else "equal"
    print(f"tensorboard: {run}: {len(wanted)} scalars of {len({tag for tag, _ in wanted})} tags in {files} files: {state}")
    return not problems and bool(wanted)


def picture(color):
    """A PNG of one color."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(color) * 32) * 32
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_shard(path, count):
    generator = random.Random(0)
    with tarfile.open(path, "w") as archive:
        for index in range(count):
            color = [generator.randrange(256) for _ in range(3)]
            for suffix, data in (("png", picture(color)), ("txt", f"color {color}".encode())):
                entry = tarfile.TarInfo(f"{index:04}.{suffix}")
                entry.size = len(data)
                archive.addfile(entry, BytesIO(data))


def train(clip, folder):
    """A run that is killed after some steps and resumed."""
    model = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 16, "head_width": 8, "layers": 1},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    (folder / "tiny.json").write_text(json.dumps(model))
    make_shard(folder / "pairs.tar", 64)
    run = folder / "run"
    command = [clip, "train", "--model", folder / "tiny.json", "--train-data", folder / "pairs.tar", "--val-data"]
    command += [folder / "pairs.tar", "--batch-size", "8", "--epochs", "12", "--checkpoint-interval", "3"]
    process = subprocess.Popen(command + ["--output", run], stderr=subprocess.DEVNULL)
    log = run / "metrics.jsonl"
    while process.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < 30):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        sys.exit(f"tensorboard: training ended by itself, with status {process.returncode}")
    subprocess.run(command + ["--resume", run], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", type=pathlib.Path)
    parser.add_argument("--train", metavar="CLIP")
    arguments = parser.parse_args()
    if not arguments.runs and not arguments.train:
        parser.error("name a run, or --train bin/clip")
    results = [check(run) for run in arguments.runs]
    if arguments.train:
        with tempfile.TemporaryDirectory() as folder:
            results.append(check(train(pathlib.Path(arguments.train).resolve(), pathlib.Path(folder))))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()

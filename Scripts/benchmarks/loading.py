"""Compares `clip benchmark loading` with Pillow and torchvision on 640x480 JPEGs.

    python Scripts/benchmarks/loading.py --clip .build/release/clip --python python3

Writes a shard of seeded pictures (smooth noise over many scales with hard edges, quality 90) to a temporary folder,
runs the command on it, and then, in the Python that is named (with Pillow, NumPy, torch and torchvision), the loop that
open_clip's training transform makes: open, convert to RGB, RandomResizedCrop(224, scale=(0.9, 1.0), bicubic), ToTensor,
Normalize. Both are counted by processor time, so that a busy machine hardly matters. Prints one JSON document.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def make_shard(path, count):
    import io
    import tarfile
    import numpy as np
    from PIL import Image
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as shard:
        for index in range(count):
            picture = np.zeros((480, 640, 3))
            for step in (4, 10, 20, 40, 80, 160):
                rows, columns = 480 // step + 1, 640 // step + 1
                small = Image.fromarray(rng.integers(0, 255, (rows, columns, 3), dtype=np.uint8))
                picture += np.asarray(small.resize((640, 480), Image.BICUBIC), float) * step ** 0.5
            picture *= 255 / picture.max()
            for _ in range(8):
                top, left = rng.integers(0, 400), rng.integers(0, 560)
                height, width = rng.integers(10, 80, 2)
                picture[top:top + height, left:left + width] = rng.integers(0, 255, 3)
            buffer = io.BytesIO()
            Image.fromarray(picture.astype(np.uint8)).save(buffer, "JPEG", quality=90)
            for name, data in ((f"{index:05}.jpg", buffer.getvalue()), (f"{index:05}.txt", b"a picture of noise")):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                shard.addfile(entry, io.BytesIO(data))


def peer(path, seconds):
    import io
    import tarfile
    import time
    import torch
    # Beside the parity scripts: what lets a CPU build of torch import PyPI's torchvision.
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
    import torchvision_stub  # noqa: F401
    from PIL import Image
    from torchvision import transforms
    torch.set_num_threads(1)
    transform = transforms.Compose([
        transforms.RandomResizedCrop(224, scale=(0.9, 1.0), interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.ToTensor(),
        transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))])
    with tarfile.open(path) as shard:
        files = [shard.extractfile(entry).read() for entry in shard if entry.name.endswith(".jpg")]
    parts = {"decode": 0.0, "transform": 0.0}
    for data in files[:8]:
        transform(Image.open(io.BytesIO(data)).convert("RGB"))
    start, count = time.process_time(), 0
    while time.process_time() - start < seconds:
        for data in files:
            before = time.process_time()
            picture = Image.open(io.BytesIO(data)).convert("RGB")
            middle = time.process_time()
            transform(picture)
            parts["decode"] += middle - before
            parts["transform"] += time.process_time() - middle
            count += 1
    processor = time.process_time() - start
    return {"pictures_per_second_per_core": count / processor, "pictures": count,
            "milliseconds_per_picture": {name: 1000 * value / count for name, value in parts.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default=".build/release/clip")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make_shard(options.make, options.pictures)
    if options.peer:
        return print(json.dumps(peer(options.peer, options.seconds)))
    with tempfile.TemporaryDirectory() as folder:
        shard = os.path.join(folder, "pictures.tar")
        again = [options.python, os.path.abspath(__file__), "--pictures", str(options.pictures)]
        subprocess.run(again + ["--make", shard], check=True)
        ours = subprocess.run(
            [options.clip, "benchmark", "loading", "--data", shard, "--size", "224", "--workers", str(options.workers),
             "--seconds", str(options.seconds), "--json"], check=True, stdout=subprocess.PIPE)
        theirs = subprocess.run(
            again + ["--peer", shard, "--seconds", str(options.seconds)], check=True, stdout=subprocess.PIPE)
    ours, theirs = json.loads(ours.stdout), json.loads(theirs.stdout)
    ratio = ours["pictures_per_second_per_core"] / theirs["pictures_per_second_per_core"]
    print(json.dumps({"clip": ours, "pillow and torchvision": theirs, "ratio": ratio}, indent=2))


if __name__ == "__main__":
    main()

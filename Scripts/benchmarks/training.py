"""Compares `clip benchmark training` with open_clip's AMP training step: the same model, batch and captions, in turn.

    python Scripts/benchmarks/training.py --clip .build/release/clip --python python3 --batch-sizes 32,128

Both take whole steps, open_clip in bf16 by autocast, ours in what `--precision auto` takes (fp32 where the processor
multiplies bfloat16 no faster) or in what is asked for: forward, ClipLoss, backward, the gradient clipped to length 1,
AdamW. Pictures are random in both, captions the ten below over and over. The two run one after the other, several
rounds, since a shared machine's speed drifts; the ratio is that of the medians. The Python that is named needs torch and
open_clip_torch.
Prints one JSON document.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

CAPTIONS = [
    "a dog", "red bicycle leaning on a brick wall", "sunset", "two children build a sand castle near the sea",
    "map of the old town with its river and bridges", "a bowl of noodle soup", "night train",
    "an astronaut floats above the earth while the sun rises behind it", "tulips in a glass vase",
    "close-up photo of a green beetle on a leaf after the rain"]


def peer(model_name, batch_size, steps, threads):
    import time
    # Beside the parity scripts: what lets a CPU build of torch import PyPI's torchvision.
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
    import torchvision_stub  # noqa: F401
    import open_clip
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = open_clip.create_model(model_name).train()
    size = model.visual.image_size
    size = size if isinstance(size, int) else size[0]
    pictures = torch.randn(batch_size, 3, size, size)
    texts = open_clip.get_tokenizer(model_name)((CAPTIONS * batch_size)[:batch_size])
    loss = open_clip.ClipLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2)
    seconds = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(*model(pictures, texts))
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, 4.6052)
        seconds.append(time.perf_counter() - start)
    return seconds[2:]


def measure(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default=".build/release/clip")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--batch-sizes", default="32")
    parser.add_argument("--precision", default="auto", help="ours; open_clip's is bf16")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peer", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return print(json.dumps(peer(options.model, options.peer, options.steps, options.threads)))
    shared = ["--model", options.model, "--steps", str(options.steps), "--threads", str(options.threads)]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        captions = os.path.join(folder, "captions.txt")
        with open(captions, "w") as file:
            file.write("\n".join(CAPTIONS) + "\n")
        for batch_size in map(int, options.batch_sizes.split(",")):
            seconds = {"clip": [], "open_clip": []}
            for _ in range(options.rounds):
                ours = measure(
                    [options.clip, "benchmark", "training", *shared, "--batch-size", str(batch_size), "--precision",
                     options.precision, "--captions-file", captions, "--json"])
                seconds["clip"] += ours["seconds_per_step"]
                seconds["open_clip"] += measure(
                    [options.python, os.path.abspath(__file__), *shared, "--peer", str(batch_size)])
                print(f"batch {batch_size}:", {name: batch_size / times[-1] for name, times in seconds.items()},
                      file=sys.stderr)
            rates = {name: batch_size / statistics.median(times) for name, times in seconds.items()}
            results.append({"batch_size": batch_size, "precision": ours["precision"], "pairs_per_second": rates,
                            "ratio": rates["clip"] / rates["open_clip"]})
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()

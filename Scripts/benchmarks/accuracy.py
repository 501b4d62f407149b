"""Trains one configuration in open_clip and with `clip train` - same shards, steps and seeds - and evaluates both on the
same held-out pairs with `clip evaluate`.

    python Scripts/benchmarks/accuracy.py --clip .build/release/clip --python python3 \\
        --model Scripts/benchmarks/small.json --train-data 'corpus/train-{0000..0006}.tar' --samples 6656 \\
        --val-data corpus/val-0000.tar --epochs 12 --seeds 0,1,2 --output runs/accuracy

The Python that is named needs open_clip_torch with its training package (open_clip_train.main is run as it is), torch
and webdataset. Every setting is given to both: batch 256, AdamW (0.9, 0.98, 1e-6), cosine schedule, gradient norm 1,
bf16 by autocast, views that cover 90 to 100 % of a picture. A seed sets the weights and the order of pairs, by each
side's own generators. Runs that have ended are not repeated. Prints one JSON document, with each run's accuracies,
their means, and the seeds' standard deviations.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

SETTINGS = {"batch-size": 256, "lr": 1e-3, "warmup": 100}
MEASURES = [("image_to_text", "R@1"), ("image_to_text", "R@10"), ("text_to_image", "R@1"), ("text_to_image", "R@10"),
            ("zero_shot", "accuracy")]


def peer(model, arguments):
    """What `python -m open_clip_train.main` does, with a model that is a file."""
    # Beside the parity scripts: what lets a CPU build of torch import PyPI's torchvision.
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
    import torchvision_stub  # noqa: F401
    import open_clip
    from open_clip_train.main import main
    open_clip.add_model_config(model)
    main(arguments)


def train_peer(options, seed, folder):
    name = os.path.splitext(os.path.basename(options.model))[0]
    command = [options.python, os.path.abspath(__file__), "--peer", os.path.abspath(options.model), "--model", name,
               "--dataset-type", "webdataset", "--train-data", options.train_data,
               "--train-num-samples", str(options.samples), "--epochs", str(options.epochs), "--seed", str(seed),
               "--precision", "amp_bf16", "--workers", "1", "--wd", "0.2", "--beta1", "0.9", "--beta2", "0.98",
               "--eps", "1e-6", "--grad-clip-norm", "1.0", "--logs", folder, "--name", "run", "--device", "cpu",
               "--save-frequency", "0", "--log-every-n-steps", "10"]
    run(command + settings(), folder, options.threads)
    return os.path.join(folder, "run", "checkpoints", f"epoch_{options.epochs}.pt")


def train_ours(options, seed, folder):
    steps = options.epochs * (options.samples // SETTINGS["batch-size"])
    command = [options.clip, "train", "--model", options.model, "--train-data", options.train_data,
               "--steps", str(steps), "--seed", str(seed), "--precision", "bf16", "--weight-decay", "0.2",
               "--gradient-norm", "1.0", "--crop-scale", "0.9", "--threads", str(options.threads),
               "--workers", "1", "--output", os.path.join(folder, "run")]
    run(command + settings(), folder, options.threads)
    return os.path.join(folder, "run", "final")


def settings():
    return [word for name, value in SETTINGS.items() for word in (f"--{name}", str(value))]


def run(command, folder, threads):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "log.txt"), "w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT,
                       env={**os.environ, "OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": "1"})


def evaluate(options, folder, trained):
    command = [options.clip, "evaluate", "--data", options.val_data, "--threads", str(options.threads), "--json"]
    if trained.endswith(".pt"):
        with open(options.model) as file:
            config = json.load(file)
        description = os.path.join(folder, "model")
        os.makedirs(description, exist_ok=True)
        with open(os.path.join(description, "open_clip_config.json"), "w") as file:
            json.dump({"model_cfg": config, "preprocess_cfg": {}}, file)
        command += ["--model", description, "--weights", trained]
    else:
        command += ["--model", trained]
    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {f"{group} {measure}": document[group][measure] for group, measure in MEASURES}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for name in ("clip", "model", "train-data", "val-data", "output"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--samples", type=int, required=True, help="pairs an epoch: a multiple of the batch size")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--sides", default="open_clip,clip", help="which to run now")
    options = parser.parse_args()
    report = {"settings": SETTINGS, "epochs": options.epochs, "samples": options.samples, "runs": {}, "summary": {}}
    for side in options.sides.split(","):
        runs = {}
        for seed in map(int, options.seeds.split(",")):
            folder = os.path.abspath(os.path.join(options.output, f"{side}-{seed}"))
            done = os.path.join(folder, "accuracy.json")
            if not os.path.exists(done):
                print(f"{side}, seed {seed}", file=sys.stderr, flush=True)
                trained = (train_peer if side == "open_clip" else train_ours)(options, seed, folder)
                accuracy = evaluate(options, folder, trained)
                with open(done, "w") as file:
                    json.dump(accuracy, file)
            with open(done) as file:
                runs[seed] = json.load(file)
        report["runs"][side] = runs
        report["summary"][side] = {
            measure: {"mean": statistics.mean(values), "deviation": statistics.stdev(values) if len(values) > 1 else None}
            for measure in runs[seed] for values in [[run[measure] for run in runs.values()]]}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    if "--peer" in sys.argv[1:2]:
        peer(sys.argv[2], sys.argv[3:])
    else:
        main()

"""Compares `clip benchmark inference` with the engines people run CLIP on: the same model, batch and precision, in turn.

    python Scripts/benchmarks/inference.py --clip bin/clip --python PEER/bin/python \
        --work images:ViT-B-32:16:fp32 --work texts:ViT-B-32:32:fp32 --rounds 5 --output runs/inference

A work is kind:model:batch:precision, of images (random pictures through the image tower), texts (captions through tokenizer and
text tower), files (JPEGs of the folder --pictures to vectors; open_clip with PyTorch's DataLoader, a worker a thread), tokens or
pixels (the first step alone, on one core). Every round asks ours and then each peer, since a shared machine's speed drifts; a figure is the median of the
rounds' medians, and the spread is that of the rounds. Peers that the named Python has are measured: open_clip on PyTorch
(torch, open_clip_torch), torch.compile with frozen weights, ONNX Runtime (onnx, onnxruntime), OpenVINO (openvino); --peers names
some of them. Beside our int8 they compute in bf16. Writes inference.json and inference.svg.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from training import CAPTIONS

# A plain int8 of theirs needs pictures to calibrate with, and another model.
PEER_PRECISION = {"fp32": "fp32", "bf16": "bf16", "int8": "bf16"}
PEERS = {"images": ["open_clip", "torch.compile", "onnxruntime", "openvino"], "texts": ["open_clip"], "files": ["open_clip"],
         "tokens": ["open_clip", "instant_clip_tokenizer"], "pixels": ["open_clip"]}


def seconds_of(run, repeats, warm_up=2):
    import time
    for _ in range(warm_up):
        run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def read_files(model, model_name, kind, batch_size, dtype, threads, folder):
    import time
    import open_clip
    import torch
    from PIL import Image
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    size = model.visual.image_size if isinstance(model.visual.image_size, int) else model.visual.image_size[0]
    prepare = open_clip.transform.image_transform(size, is_train=False)

    class Files(torch.utils.data.Dataset):
        def __len__(self):
            return len(paths)

        def __getitem__(self, index):
            return prepare(Image.open(paths[index]))

    if kind == "pixels":
        return 1 / seconds_of(lambda: [prepare(Image.open(path)) for path in paths[:100]], 3) * min(100, len(paths))
    model = model.to(dtype)
    loader = torch.utils.data.DataLoader(Files(), batch_size=batch_size, num_workers=threads)
    with torch.inference_mode():
        start = time.perf_counter()
        for batch in loader:
            model.encode_image(batch.to(dtype))
        return len(paths) / (time.perf_counter() - start)


def peer(name, kind, model_name, batch_size, precision, threads, folder, pictures_folder=None):
    """Pictures or texts a second of one peer; None where it cannot."""
    # Beside the parity scripts: what lets a CPU build of torch import PyPI's torchvision.
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
    import torchvision_stub  # noqa: F401
    import open_clip
    import torch
    torch.set_num_threads(threads)
    precision = PEER_PRECISION[precision]
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    if kind == "tokens":
        texts = (CAPTIONS * batch_size)[:batch_size]
        if name == "instant_clip_tokenizer":
            import instant_clip_tokenizer
            fast = instant_clip_tokenizer.Tokenizer()
            return batch_size / seconds_of(lambda: fast.tokenize_batch(texts, context_length=77), 7)
        slow = open_clip.get_tokenizer(model_name)
        return batch_size / seconds_of(lambda: slow(texts), 7)
    model = open_clip.create_model(model_name).eval()
    if kind in ("files", "pixels"):
        return read_files(model, model_name, kind, batch_size, dtype, threads, pictures_folder)
    if kind == "texts":
        tokenizer = open_clip.get_tokenizer(model_name)
        texts = (CAPTIONS * batch_size)[:batch_size]
        model = model.to(dtype)
        with torch.inference_mode():
            return batch_size / seconds_of(lambda: model.encode_text(tokenizer(texts)), 7)
    tower = model.visual
    size = tower.image_size if isinstance(tower.image_size, int) else tower.image_size[0]
    pictures = torch.randn(batch_size, 3, size, size)
    if name == "open_clip":
        with torch.inference_mode():
            tower, pictures = tower.to(dtype), pictures.to(dtype)
            return batch_size / seconds_of(lambda: tower(pictures), 7)
    if name == "torch.compile":
        import torch._inductor.config
        torch._inductor.config.freezing = True
        with torch.no_grad():
            compiled, pictures = torch.compile(tower.to(dtype)), pictures.to(dtype)
            return batch_size / seconds_of(lambda: compiled(pictures), 7)
    path = os.path.join(folder, f"{model_name}-{batch_size}.onnx")
    if not os.path.exists(path):
        torch.onnx.export(tower, (pictures,), path, dynamo=False, opset_version=17, input_names=["x"])
    if name == "onnxruntime":
        if precision != "fp32":
            return None
        import onnxruntime
        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, session_options, providers=["CPUExecutionProvider"])
        return batch_size / seconds_of(lambda: session.run(None, {"x": pictures.numpy()}), 7)
    import openvino
    core = openvino.Core()
    hints = {"INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision], "PERFORMANCE_HINT": "LATENCY",
             "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(core.read_model(path), "CPU", hints).create_infer_request()
    return batch_size / seconds_of(lambda: request.infer({0: pictures.numpy()}), 7)


def measure(command):
    result = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        print(f"{' '.join(command[-4:])}: {result.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(result.stdout.strip().splitlines()[-1] if command[0].endswith("python") else result.stdout)


def compare(options, work, folder, captions):
    kind, model, batch_size, precision = work.split(":")
    threads = str(1 if kind in ("tokens", "pixels") else options.threads)
    rates = {}
    shares = []
    for round_number in range(options.rounds):
        command = [options.clip, "benchmark", "inference", "--kind", kind, "--model", model, "--batch-size", batch_size,
                   "--precision", precision, "--threads", threads, "--json"]
        if kind in ("texts", "tokens"):
            command += ["--captions-file", captions]
        if kind in ("files", "pixels"):
            command += [options.pictures, "--rounds", "1", "--warm-up", "0" if kind == "files" else "1"]
        ours = measure(command)
        if ours is None:
            sys.exit(1)
        rates.setdefault("clip", []).append(ours["per_second"])
        shares.append(ours.get("share_of_matrix_rate"))
        for name in PEERS[kind]:
            if round_number > 0 and name not in rates or options.peers and name not in options.peers.split(","):
                continue
            rate = measure([options.python, os.path.abspath(__file__), "--peer", name, "--work", work, "--threads",
                            threads, "--output", folder]
                           + (["--pictures", options.pictures] if options.pictures else []))
            if rate is not None:
                rates.setdefault(name, []).append(rate)
        print(f"{work}, round {round_number + 1}:", {name: round(own[-1], 1) for name, own in rates.items()}, file=sys.stderr)
    medians = {name: statistics.median(own) for name, own in rates.items()}
    return {"kind": kind, "model": model, "batch_size": int(batch_size), "precision": precision,
            "per_second": medians, "rounds": rates,
            "spread": {name: (max(own) - min(own)) / medians[name] for name, own in rates.items()},
            "ratio": {name: medians["clip"] / rate for name, rate in medians.items() if name != "clip"},
            "share_of_matrix_rate": statistics.median(shares) if shares[0] is not None else None}


def chart(results):
    """Bars of each work's rates, ours on top; a work's longest bar is as wide as the chart."""
    colors = {"clip": "#1d5fb8", "open_clip": "#c9772b", "torch.compile": "#7a5ba8", "onnxruntime": "#4d8b57",
              "openvino": "#a8433f", "instant_clip_tokenizer": "#6b6b6b"}
    left, width, row, y, parts = 190, 420, 20, 16, []
    for result in results:
        title = f"{result['model']}, {result['kind']}, batch {result['batch_size']}, {result['precision']}"
        y += 14
        parts.append(f'<text x="12" y="{y}" font-weight="bold">{title}</text>')
        y += 8
        most = max(result["per_second"].values())
        for name, rate in result["per_second"].items():
            bar = max(1, rate / most * width)
            parts.append(f'<rect x="{left}" y="{y}" width="{bar:.1f}" height="{row - 6}" fill="{colors[name]}"/>')
            parts.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{name}</text>')
            parts.append(f'<text x="{left + bar + 6:.1f}" y="{y + 11}">{rate:.1f}/s</text>')
            y += row
        y += 6
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{y + 10}" viewBox="0 0 720 {y + 10}" '
            'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
            + "".join(parts) + "</svg>\n")


def write(results, folder):
    for name, text in (("inference.json", json.dumps(results, indent=2) + "\n"), ("inference.svg", chart(results))):
        path = os.path.join(folder, name)
        with open(path + ".part", "w") as file:
            file.write(text)
        os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default="bin/clip")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--work", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peers", help="names of peers, with commas; all where none are named")
    parser.add_argument("--pictures", help="a folder of JPEGs, for files and pixels")
    parser.add_argument("--output", required=True)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        kind, model, batch_size, precision = options.work[0].split(":")
        rate = peer(options.peer, kind, model, int(batch_size), precision, options.threads, options.output,
                    options.pictures)
        return print(json.dumps(rate))
    os.makedirs(options.output, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        captions = os.path.join(folder, "captions.txt")
        with open(captions, "w") as file:
            file.write("\n".join(CAPTIONS) + "\n")
        results = []
        for work in options.work:
            results.append(compare(options, work, folder, captions))
            write(results, options.output)
    for result in results:
        print(result["kind"], result["model"], result["batch_size"], result["precision"],
              {name: round(rate, 1) for name, rate in result["per_second"].items()},
              {name: round(ratio, 2) for name, ratio in result["ratio"].items()})


if __name__ == "__main__":
    main()

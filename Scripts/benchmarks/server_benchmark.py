"""Compares `clip serve` with a FastAPI server over open_clip, without and with batches, and with infinity: requests a
second and their latencies at 1, 8 and 64 clients on loopback, for texts, pictures, and searches by words.

    Scripts/benchmarks/server --output runs/server
    Scripts/benchmarks/server --output runs/overload --overload 300

All serve one ViT-B/32 of random, seeded weights in fp32 (--model for another) from the same file; infinity's copy is what
`clip convert` writes. First their vectors of one text and one picture are compared. Servers run one after the other, and
all of them --rounds times, because a shared machine drifts. No text is asked twice. "client cores" is what the clients
take; the line "nothing" is the same clients against a server that does nothing.

--overload asks `clip serve` for twice what it can do, half texts, half pictures, and records statuses, latencies, and
memory each second in overload.jsonl. Prints a table, writes server.json or overload.json.
"""
import argparse
import asyncio
import base64
import io
import json
import os
import subprocess
import sys

import numpy as np

import search_rows
import server_load
import server_overload
import serving

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS = ["clip", "fastapi", "fastapi-batched", "infinity"]


# MARK: What is served

def random_model(folder):
    """ViT-B/32 in open_clip's form."""
    if os.path.exists(os.path.join(folder, "open_clip_config.json")):
        return
    import torch
    sys.path.append(os.path.join(HERE, "..", "parity"))
    import torchvision_stub  # noqa: F401
    import open_clip
    from safetensors.torch import save_file
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(0)
    model = open_clip.create_model("ViT-B-32")
    save_file({name: value.contiguous() for name, value in model.state_dict().items()},
              os.path.join(folder, "open_clip_model.safetensors"))
    preprocess = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD}
    with open(os.path.join(folder, "open_clip_config.json"), "w") as file:
        json.dump({"model_cfg": open_clip.get_model_config("ViT-B-32"), "preprocess_cfg": preprocess}, file)


def search_index(options, model):
    """An index of synthetic rows, and the same rows as a file; nothing where none are asked for."""
    if not options.search_rows:
        return None, None
    folder = os.path.join(options.output, "search")
    vectors, rows, index = (os.path.join(folder, name) for name in ("rows.npy", "rows.jsonl", "photos"))
    done = os.path.join(folder, "done")
    if not os.path.exists(done):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(model, "open_clip_config.json")) as file:
            dimension = json.load(file)["model_cfg"]["embed_dim"]
        space = search_rows.Space(dimension, max(16, options.search_rows // 200), 0)
        np.save(vectors, space.rows("picture", options.search_rows, np.random.default_rng(1)))
        search_rows.write_rows(rows, options.search_rows)
        search_rows.import_index(options.clip, vectors, rows, model, index)
        open(done, "w").close()
    return vectors, index


def command(name, options, port, model, vectors, index):
    """The server's command and environment."""
    threads = str(options.threads)
    environment = {"OMP_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if name == "clip":
        more = ["--threads", threads, *options.serve_options.split()]
        return serving.clip_command(options.clip, port, model, index, more), {}
    if name == "infinity":
        converted = os.path.join(options.output, "model-huggingface")
        if not os.path.exists(converted):
            subprocess.run([options.clip, "convert", "--model", model, "--to", "huggingface", "--output", converted],
                           check=True, stdout=subprocess.DEVNULL)
        program = os.path.join(options.infinity, "bin", "infinity_emb")
        return [program, "v2", "--model-id", converted, "--engine", "torch", "--device", "cpu", "--dtype", "float32",
                "--no-bettertransformer", "--host", "127.0.0.1", "--port", str(port)], {
                    **environment, "DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}
    words = [sys.executable, os.path.join(HERE, "peer_server.py"), "--model", model, "--port", str(port),
             "--threads", threads]
    return (words + (["--vectors", vectors] if vectors else []) + (["--batch"] if name == "fastapi-batched" else []),
            environment)


# MARK: What is asked

class Loads:
    """Makes requests. A text comes once; pictures are 64, of 640 by 480, as JPEG in data: addresses."""

    def __init__(self, port, model):
        self.port, self.model, self.count = port, json.dumps(model).encode(), 0
        self.pictures = [self.post("/embeddings", b'{"model":%b,"input":["%b"],"modality":"image",'
                                   b'"encoding_format":"base64"}' % (self.model, picture)) for picture in pictures()]

    def post(self, path, body):
        return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def words(self):
        self.count += 1
        return b"a photo of a %d, beside a wooden table in a small garden" % (self.count * 7919)

    def text(self):
        return self.post("/embeddings", b'{"model":%b,"input":["%b"],"encoding_format":"base64"}'
                         % (self.model, self.words()))

    def picture(self):
        self.count += 1
        return self.pictures[self.count % len(self.pictures)]

    def search(self):
        return self.post("/v1/search", b'{"text":"%b","top":10}' % self.words())

    def mixed(self):
        return self.text() if self.count % 2 else self.picture()


def pictures(count=64):
    """Smooth noise, seeded, about 50 KB each."""
    from PIL import Image
    random = np.random.default_rng(0)
    for _ in range(count):
        whole = np.zeros((480, 640, 3))
        for step in (10, 40, 160):
            small = Image.fromarray(random.integers(0, 255, (480 // step, 640 // step, 3), dtype=np.uint8))
            whole += np.asarray(small.resize((640, 480), Image.BICUBIC), float) / 3
        file = io.BytesIO()
        Image.fromarray(whole.astype(np.uint8)).save(file, "JPEG", quality=90)
        yield b"data:image/jpeg;base64," + base64.b64encode(file.getvalue())


def served_name(server):
    return json.loads(server.get("/models")[1])["data"][0]["id"]


def sample(port, loads):
    """A picture's and a text's vector."""
    async def ask():
        client = server_load.Client(port)
        answers = [await client.ask(request) for request in (loads.pictures[0], loads.post(
            "/embeddings", b'{"model":%b,"input":["a red apple"],"encoding_format":"base64"}' % loads.model))]
        client.close()
        return answers
    answers = asyncio.run(ask())
    for status, _, body in answers:
        if status != 200:
            raise SystemExit(f"an embedding was answered with {status}: {body[:500]}")
    return [np.frombuffer(base64.b64decode(json.loads(body)["data"][0]["embedding"]), "<f4") for _, _, body in answers]


# MARK: Measuring

def measure(options, server, loads, report):
    for load in options.loads.split(","):
        for clients in map(int, options.clients.split(",")):
            make = getattr(loads, load)
            server_load.run_closed(server.port, make, clients, options.warm_up)
            before = server.processor_seconds()
            found = server_load.run_closed(server.port, make, clients, options.seconds)
            found["server_cores"] = (server.processor_seconds() - before) / options.seconds
            report.setdefault(load, {}).setdefault(str(clients), []).append(found)


def run_round(options, model, vectors, index, report, samples):
    for name in options.servers.split(","):
        port = serving.free_port()
        print(name, file=sys.stderr, flush=True)
        words, environment = command(name, options, port, model, vectors, index)
        with serving.Server(words, port, log=os.path.join(options.output, name + ".log"), environment=environment) as server:
            loads = Loads(port, served_name(server))
            samples[name] = sample(port, loads)
            mine = report.setdefault(name, {"seconds_to_start": [], "memory": []})
            mine["seconds_to_start"].append(server.seconds_to_start)
            measure(options, server, loads, mine) if name != "infinity" else measure(
                argparse.Namespace(**vars(options) | {"loads": ",".join(
                    load for load in options.loads.split(",") if load != "search")}), server, loads, mine)
            mine["memory"].append(server.memory())


def nothing(options, report):
    port = serving.free_port()
    with serving.Server([sys.executable, server_load.__file__, str(port), "2800"], port) as server:
        measure(options, server, Loads(port, "nothing"), report.setdefault("nothing", {}))


def differences(samples):
    """The largest difference of a number of a vector of length 1, against swift-clip's."""
    first, *_ = samples
    return {name: {kind: float(np.abs(mine - theirs).max()) for kind, mine, theirs in zip(
        ("picture", "text"), samples[first], vectors)} for name, vectors in samples.items() if name != first}


def table(options, report):
    lines = []
    for load in options.loads.split(","):
        head = ["", *(f"{clients} client{'s'[:clients != '1']}: per s, p50 / p99 ms" for clients in options.clients.split(","))]
        lines += [f"\n{load}", *("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head)))]
        for name, found in report["servers"].items():
            if load in found:
                lines.append("| " + " | ".join([name, *(
                    "; ".join(f"{one['per_second']:,.1f}, {one['p50_ms'] or 0:,.0f} / {one['p99_ms'] or 0:,.0f}" for one in runs)
                    for runs in found[load].values())]) + " |")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default="bin/clip")
    parser.add_argument("--output", required=True)
    parser.add_argument("--model", help="a directory of open_clip's form")
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--loads", default="text,picture,search")
    parser.add_argument("--clients", default="1,8,64")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--warm-up", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--search-rows", type=int, default=100_000, help="0 leaves searches out")
    parser.add_argument("--infinity", default=os.path.join(HERE, "../../.build/python/infinity"), help="its environment")
    parser.add_argument("--serve-options", default="", help="more options for clip serve, in one word")
    parser.add_argument("--overload", type=float, help="seconds of twice what it can do")
    parser.add_argument("--in-flight", type=int, default=3000, help="requests on their way at most, in an overload")
    return parser.parse_args()


def main():
    options = arguments()
    os.makedirs(options.output, exist_ok=True)
    if not options.search_rows:
        options.loads = ",".join(load for load in options.loads.split(",") if load != "search")
    model = os.path.abspath(options.model or os.path.join(options.output, "model"))
    if not options.model:
        random_model(model)
    if options.overload:
        port = serving.free_port()
        words, _ = command("clip", options, port, model, None, None)
        with serving.Server(words, port, log=os.path.join(options.output, "clip.log")) as server:
            return server_overload.run(options, server, Loads(port, served_name(server)))
    vectors, index = search_index(options, model)
    report, samples = {"threads": options.threads, "servers": {}}, {}
    for _ in range(options.rounds):
        run_round(options, model, vectors, index, report["servers"], samples)
    nothing(options, report["servers"])
    report["largest_difference"] = differences(samples)
    with open(os.path.join(options.output, "server.json"), "w") as file:
        json.dump(report, file, indent=2)
    print(table(options, report))
    print("\nlargest difference of vectors: " + json.dumps(report["largest_difference"]))


if __name__ == "__main__":
    main()

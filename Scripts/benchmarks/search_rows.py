"""What search_benchmark.py searches: rows, questions, the index of them, and the client that asks `clip serve`."""
import http.client
import json
import os
import shutil
import subprocess
import time

import numpy as np

import serving

FEW = 1000


def unit(values):
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


class Space:
    """Pictures and texts as CLIP lays them: each kind around a mean of its own, the same things in the same directions
    otherwise, a few of them much longer than the rest."""

    def __init__(self, dimension, clusters, seed):
        random = np.random.default_rng(seed)
        self.turn = np.linalg.qr(random.standard_normal((dimension, dimension)))[0].astype(np.float32)
        self.spread = (1 / np.sqrt(np.arange(1, dimension + 1))).astype(np.float32)
        self.centers = unit(self.draw(random, clusters))
        picture, other = np.linalg.qr(random.standard_normal((dimension, 2)))[0].T.astype(np.float32)
        self.means = {"picture": picture, "text": 0.1 * picture + 0.995 * other}

    def draw(self, random, count):
        return (random.standard_normal((count, len(self.spread)), np.float32) * self.spread) @ self.turn

    def rows(self, kind, count, random):
        """Unit rows, [count, D]. A text says less of what it is about than a picture shows."""
        mean, center, rest = {"picture": (0.5, 0.75, 0.66), "text": (0.6, 0.45, 0.89)}[kind]
        about = self.centers[random.integers(0, len(self.centers), count)]
        content = unit(center * about + rest * unit(self.draw(random, count)))
        return unit(mean * self.means[kind] + np.sqrt(1 - mean ** 2) * content).astype(np.float32)


def synthetic(options):
    folder = os.path.join(options.output, "rows")
    recipe = {"rows": options.rows, "dimension": options.dimension, "queries": options.queries, "seed": options.seed}
    done = os.path.join(folder, "recipe.json")
    files = paths(folder) | {"model": os.path.join(folder, "model")}
    if os.path.exists(done):
        with open(done) as file:
            stored = json.load(file)
        if {name: stored[name] for name in recipe} != recipe:
            raise SystemExit(f"{folder} holds other rows: name another --output")
        return files | {"means": stored["means"]}
    os.makedirs(files["model"], exist_ok=True)
    space = Space(options.dimension, max(16, options.rows // 200), options.seed)
    random = np.random.default_rng(options.seed + 1)
    vectors = np.lib.format.open_memmap(files["vectors"], "w+", np.float32, (options.rows, options.dimension))
    total = np.zeros(options.dimension)
    for start in range(0, options.rows, 50000):
        part = space.rows("picture", min(50000, options.rows - start), random)
        vectors[start:start + len(part)] = part
        total += part.sum(0)
    vectors.flush()
    questions = {kind: space.rows(kind, options.queries, random) for kind in ("text", "picture")}
    small_model(files["model"], options.dimension)
    return files | {"means": finish(folder, files, vectors, questions, recipe, total / options.rows)}


def real(options):
    """Rows of an index that there is; the pictures to ask with are some of them."""
    folder = os.path.join(options.output, "rows")
    files = paths(folder) | {"model": options.model}
    os.makedirs(folder, exist_ok=True)
    vectors = unit(np.load(os.path.join(options.real, "pictures.npy")).astype(np.float32))
    texts = unit(np.load(os.path.join(options.real, "texts.npy")).astype(np.float32))
    np.save(files["vectors"], vectors)
    random = np.random.default_rng(options.seed)
    some = [random.choice(len(rows), min(options.queries, len(rows)), replace=False) for rows in (texts, vectors)]
    questions = {"text": texts[some[0]], "picture": vectors[some[1]]}
    return files | {"means": finish(folder, files, vectors, questions, {"real": options.real}, vectors.mean(0))}


def paths(folder):
    names = {"vectors": "vectors.npy", "few": "few.npy", "questions": "questions.npz", "rows": "rows.jsonl",
             "few_rows": "few.jsonl"}
    return {name: os.path.join(folder, file) for name, file in names.items()}


def finish(folder, files, vectors, questions, recipe, mean):
    np.savez(files["questions"], **questions)
    np.save(files["few"], np.asarray(vectors[:FEW]))
    write_rows(files["rows"], len(vectors))
    write_rows(files["few_rows"], min(FEW, len(vectors)))
    text = questions["text"].mean(0)
    means = {"length of pictures' mean": float(np.linalg.norm(mean)),
             "cosine of the means": float(mean @ text / np.linalg.norm(mean) / np.linalg.norm(text))}
    with open(os.path.join(folder, "recipe.json"), "w") as file:
        json.dump(recipe | {"means": means}, file)
    return means


def write_rows(path, count):
    """Pictures that do not exist, so that no answer carries a thumbnail; the name tells the row."""
    with open(path, "w") as file:
        for row in range(count):
            file.write(json.dumps({"image": f"/rows/{row // 10000:04}/{row:08}.jpg"}) + "\n")


def row_of(path):
    return int(os.path.splitext(os.path.basename(path))[0])


def import_index(clip, vectors, rows, model, index):
    """Makes an index of vectors, anew where one was begun; returns the seconds that it took."""
    shutil.rmtree(index, ignore_errors=True)
    start = time.perf_counter()
    subprocess.run(serving.import_command(clip, vectors, rows, model, index), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def small_model(folder, dimension, width=64):
    """A model of open_clip's form with one narrow block a tower, whose space has `dimension`: the questions are vectors,
    and its towers stay idle."""
    from safetensors.numpy import save_file
    random = np.random.default_rng(0)
    tensors = {"logit_scale": np.array(2.66, np.float32)}

    def add(name, *shape):
        tensors[name] = (0.02 * random.standard_normal(shape)).astype(np.float32)

    def norm(name):
        tensors[name + ".weight"], tensors[name + ".bias"] = np.ones(width, np.float32), np.zeros(width, np.float32)

    def block(name):
        norm(name + "ln_1")
        norm(name + "ln_2")
        add(name + "attn.in_proj_weight", 3 * width, width)
        add(name + "attn.in_proj_bias", 3 * width)
        for part, out, into in (("attn.out_proj", 1, 1), ("mlp.c_fc", 4, 1), ("mlp.c_proj", 1, 4)):
            add(f"{name}{part}.weight", out * width, into * width)
            add(f"{name}{part}.bias", out * width)

    add("visual.class_embedding", width)
    add("visual.positional_embedding", 5, width)
    add("visual.conv1.weight", width, 3, 16, 16)
    add("visual.proj", width, dimension)
    add("positional_embedding", 77, width)
    add("token_embedding.weight", 49408, width)
    add("text_projection", width, dimension)
    for name in ("visual.ln_pre", "visual.ln_post", "ln_final"):
        norm(name)
    for name in ("visual.transformer.resblocks.0.", "transformer.resblocks.0."):
        block(name)
    save_file(tensors, os.path.join(folder, "open_clip_model.safetensors"))
    towers = {"vision_cfg": {"image_size": 32, "layers": 1, "width": width, "patch_size": 16},
              "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": width, "heads": 1, "layers": 1}}
    preprocess = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
    with open(os.path.join(folder, "open_clip_config.json"), "w") as file:
        json.dump({"model_cfg": {"embed_dim": dimension, **towers}, "preprocess_cfg": preprocess}, file)


class KNN:
    """Asks POST /knn-service by vectors, over one connection that stays open."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.index = self.get("/indices-list")[0]

    def get(self, path):
        self.connection.request("GET", path)
        return json.loads(self.connection.getresponse().read())

    def body(self, query, count):
        numbers = ",".join(f"{value:.9g}" for value in query.tolist())
        return (f'{{"embedding_input":[{numbers}],"modality":"image","num_images":{count},'
                f'"indice_name":{json.dumps(self.index)}}}').encode()

    def post(self, body):
        self.connection.request("POST", "/knn-service", body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"/knn-service answered {answer.status}: {content[:500].decode(errors='replace')}")
        return content

    def rows(self, content):
        return [row_of(result["image_path"]) for result in json.loads(content)]

    def nearest(self, query, count):
        return self.rows(self.post(self.body(query, count)))

    def empty(self):
        """Seconds of a request that asks nothing."""
        start = time.perf_counter()
        self.connection.request("GET", "/ping")
        self.connection.getresponse().read()
        return time.perf_counter() - start

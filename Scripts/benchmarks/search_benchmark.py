"""Compares searching with swift-clip, FAISS and sqlite-vec, over the same rows and questions, in one run.

    Scripts/benchmarks/search --output runs/search                        # a million synthetic rows of 512
    Scripts/benchmarks/search --output runs/real --real FOLDER            # rows of an index that there is

Synthetic pictures lie in clusters around a mean, and texts around another one, as CLIP's do: the two means have a cosine
of about 0.1. FOLDER holds pictures.npy with pictures.npy.json (`clip index export --output pictures.npy`) and texts.npy
(`clip embed --texts-file … --output texts.npy`) of the model that --model names. Questions are 200 texts and 200 pictures.

Each side runs alone in a process of its own, with --threads threads and one client that asks one question after the
other. swift-clip is asked over HTTP, through `clip serve`; what an empty request costs there is told beside it. Recall is
the share of ten answers that are among the best ten by fp32 brute force, ties included. What was built is kept in the
output's folder, with the time that it took, and not built again. Prints a table, writes search.json.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import search_peers
import search_rows
import serving

TOP = 10


def truth(vectors, queries, top=TOP, chunk=65536):
    """The similarity of the last of the best `top` rows, for each question, by fp32 products over all rows."""
    best = np.full((len(queries), top), -np.inf, np.float32)
    for start in range(0, len(vectors), chunk):
        scores = queries @ np.asarray(vectors[start:start + chunk]).T          # [Q, chunk]
        kept = np.concatenate([best, np.partition(scores, -min(top, scores.shape[1]), 1)[:, -top:]], 1)
        best = np.partition(kept, -top, 1)[:, -top:]
    return best.min(1)


def recall(vectors, queries, last, answers):
    """A row counts where its similarity is that of the tenth or higher: duplicates may stand for one another."""
    hits = 0
    for query, least, rows in zip(queries, last, answers):
        rows = list(dict.fromkeys(rows))[:TOP]
        hits += int((np.asarray(vectors[sorted(rows)]) @ query >= least - 1e-6).sum()) if rows else 0
    return hits / (len(queries) * min(TOP, len(vectors)))


def summary(vectors, questions, answered):
    """`answered`: kind -> (rows of each question, seconds of each question)."""
    report = {}
    for kind, (answers, seconds) in answered.items():
        queries, last = questions[kind]
        report[kind] = {"recall@10": recall(vectors, queries, last, answers),
                        "median_ms": 1000 * statistics.median(seconds),
                        "p95_ms": 1000 * serving.percentile(seconds, 0.95), "questions": len(queries)}
    return report


def size_on_disk(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def peer(options, name, folder, files):
    """Runs one side of search_peers.py in a process of its own."""
    os.makedirs(folder, exist_ok=True)
    command = [sys.executable, search_peers.__file__, name, folder, files["vectors"], files["questions"],
               str(options.threads)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)


def ours(options, folder, files, questions, count):
    """Imports, opens and asks; a second server over a thousand rows tells what is not the index's."""
    os.makedirs(folder, exist_ok=True)
    full, small = os.path.join(folder, "photos"), os.path.join(folder, "few")
    built = os.path.join(folder, "build.json")
    if not os.path.exists(built):
        seconds = search_rows.import_index(options.clip, files["vectors"], files["rows"], files["model"], full)
        search_rows.import_index(options.clip, files["few"], files["few_rows"], files["model"], small)
        with open(built, "w") as file:
            json.dump({"seconds": seconds}, file)
    with open(built) as file:
        report = {"build_seconds": json.load(file)["seconds"]}
    little = ask(options, small, files, {kind: (queries[:20], last) for kind, (queries, last) in questions.items()})
    asked = ask(options, full, files, questions)
    report |= {"opening_seconds": max(0, asked["first"] - little["first"]), "start_seconds": asked["first"],
               "start_seconds_few_rows": little["first"], "memory": asked["memory"], "memory_few_rows": little["memory"],
               "bytes_a_row": size_on_disk(full) / count, "empty_request_ms": asked["empty_ms"],
               "files": {name: os.path.getsize(os.path.join(full, name)) for name in sorted(os.listdir(full))},
               "answered": asked["answered"]}
    return report


def ask(options, index, files, questions):
    port = serving.free_port()
    more = ["--threads", str(options.threads)] + options.serve_options.split()
    command = serving.clip_command(options.clip, port, files["model"], index, more)
    with serving.Server(command, port, log=index + ".log") as server:
        client = search_rows.KNN(port)
        first = next(iter(questions.values()))[0]
        client.nearest(first[0], TOP)
        report = {"first": time.perf_counter() - server.started, "answered": {}}
        for query in first[:10]:
            client.nearest(query, TOP)
        for kind, (queries, _) in questions.items():
            answers, seconds = [], []
            for query in queries:
                body = client.body(query, TOP)
                start = time.perf_counter()
                answer = client.post(body)
                seconds.append(time.perf_counter() - start)
                answers.append(client.rows(answer))
            report["answered"][kind] = (answers, seconds)
        report["memory"] = server.memory()
        report["empty_ms"] = 1000 * statistics.median(client.empty() for _ in range(200))
    return report


def line(name, report):
    cells = [name]
    for kind in ("text", "picture"):
        found = report[kind]
        cells += [f"{found['recall@10']:.3f}", f"{found['median_ms']:.1f}", f"{found['p95_ms']:.1f}"]
    return cells + [f"{report['resident_of_index'] / 1e6:,.0f}", f"{report['bytes_a_row']:,.0f}",
                    f"{report['build_seconds']:,.1f}", f"{report['opening_seconds']:.2f}"]


def table(lines):
    head = ["", "text R@10", "ms", "p95", "picture R@10", "ms", "p95", "MB resident", "bytes a row", "build s", "open s"]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head)] + lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default="bin/clip")
    parser.add_argument("--output", required=True, help="a folder; it needs about 10 GB for a million rows")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200, help="texts, and as many pictures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", help="a folder with pictures.npy, pictures.npy.json and texts.npy")
    parser.add_argument("--model", default="pictures", help="the model of --real")
    parser.add_argument("--sides", default="clip," + ",".join(search_peers.SIDES), help="which to run now")
    parser.add_argument("--serve-options", default="", help="more options for clip serve, in one word")
    return parser.parse_args()


def main():
    options = arguments()
    os.makedirs(options.output, exist_ok=True)
    say = lambda text: print(text, file=sys.stderr, flush=True)                # noqa: E731
    say("rows and questions")
    files = search_rows.real(options) if options.real else search_rows.synthetic(options)
    vectors = np.load(files["vectors"], mmap_mode="r")
    with np.load(files["questions"]) as stored:
        questions = {kind: (stored[kind], truth(vectors, stored[kind])) for kind in stored.files}
    report = {"rows": len(vectors), "dimension": vectors.shape[1], "threads": options.threads, "sides": {},
              "means": files["means"]}
    lines = []
    for side in options.sides.split(","):
        say(side)
        folder = os.path.join(options.output, side)
        if side == "clip":
            found = ours(options, folder, files, questions, len(vectors))
            found["resident_of_index"] = found["memory"]["resident"] - found["memory_few_rows"]["resident"]
        else:
            found = peer(options, side, folder, files)
            found["resident_of_index"] = found["memory"]["resident"] - found["memory_before"]["resident"]
            found["bytes_a_row"] = size_on_disk(found.pop("file")) / len(vectors)
        found |= summary(vectors, questions, found.pop("answered"))
        report["sides"][side] = found
        lines.append(line(side, found))
        with open(os.path.join(options.output, "search.json"), "w") as file:
            json.dump(report, file, indent=2)
    print(table(lines))


if __name__ == "__main__":
    main()

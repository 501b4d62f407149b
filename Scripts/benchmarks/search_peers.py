"""The other sides of search_benchmark.py, each in a process of its own, so that its memory is its own:

    python search_peers.py SIDE FOLDER VECTORS.npy QUESTIONS.npz THREADS

Builds what FOLDER does not hold, opens it anew, asks, and prints one JSON document.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np

import serving

TOP = 10
SIDES = ["faiss-flat", "faiss-hnsw-64", "faiss-hnsw-256", "sqlite-vec"]


def chunks(vectors, size=20000):
    for start in range(0, len(vectors), size):
        yield start, np.ascontiguousarray(vectors[start:start + size], np.float32)


class Faiss:
    """IndexFlatIP, or IndexHNSWFlat with M = 16 and efConstruction = 128. Both keep all rows in fp32."""

    def __init__(self, side, folder):
        self.breadth = int(side.rpartition("-")[2]) if "hnsw" in side else None
        # One graph serves both breadths.
        self.file = os.path.join(os.path.dirname(folder), "faiss-hnsw.index" if self.breadth else "faiss-flat.index")

    def build(self, vectors, threads):
        import faiss
        faiss.omp_set_num_threads(threads)
        dimension = vectors.shape[1]
        if self.breadth:
            index = faiss.IndexHNSWFlat(dimension, 16, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = 128
        else:
            index = faiss.IndexFlatIP(dimension)
        for _, rows in chunks(vectors):
            index.add(rows)
        faiss.write_index(index, self.file)

    def load(self):
        import faiss  # noqa: F401 (its libraries are not the index's memory)

    def open(self, threads):
        import faiss
        faiss.omp_set_num_threads(threads)
        self.index = faiss.read_index(self.file)
        if self.breadth:
            self.index.hnsw.efSearch = self.breadth

    def nearest(self, query):
        return self.index.search(query[None], TOP)[1][0].tolist()


class SQLiteVec:
    """A vec0 table of float32, scanned whole. Rows of length 1 have the same order by L2, its quickest measure."""

    def __init__(self, side, folder):
        self.file = os.path.join(folder, "rows.sqlite")

    def connection(self):
        import apsw
        import sqlite_vec
        connection = apsw.Connection(self.file)
        connection.enable_load_extension(True)
        connection.load_extension(sqlite_vec.loadable_path())
        return connection

    def build(self, vectors, threads):
        connection = self.connection()
        connection.execute(f"create virtual table rows using vec0(embedding float[{vectors.shape[1]}])")
        for start, rows in chunks(vectors):
            with connection:
                connection.executemany("insert into rows(rowid, embedding) values (?, ?)",
                                       ((start + place, row.tobytes()) for place, row in enumerate(rows)))
        connection.close()

    def load(self):
        import apsw  # noqa: F401

    def open(self, threads):
        self.index = self.connection()

    def nearest(self, query):
        return [row for row, _ in self.index.execute(
            "select rowid, distance from rows where embedding match ? and k = ? order by distance",
            (query.tobytes(), TOP))]


def main():
    side, folder, vectors, questions, threads, *build = sys.argv[1:]
    peer = (SQLiteVec if side == "sqlite-vec" else Faiss)(side, folder)
    threads = int(threads)
    if build:
        return peer.build(np.load(vectors, mmap_mode="r"), threads)
    built = peer.file + ".json"
    if not os.path.exists(built):
        # In another process, whose memory is not counted.
        if os.path.exists(peer.file):
            os.remove(peer.file)
        start = time.perf_counter()
        subprocess.run([sys.executable, *sys.argv, "--build"], check=True)
        with open(built, "w") as file:
            json.dump({"seconds": time.perf_counter() - start}, file)
    with open(built) as file:
        report = {"build_seconds": json.load(file)["seconds"], "file": peer.file, "answered": {}}
    with np.load(questions) as stored:
        questions = {kind: stored[kind] for kind in stored.files}
    peer.load()
    report["memory_before"] = serving.memory()
    start = time.perf_counter()
    peer.open(threads)
    peer.nearest(next(iter(questions.values()))[0])
    report["opening_seconds"] = time.perf_counter() - start
    for kind, queries in questions.items():
        answers, seconds = [], []
        for query in queries:
            start = time.perf_counter()
            answers.append(peer.nearest(query))
            seconds.append(time.perf_counter() - start)
        report["answered"][kind] = (answers, seconds)
    report["memory"] = serving.memory()
    print(json.dumps(report))


if __name__ == "__main__":
    main()

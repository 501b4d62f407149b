"""How far scores of 8-bit integers are from the vectors' own, and what is lost by what an index keeps of a vector.

The index scans 8-bit integers, one factor a vector, and scores what may belong among the answers by the vectors it keeps.
A row may belong if its score is not below the last answer's by more than FACTOR * sqrt(row's factor ^ 2 + query's ^ 2).
This draws vectors as a model's may lie, counts pairs beyond that margin, and compares answers with those of the original
vectors in float32. Needs NumPy and, for a million vectors of 512, 8 GB of memory:

    python3 Scripts/benchmarks/search_margin.py --rows 1000000 --queries 100
"""
import argparse

import numpy as np

FACTOR = 2.0


def unit(values):
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def quantized(values):
    """Rows of whole numbers from -127 to 127 as float32, and their factors."""
    factors = np.abs(values).max(axis=1, keepdims=True) / 127
    return np.clip(np.rint(values / factors), -127, 127).astype(np.float32), factors[:, 0]


def bfloat16(values):
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def float16(values):
    return values.astype(np.float16).astype(np.float32)


def int16(values):
    """What an index keeps: whole numbers from -32767 to 32767, and a factor for every 32."""
    blocks = values.reshape(len(values), -1, 32)
    factors = np.abs(blocks).max(axis=2, keepdims=True) / np.float32(32767)
    return (np.rint(blocks / factors) * factors).reshape(values.shape)


def drawn(kind, rows, queries, size, random):
    if kind == "random":
        return random.normal(size=(rows, size)), random.normal(size=(queries, size))
    # Around centers, as pictures of one thing lie; queries are near one of the rows.
    centers = random.normal(size=(max(1, rows // 100), size))
    values = centers[random.integers(len(centers), size=rows)] + 0.5 * random.normal(size=(rows, size))
    if kind == "clustered":
        return values, values[random.integers(rows, size=queries)] + 0.3 * random.normal(size=(queries, size))
    # "towers": a few dimensions are the same and large for all, as in CLIP's own space, and texts lie apart from pictures.
    common = np.zeros(size)
    common[[7, 130]] = 16, -9
    away = 0.8 * random.normal(size=size)
    texts = 0.35 * centers[random.integers(len(centers), size=queries)] + 0.8 * random.normal(size=(queries, size))
    return values + common, texts + 0.6 * common + away


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--top", type=int, default=10)
    given = parser.parse_args()
    for kind in ("random", "clustered", "towers"):
        random = np.random.default_rng(1)
        rows, queries = (unit(part) for part in drawn(kind, given.rows, given.queries, given.size, random))
        exact = rows @ queries.T
        best = np.argpartition(-exact, given.top, axis=0)[:given.top]
        for name, kept in (("bfloat16", bfloat16), ("float16", float16), ("int16", int16)):
            scores = kept(rows) @ queries.T
            found = np.argpartition(-scores, given.top, axis=0)[:given.top]
            same = sum(len(np.intersect1d(best[:, i], found[:, i])) for i in range(given.queries))
            print(f"{kind}: recall@{given.top} of vectors kept in {name}: {same / best.size:.4f}, "
                  f"largest error {np.abs(scores - exact).max():.7f}")
            if name == "int16":
                kept_scores = scores
        integers, factors = quantized(int16(rows))
        questions, question_factors = quantized(queries)
        scores = (integers @ questions.T) * (factors[:, None] * question_factors)
        unit_of_error = np.sqrt(factors[:, None] ** 2 + question_factors ** 2)
        ratio = np.abs(scores - kept_scores) / unit_of_error
        last = np.sort(np.take_along_axis(kept_scores, best, axis=0), axis=0)[0]
        may = (scores >= last - FACTOR * np.sqrt(factors.max() ** 2 + question_factors ** 2)).sum(axis=0)
        print(f"{kind}: {ratio.size:.2g} pairs, error / margin: mean {ratio.mean() / FACTOR:.3f}, "
              f"largest {ratio.max() / FACTOR:.3f}, beyond {int((ratio > FACTOR).sum())}; margin "
              f"{FACTOR * unit_of_error.mean():.4f}; rows that may belong to the first {given.top}: "
              f"median {int(np.median(may))}, most {may.max()}")


if __name__ == "__main__":
    main()

"""What SciPy says of the accuracy on pictures that were seen in training and on others.

    python make_overlap.py      (scipy 1.17.1)

overlap.json    "sets": for each set its pictures and those that are right, first of the clean ones and then of the overlap;
                and, each null where it is not defined,
                "all", "clean", "overlap": accuracy and the ends of Clopper and Pearson's 99.5 % interval
                "p", "adjusted": the one-sided binomial test, and with Bonferroni's correction
"""
import json
import pathlib

from scipy import stats

# Clean pictures, of these right, overlapping pictures, of these right.
SETS = [
    (1000, 700, 100, 85), (1000, 700, 100, 60), (2000, 1300, 60, 44), (50, 0, 5, 0), (50, 0, 5, 2), (40, 40, 3, 3),
    (40, 40, 3, 2), (300, 150, 0, 0), (0, 0, 20, 11), (1, 1, 1, 0), (2500, 1100, 400, 196),
]


def split(count, right):
    if count == 0:
        return None
    tail = (1 - 0.995) / 2
    low = 0.0 if right == 0 else stats.beta.ppf(tail, right, count - right + 1)
    high = 1.0 if right == count else stats.beta.ppf(1 - tail, right + 1, count - right)
    return [right / count, float(low), float(high)]


def main():
    rows = []
    for clean, clean_right, overlap, overlap_right in SETS:
        p = None
        if clean and overlap:
            p = float(stats.binomtest(overlap_right, overlap, clean_right / clean, "greater").pvalue)
        rows.append({
            "counts": [clean, clean_right, overlap, overlap_right],
            "all": split(clean + overlap, clean_right + overlap_right),
            "clean": split(clean, clean_right), "overlap": split(overlap, overlap_right),
            "p": p, "adjusted": None if p is None else min(1.0, p * len(SETS)),
        })
    text = json.dumps({"sets": rows}, separators=(",", ":")).replace("},{", "},\n{")
    (pathlib.Path(__file__).resolve().parent / "overlap.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

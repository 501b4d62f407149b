"""How the cost of answers grows, measured with `clip benchmark inference`:

    python Scripts/benchmarks/growth.py --clip bin/clip --model ViT-B-32 --output runs/growth

Pictures a second and memory against the batch, captions a second against their length, each in fp32, bf16 and int8 on one thread
and on all. Writes growth.json and growth.svg.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

COLORS = {"fp32": "#1d5fb8", "bf16": "#c9772b", "int8": "#4d8b57"}
WORDS = "a photograph of an old red bicycle that leans on the white wall beside two tall trees in the morning light".split()


def measure(options, *arguments):
    found = subprocess.run([options.clip, "benchmark", "inference", "--model", options.model, "--json", *map(str, arguments)],
                           check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if found.returncode != 0:
        print(found.stderr.strip(), file=sys.stderr)
        return None
    return json.loads(found.stdout)


def median_of(options, arguments):
    """Of several processes, since a shared machine's speed drifts."""
    found = [measure(options, *arguments) for _ in range(options.rounds)]
    if None in found:
        return None
    return {"per_second": statistics.median(one["per_second"] for one in found),
            "share": statistics.median(one.get("share_of_matrix_rate") or 0 for one in found),
            "mebibytes": statistics.median(one["peak_resident_bytes"] for one in found) / 2**20}


def grow(options, kind, sizes, arguments_of):
    rows = []
    for precision in options.precisions.split(","):
        for threads in sorted({1, os.cpu_count()}):
            for size in sizes:
                found = median_of(options, ["--kind", kind, "--precision", precision, "--threads", threads, *arguments_of(size)])
                if found is None:
                    break
                rows.append({"kind": kind, "precision": precision, "threads": threads, "size": size, **found})
                print(rows[-1], file=sys.stderr)
    return rows


def scale(values, isLogarithmic):
    """Round numbers for an axis, and where a value stands on it, from 0 to 1."""
    most = max(values)
    if not isLogarithmic:
        unit = 10 ** math.floor(math.log10(most / 4))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor * 4 >= most)
        return [step * index for index in range(5)], lambda value: value / (step * 4)
    steps = [base * 10 ** power for power in range(7) for base in (1, 2, 5)]
    least = max(step for step in steps if step <= max(1, min(values)))
    ticks = [step for step in steps if least <= step <= next(top for top in steps if top >= most)]
    return ticks, lambda value: math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])


def panel(rows, value, title, axis, top, isLogarithmic=False):
    """Lines of a figure against a size, in doubling steps; dashes for one thread."""
    left, width, height, parts = 70, 460, 170, []
    sizes = sorted({row["size"] for row in rows})
    ticks, share = scale([row[value] for row in rows], isLogarithmic)
    place = {size: left + index * width / max(1, len(sizes) - 1) for index, size in enumerate(sizes)}
    parts.append(f'<text x="{left}" y="{top - 12}" font-weight="bold">{title}</text>')
    for tick in ticks:
        y = top + height - height * share(tick)
        parts.append(f'<path d="M{left} {y:.1f}H{left + width}" stroke="#e3e3e3"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for size in sizes:
        parts.append(f'<text x="{place[size]:.1f}" y="{top + height + 16}" text-anchor="middle">{size}</text>')
    parts.append(f'<text x="{left + width}" y="{top + height + 32}" text-anchor="end">{axis}</text>')
    labels = []
    for precision in COLORS:
        for threads in sorted({row["threads"] for row in rows}):
            own = [row for row in rows if row["precision"] == precision and row["threads"] == threads]
            if not own:
                continue
            points = [(place[row["size"]], top + height - share(row[value]) * height) for row in own]
            dash = ' stroke-dasharray="5 4"' if threads == 1 else ""
            parts.append(f'<polyline fill="none" stroke="{COLORS[precision]}" stroke-width="2"{dash} points="'
                         + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')
            labels.append((points[-1][1], f"{precision}, {threads} thread{'' if threads == 1 else 's'}", COLORS[precision]))
    # Beside the ends of their lines, a row apart, none below the figure.
    y, rest = -100, len(labels)
    for wanted, text, color in sorted(labels):
        rest -= 1
        y = max(min(wanted, top + height - 14 * rest), y + 14)
        parts.append(f'<text x="{left + width + 10}" y="{y + 4:.1f}" fill="{color}">{text}</text>')
    return parts


def chart(rows, model):
    pictures = [row for row in rows if row["kind"] == "images"]
    texts = [row for row in rows if row["kind"] == "texts"]
    parts = []
    if pictures:
        parts += panel(pictures, "per_second", f"{model}: pictures a second", "pictures in a batch", 40)
        parts += panel(pictures, "mebibytes", "memory at most, MiB", "pictures in a batch", 290)
    if texts:
        parts += panel(texts, "per_second", "captions a second, 32 in a batch (logarithmic)", "words of a caption", 540, isLogarithmic=True)
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="680" height="770" viewBox="0 0 680 770" font-family="sans-serif" '
            'font-size="12"><rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", default="bin/clip")
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--precisions", default="fp32,bf16,int8")
    parser.add_argument("--batches", default="1,2,4,8,16,32,64")
    parser.add_argument("--lengths", default="2,4,8,16,32,64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    batches = [int(size) for size in options.batches.split(",")]
    lengths = [int(size) for size in options.lengths.split(",")]
    rows = grow(options, "images", batches, lambda size: ["--batch-size", size, "--rounds", 3, "--warm-up", 1])
    with tempfile.TemporaryDirectory() as folder:
        def captions(length):
            path = os.path.join(folder, f"{length}.txt")
            with open(path, "w") as file:
                # Each another, so that none is encoded for two.
                file.writelines(" ".join((WORDS * 4)[place:place + length - 1] + [str(place)]) + "\n" for place in range(32))
            return ["--batch-size", 32, "--captions-file", path, "--rounds", 3, "--warm-up", 1]
        rows += grow(options, "texts", lengths, captions)
    for name, text in (("growth.json", json.dumps(rows, indent=2) + "\n"), ("growth.svg", chart(rows, options.model))):
        path = os.path.join(options.output, name)
        with open(path + ".part", "w") as file:
            file.write(text)
        os.replace(path + ".part", path)


if __name__ == "__main__":
    main()

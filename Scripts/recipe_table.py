#!/usr/bin/env python3
"""The table of Scripts/compare-recipes: means and deviations over seeds, per cent, as Markdown."""

import json
import statistics
import sys
from pathlib import Path

COLUMNS = [
    ("image to text R@10", "en", lambda d: d["image_to_text"]["R@10"]),
    ("text to image R@10", "en", lambda d: d["text_to_image"]["R@10"]),
    ("zero-shot", "en", lambda d: d["zero_shot"]["accuracy"]),
    ("Chinese: image to text R@10", "zh", lambda d: d["image_to_text"]["R@10"]),
    ("text to image R@10", "zh", lambda d: d["text_to_image"]["R@10"]),
]


def cell(values):
    percents = [100 * value for value in values]
    spread = f" ± {statistics.stdev(percents):.1f}" if len(percents) > 1 else ""
    return f"{statistics.mean(percents):.1f}{spread}"


def main(folder, names):
    print("| recipe | " + " | ".join(title for title, _, _ in COLUMNS) + " | minutes | seeds |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for name in names:
        runs = sorted(path for path in folder.glob(f"{name}-*.json") if path.stem[len(name) + 1:].isdigit())
        if not runs:
            continue
        records = [json.loads(path.read_text()) for path in runs]
        found = {
            language: [json.loads((folder / f"{path.stem}.{language}.json").read_text()) for path in runs]
            for language in ("en", "zh")
        }
        cells = [cell([value(document) for document in found[language]]) for _, language, value in COLUMNS]
        minutes = statistics.mean(record["seconds"] for record in records) / 60
        print(f"| {name} | " + " | ".join(cells) + f" | {minutes:.1f} | {len(runs)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

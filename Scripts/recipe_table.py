#!/usr/bin/env python3
"""The table of Scripts/compare-recipes: means and deviations over seeds, per cent, as Markdown.

    recipe_table.py RESULTS RECIPE...                                  prints it
    recipe_table.py --add RESULTS RECIPE SEED SECONDS ENGLISH CHINESE  adds a run by its two evaluations
"""

import json
import statistics
import sys
from pathlib import Path

COLUMNS = [
    ("image to text R@10", "en", "image_to_text"),
    ("text to image R@10", "en", "text_to_image"),
    ("zero-shot", "en", "zero_shot"),
    ("Chinese: image to text R@10", "zh", "image_to_text"),
    ("text to image R@10", "zh", "text_to_image"),
]


def add(results, name, seed, seconds, english, chinese):
    record = {"recipe": name, "seed": int(seed), "seconds": int(seconds)}
    for language, path in (("en", english), ("zh", chinese)):
        document = json.loads(Path(path).read_text())
        record[language] = {key: document[key]["R@10"] for key in ("image_to_text", "text_to_image")}
        if language == "en":
            record[language]["zero_shot"] = document["zero_shot"]["accuracy"]
    with Path(results).open("a") as file:
        file.write(json.dumps(record) + "\n")


def cell(values):
    percents = [100 * value for value in values]
    spread = f" ± {statistics.stdev(percents):.1f}" if len(percents) > 1 else ""
    return f"{statistics.mean(percents):.1f}{spread}"


def table(results, names):
    records = [json.loads(line) for line in Path(results).read_text().splitlines()]
    print("| recipe | " + " | ".join(title for title, _, _ in COLUMNS) + " | seeds |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for name in names:
        runs = [record for record in records if record["recipe"] == name]
        if not runs:
            continue
        cells = [cell([run[language][key] for run in runs]) for _, language, key in COLUMNS]
        print(f"| {name} | " + " | ".join(cells) + f" | {len(runs)} |")


if __name__ == "__main__":
    if sys.argv[1] == "--add":
        add(*sys.argv[2:])
    else:
        table(sys.argv[1], sys.argv[2:])

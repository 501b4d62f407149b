#!/usr/bin/env python3
"""Copies a model directory and gives the model a bias, which the sigmoid loss learns (arXiv 2303.15343, section 3.2).

    with_logit_bias.py MODEL COPY
"""

import json
import shutil
import struct
import sys
from pathlib import Path

BIAS = -10.0  # As the paper begins.


def main(source, target):
    shutil.copytree(source, target)
    path = target / "open_clip_config.json"
    document = json.loads(path.read_text())
    document["model_cfg"]["init_logit_bias"] = BIAS
    path.write_text(json.dumps(document, indent=2))
    # safetensors: the length of a JSON header, the header, the numbers in the order of its offsets.
    path = target / "open_clip_model.safetensors"
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    header["logit_bias"] = {"dtype": "F32", "shape": [], "data_offsets": [end, end + 4]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length:] + struct.pack("<f", BIAS))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

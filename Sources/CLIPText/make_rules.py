"""Writes Resources/rules.txt: what the reference tokenizers do with each single code point, found by asking them.

    python make_rules.py

Needs `tokenizers` (Hugging Face, whose Unicode tables differ from Python's) and Python's unicodedata. The format is
that of make_resources.py.
"""
import unicodedata

import tokenizers
from make_resources import POINTS, hexes, ranges, write
from tokenizers import Regex, normalizers, pre_tokenizers


def changes(normalizer, usual):
    """`a:x,y` for each code point that the normalizer maps otherwise than `usual` does."""
    out = []
    for p in POINTS:
        got = normalizer.normalize_str(chr(p))
        if got != usual(chr(p)):
            out.append(f"{p:x}:{hexes(got)}" if got else f"{p:x}:0")
    return out


def matching(pattern):
    split = pre_tokenizers.Split(Regex(pattern), behavior="removed")
    return ranges([p for p in POINTS if not split.pre_tokenize_str(chr(p))])


def category(*starts):
    return ranges([p for p in POINTS if unicodedata.category(chr(p)).startswith(starts)])


def main():
    clean = normalizers.BertNormalizer(True, False, False, False)
    strip = normalizers.BertNormalizer(False, False, True, False)
    chinese = normalizers.BertNormalizer(False, True, False, False)
    words = pre_tokenizers.BertPreTokenizer()
    cleaned = {p: clean.normalize_str("a" + chr(p) + "a") for p in POINTS}
    split = {p: [w for w, _ in words.pre_tokenize_str("a" + chr(p) + "a")] for p in POINTS}
    plain = lambda c: "".join(d for d in unicodedata.normalize("NFD", c) if unicodedata.category(d) != "Mn")
    write(
        "rules.txt",
        [
            f"What tokenizers {tokenizers.__version__} (Apache licence 2.0) and Unicode {unicodedata.unidata_version}"
            " (https://www.unicode.org/license.txt) say of single code points.",
            "tokenizers.*: asked of that library. python.*: general categories.",
            "lower, strip, compose: only where they differ from Python's; 0 stands for nothing.",
        ],
        [
            ("tokenizers.space", matching(r"\s")),
            ("tokenizers.letter", matching(r"[\p{L}]")),
            ("tokenizers.number", matching(r"[\p{N}]")),
            ("tokenizers.lower", changes(normalizers.Lowercase(), str.lower)),
            ("tokenizers.compose", changes(normalizers.NFC(), lambda c: unicodedata.normalize("NFC", c))),
            ("tokenizers.strip", changes(strip, plain)),
            ("tokenizers.bert.removed", ranges([p for p in POINTS if cleaned[p] == "aa"])),
            ("tokenizers.bert.space", ranges([p for p in POINTS if cleaned[p] == "a a"])),
            ("tokenizers.bert.chinese", ranges([p for p in POINTS if len(chinese.normalize_str(chr(p))) == 3])),
            ("tokenizers.bert.break", ranges([p for p in POINTS if len(split[p]) == 2])),
            ("tokenizers.bert.punctuation", ranges([p for p in POINTS if len(split[p]) == 3])),
            ("python.mark", category("Mn")),
            ("python.control", category("Cc", "Cf")),
            ("python.separator", category("Zs")),
            ("python.punctuation", category("P")),
        ],
    )


if __name__ == "__main__":
    main()

"""Writes the data files under Resources/ from the reference packages' own tables, so that nothing is typed by hand.

    python make_resources.py

Needs open_clip (the merges), ftfy (character categories, replacements), regex (which code points are letters and
numbers) and Python's unicodedata, codecs and html modules. Sections are `[name]`; items are hexadecimal code points
`a`, ranges `a-b`, or mappings `a:x,y` / `a-b:x`, separated by white space.
"""
import codecs
import gzip
import html
import html.entities
import importlib.util
import os
import re
import textwrap
import unicodedata

import ftfy
import ftfy.bad_codecs
import regex
from ftfy import badness, chardata

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Resources")
POINTS = [i for i in range(0x110000) if not 0xD800 <= i < 0xE000]


def hexes(text):
    return ",".join(f"{ord(c):x}" for c in text)


def ranges(points, value=None):
    """Consecutive code points with equal value as `a-b[:value]` items."""
    out, start, last, current = [], None, None, None

    def close():
        if start is not None:
            suffix = "" if current is None else f":{current:x}"
            out.append((f"{start:x}" if start == last else f"{start:x}-{last:x}") + suffix)

    for p in points:
        v = None if value is None else value(p)
        if start is not None and p == last + 1 and v == current:
            last = p
        else:
            close()
            start, last, current = p, p, v
    close()
    return out


def write(name, heading, sections):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as f:
        for line in heading:
            f.write(f"# {line}\n")
        for title, items in sections:
            f.write(f"[{title}]\n")
            for line in textwrap.wrap(" ".join(items), 116, break_long_words=False, break_on_hyphens=False):
                f.write(line + "\n")


def merges():
    # Found without importing open_clip, which would load torch.
    folder = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    text = gzip.open(os.path.join(folder, "bpe_simple_vocab_16e6.txt.gz")).read().decode("utf-8").split("\n")
    with open(os.path.join(HERE, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(text[1 : 49152 - 256 - 2 + 1]) + "\n")


def unicode_tables():
    def matching(pattern, flags=regex.IGNORECASE):
        compiled = regex.compile(pattern, flags)
        return [p for p in POINTS if compiled.fullmatch(chr(p))]

    letters, numbers = matching(r"[\p{L}]"), matching(r"[\p{N}]")
    spaces = matching(r"\s")
    matched = set(matching(r"[^\s\p{L}\p{N}]") + letters + numbers + spaces)
    unmatched = [p for p in POINTS if p not in matched]
    # Final sigma: a letter before it counts when cased, and case-ignorable characters are looked through.
    sigma = [p for p in POINTS if (chr(p) + "\u03a3").lower().endswith("\u03c2")]
    cased = set(sigma)
    through = [p for p in POINTS if p not in cased and ("a" + chr(p) + "\u03a3").lower().endswith("\u03c2")]
    raw = {}
    for p in POINTS:
        d = unicodedata.decomposition(chr(p))
        if d and not d.startswith("<"):
            raw[p] = "".join(chr(int(x, 16)) for x in d.split())
    excluded = [p for p, d in raw.items() if unicodedata.normalize("NFC", d) != chr(p)]
    write(
        "unicode.txt",
        [
            "Unicode character data: licence https://www.unicode.org/license.txt",
            f"letter, number, space, unmatched: regex {regex.__version__} (token pattern, ignoring case);"
            f" the rest: Unicode {unicodedata.unidata_version}",
        ],
        [
            ("letter", ranges(letters)),
            ("number", ranges(numbers)),
            ("unmatched", ranges(unmatched)),
            ("space", ranges([p for p in POINTS if chr(p).isspace()])),
            ("decimal", ranges([p for p in POINTS if chr(p).isdecimal()])),
            ("word", ranges([p for p in POINTS if re.fullmatch(r"\w", chr(p))])),
            ("cased", ranges(sigma)),
            ("ignorable", ranges(through)),
            ("lower", [f"{p:x}:{hexes(chr(p).lower())}" for p in POINTS if chr(p).lower() != chr(p)]),
            ("class", ranges([p for p in POINTS if unicodedata.combining(chr(p))], lambda p: unicodedata.combining(chr(p)))),
            ("decomposition", [f"{p:x}:{hexes(d)}" for p, d in raw.items()]),
            ("excluded", ranges(excluded)),
        ],
    )


def mojibake_tables():
    def members(body):
        compiled = re.compile(f"[{body}]")
        return ranges([p for p in POINTS if compiled.match(chr(p))])

    sections = [(f"badness.{k}", members(v)) for k, v in badness.MOJIBAKE_CATEGORIES.items()]
    sections += [(k.replace("utf8_", "utf8."), members(v)) for k, v in chardata.UTF8_CLUES.items()]
    sections += [
        ("ligature", [f"{k:x}:{hexes(v)}" for k, v in chardata.LIGATURES.items()]),
        ("width", [f"{k:x}:{hexes(v)}" for k, v in chardata.WIDTH_MAP.items()]),
        ("control", ranges(sorted(chardata.CONTROL_CHARS))),
    ]
    for name in chardata.CHARMAP_ENCODINGS:
        sections.append((f"encoding.{name}", [f"{ord(bytes([b]).decode(name)):x}" for b in range(0x80, 0x100)]))
    write(
        "mojibake.txt",
        [f"Character categories and replacements of ftfy {ftfy.__version__} (Apache licence 2.0, Robyn Speer);",
         "encodings: the characters of bytes 80 to FF."],
        sections,
    )


def entities():
    """`name=code points`; the names that only ftfy accepts (all capitals) are marked by a leading `!`."""
    lines = [f"{k}={hexes(v)}" for k, v in sorted(html.entities.html5.items())]
    lines += [
        f"!{k[1:]}={hexes(v)}"
        for k, v in sorted(chardata.HTML_ENTITIES.items())
        if k[1:] not in html.entities.html5
    ]
    with open(os.path.join(HERE, "html-entities.txt"), "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    assert all(html.unescape(f"&#{b};") == bytes([b]).decode("sloppy-windows-1252") for b in range(0x80, 0xA0))
    assert codecs.lookup("sloppy-windows-1252")
    os.makedirs(HERE, exist_ok=True)
    merges()
    unicode_tables()
    mojibake_tables()
    entities()

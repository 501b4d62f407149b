"""Writes tokens.json: seeded strings of many kinds with the token ids of open_clip's SimpleTokenizer (with ftfy).

    python make_tokens.py

"tokens" holds [text, ids] with no start or end of text. A text may be [unit, count] for a long repetition, and its ids
{"runs": [[id, count], ...]}. "decoded" holds [ids, text].
"""
import html.entities
import json
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
from open_clip.tokenizer import SimpleTokenizer  # noqa: E402

TOKENIZER = SimpleTokenizer()

WORDS = """a photo of the cat dog playing in snow near red barn aerial view city at night vintage poster close-up bowl
ramen with egg scallions wooden table logo football club portrait old man smiling black and white IMG_2231 Hello WORLD
it's I've you're they'll she'd don't I'm OK 2023 3.14 $5 100% #1 e-mail C++ naïve café crème brûlée Zürich Łódź
smörgåsbord São Paulo Señor Straße groß jalapeño Ångström Dvořák Čeština Gödel Erdős Škoda żółć ħabitat Þór Æsir œuvre
Reykjavík Tromsø Málaga Århus İstanbul IĞDIR ışık ΣΊΣΥΦΟΣ ΟΔΟΣ λόγος Ἀθῆναι Ελλάδα привет МОСКВА Ёлка Україна Ґанок
Српски שלום עולם مرحبا بالعالم فارسی اردو नमस्ते दुनिया हिन्दी ক খ বাংলা தமிழ் ไทย สวัสดี ภาษา 日本語 东京 漢字 中文
한국어 서울 안녕하세요 ひらがな カタカナ ｶﾀｶﾅ ﾊﾟﾋﾟ ＡＢＣ ｆｕｌｌ １２３ ﬁsh ﬂuﬃ ﬆart ﬅ Ĳssel ǆ ŉ Ǆ ﬀ ქართული Հայերեն አማርኛ ខ្មែរ
မြန်မာ ລາວ བོད 😀 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 ❤️ ✔ ☃ 🧑‍🚀 🏴󠁧󠁢󠁷󠁬󠁳󠁿 “curly” ‘single’ ‚low‛ „low‟ it’s — – … • € £ ¥ © ® ™ ° ± ² ³ ½ ¾ × ÷ ¡ ¿ « » ‹ › № ∞ ≈ ≠ √ ∂ ♥ ★""".split()
SPECIAL = ["<start_of_text>", "<end_of_text>", "<END_OF_TEXT>", "<Start_Of_Text>", "<\u017ftart_of_text>", "<end_of_text",
           "<|endoftext|>", "</w>", "<start_of_text><end_of_text>", "!<end_of_text>", "'\u017f", "'S", "'LL", "'Re", "''s", "!'s",
           "\u212a", "\u0345", "a\u0345b", "\u03a3\u0345", "A\u03a3", "A\u03a3\u0301", "\u03a3A", "A.\u03a3.", "\u0130\u0307"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u1680", "\u2003",
          "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u180e"]
ESCAPES = ["\x1b[0m", "\x1b[1;31m", "\x1b[", "\x1b[9", "\x1b]0;t\x07", "\x1b[\x013m", "\x1b[\u0663m", "\x00", "\x07", "\x1a", "\x7f",
           "\x80", "\x93", "\x9d", "\u206a", "\ufff9", "\ufffc", "\ufffd", "\ue000", "\uf8ff", "\U000e0001", "\U0010ffff"]
ENTITIES = ["&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;", "&eacute;", "&EACUTE;", "&Eacute;", "&SZLIG;", "&nTILDE;", "&amp", "&ampamp;",
            "&notit;", "&not", "&hellip;", "&#39;", "&#x27;", "&#X27", "&#128512;", "&#x1F600;", "&#0;", "&#1;", "&#13;", "&#128;", "&#x9d;",
            "&#xD83D;", "&#xD83D;&#xDE00;", "&#1114112;", "&#99999999999;", "&#xFFFE;", "&#x;", "&#;", "&;", "&", "&&amp;;", "&amp;amp;",
            "&amp;lt;b&amp;gt;", "&amp;amp;amp;", "&bogus;", "&#59;", "&amp;#59;", "&NotEqualTilde;", "&ThickSpace;", "&fjlig;", "&#38;lt;",
            "&CounterClockwiseContourIntegral;", "&hearts", "&copy2024", "&lt;br/&gt;", "&lt", "&AMP;", "&\u00e9;", "&#12a;", "&shy;"]
READINGS = ["latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253",
            "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437", "cp1252", "cp1251"]
NAMES = sorted(html.entities.html5)


def scalar(rng, top=0x110000):
    while True:
        point = rng.randrange(top)
        if not 0xD800 <= point < 0xE000:
            return chr(point)


def words(rng, low=1, high=6):
    return rng.choice([" "] * 8 + SPACES).join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def as_cesu8(text):
    out = b""
    for c in text:
        units = c.encode("utf-16-be")
        for i in range(0, len(units), 2):
            out += chr(int.from_bytes(units[i : i + 2], "big")).encode("utf-8", "surrogatepass")
    return out.replace(b"\x00", b"\xc0\x80")


def mojibake(rng, text=None):
    """Text whose UTF-8 was read in some single-byte encoding, perhaps twice, perhaps with losses."""
    text = words(rng) if text is None else text
    data = as_cesu8(text) if rng.random() < 0.1 else text.encode("utf-8")
    reading = rng.choice(READINGS)
    out = data.decode(reading, errors="replace")
    loss = rng.random()
    if loss < 0.1:
        out = out.replace("\xa0", " ")
    elif loss < 0.2:
        out = "".join("\ufffd" if "\x80" <= c < "\xa0" else c for c in out)
    elif loss < 0.3:
        out = "".join(rng.choice("?\ufffd\x1a ") if ord(c) > 127 and rng.random() < 0.15 else c for c in out)
    if rng.random() < 0.2:
        out = mojibake(rng, out) if rng.random() < 0.3 else out.encode("utf-8").decode(rng.choice(READINGS), errors="replace")
    return out


def clues(rng):
    """Characters of the kinds that the repair heuristics look for, in random order."""
    pool = ("".join(chr(c) for c in range(0x80, 0x100)) + "abzAZ  ?.,\n" * 3
            + "ÂÃÎÐØÙâàïðŒœŸŠšžƒ€‚„…†‡ˆ‰‹‘’“”•–—˜™›¼½¾√≈∂≠≤≥∞∏π∫ªºΩВГРСвЂЃђіΒΓΞΟβ€ΆāăćčďřžţůŰűőŐ░▒▓│┤╡╢╖╕╣║╗█▄▌▐▀αßΓ\ufffd\x1a")
    return "".join(rng.choice(pool) for _ in range(rng.randint(1, 14)))


def bytes_soup(rng):
    pool = rng.choice([range(256), range(128, 256), [0xC2, 0xC3, 0xE2, 0x80, 0x20, 0x61, 0xA0, 0x1A, 0x3F, 0xED, 0xC0, 0xF0, 0x9F, 0xA1, 0xB0, 0x0A]])
    return bytes(rng.choice(pool) for _ in range(rng.randint(1, 16))).decode(rng.choice(READINGS), errors="replace")


def marks(rng):
    base = rng.choice("aeiouEAOnsyΑωИ가각ᄀ한כかक") + rng.choice(["", "\u1161", "\u11a8"])
    return base + "".join(chr(rng.choice([rng.randrange(0x300, 0x370), 0x301, 0x323, 0x307, 0x3099, 0x94D, 0x5B0, 0x20D0])) for _ in range(rng.randint(1, 5)))


def entity(rng):
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(ENTITIES)
    if kind < 0.7:
        name = rng.choice(NAMES)
        return "&" + rng.choice([name, name.rstrip(";"), name.upper(), name.lower(), name[:-2], name + "x;"])
    number = rng.choice([rng.randrange(256), rng.randrange(0x3000), rng.randrange(0x120000)])
    return rng.choice(["&#%d;", "&#%d", "&#x%x;", "&#X%X", "&amp;#%d;"]) % number


def random_text(rng):
    makers = [
        words, words, mojibake, mojibake, mojibake, clues, clues, bytes_soup, bytes_soup, marks, entity, entity,
        lambda r: r.choice(SPECIAL), lambda r: r.choice(SPACES), lambda r: r.choice(ESCAPES),
        lambda r: "".join(scalar(r) for _ in range(r.randint(1, 8))),
        lambda r: "".join(scalar(r, 0x3000) for _ in range(r.randint(1, 8))),
        lambda r: "".join(chr(r.randrange(0x20, 0x7F)) for _ in range(r.randint(1, 24))),
        lambda r: "".join(chr(r.randrange(0xFF00, 0xFFF0)) for _ in range(r.randint(1, 6))),
        lambda r: "".join(chr(r.randrange(0x80)) for _ in range(r.randint(1, 12))),
    ]
    parts = [rng.choice(makers)(rng) for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 5]))]
    return rng.choice(["", " ", " "]).join(parts)


FACTS = ["a diagram", "a photo of a dog", "a cat", "A person riding a motorcycle", "hello world!!!", "Hello World!",
         "i've seen it", "Hello Båstad", "donaudampfschifffahrtsgesellschaftskapitänsmütze", "2023",
         "&lt;b&gt;AT&amp;amp;T&lt;/b&gt;", "it’s", "mÃ¼ller", "İstanbul", "日本語", "café", "cafe\u0301", "ﬁsh", ""]
LONG = [["a", 10000], ["the cat sat. ", 770], ["é", 10000], ["漢字かな", 2500], ["!?", 5000], ["<end_of_text>", 700],
        ["&" + "amp;" * 200 + "eacute; Ã© &" + "amp;" * 90 + "Atilde;&copy; Â&" + "amp;" * 77 + "lt;", 3],
        ["&" + "amp;" * 64, 1], ["&" + "amp;#38;AMP;#x026;" * 30 + "#59;", 2], ["&" + "amp;" * 150 + "#12399; &" + "amp;" * 149 + "#195;©", 1],
        ["Ã©tÃ© ", 1500], ["1", 10000], ["&amp;", 2000], ["😀", 3000], ["<b>&eacute;</b>\n", 600], ["xyzzy", 2000], [" ", 10000]]


def main():
    rng = random.Random(20231)
    texts = list(FACTS) + SPECIAL + SPACES + ESCAPES + ENTITIES + WORDS
    while len(texts) < 4000:
        texts.append(random_text(rng))
    entries = [[t, TOKENIZER.encode(t)] for t in texts]
    for unit, count in LONG:
        ids = TOKENIZER.encode(unit * count)
        runs = []
        for i in ids:
            if runs and runs[-1][0] == i:
                runs[-1][1] += 1
            else:
                runs.append([i, 1])
        entries.append([[unit, count], {"runs": runs} if len(runs) < len(ids) / 2 else ids])
    decoded = [[ids, TOKENIZER.decode(ids)] for ids in [[], [49406, 320, 2368, 49407], [0, 0, 256], [27, 14, 86, 29]]]
    for _ in range(200):
        ids = [rng.randrange(rng.choice([512, 49408])) for _ in range(rng.randint(1, 8))]
        decoded.append([ids, TOKENIZER.decode(ids)])
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens.json")
    with open(path, "w", encoding="ascii") as f:
        rows = [",\n".join(json.dumps(e, separators=(",", ":")) for e in table) for table in (entries, decoded)]
        f.write('{"tokens":[\n%s\n],"decoded":[\n%s\n]}\n' % tuple(rows))


if __name__ == "__main__":
    main()

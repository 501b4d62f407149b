"""Writes tokenizers/: tiny vocabularies of each kind in the layouts checkpoints have, and references.json: texts with
the ids that transformers, open_clip and cn_clip give for them.

    python make_tokenizers.py                  writes the fixtures
    python make_tokenizers.py --many N FOLDER  writes larger ones with N random texts, to compare by hand

Needs transformers, tokenizers, sentencepiece, protobuf, open_clip and cn_clip. Everything is seeded. A row of ids that
ends in equal ids is written shorter: a last number -n repeats the id before it n more times.
"""
import collections
import gzip
import importlib.util
import io
import json
import os
import random
import re
import shutil
import sys
import types

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import torch.library  # noqa: E402

# A CPU torch without a matching torchvision binary still imports open_clip when its operators go unregistered.
_register = torch.library.register_fake
torch.library.register_fake = lambda op, *a, **k: (
    (lambda f: f) if isinstance(op, str) and op.startswith("torchvision::") else _register(op, *a, **k)
)
import sentencepiece  # noqa: E402
import tokenizers  # noqa: E402
import transformers  # noqa: E402
from make_tokens import ENTITIES, ESCAPES, SPACES, WORDS, scalar  # noqa: E402
from open_clip.tokenizer import HFTokenizer  # noqa: E402

transformers.logging.set_verbosity_error()
HERE = os.path.dirname(os.path.abspath(__file__))
MANY = int(sys.argv[2]) if "--many" in sys.argv else 0
OUT = sys.argv[3] if MANY else os.path.join(HERE, "tokenizers")
CHINESE = "皮卡丘 一只猫坐在沙发上 杰尼龟 妙蛙种子 小火龙 红色的汽车 北京天安门广场 iPhone14 手机 夏天的海边，日落！ 价格：￥128.00元 他说：“你好”。 微信@小明 #话题# 中国，加油 𠀀𪜀 〇 ㍿ ｶﾅ".split(" ")
SPECIAL = ["<|startoftext|>", "<|endoftext|>", "<|EndOfText|>", "</s>", "<s>", "<unk>", "<pad>", "<eos>", "<bos>", "<mask>", "[SEP]",
           "[CLS]", "[MASK]", "[unk]", "<0x41>", "▁", "▁▁", "\n\n", "  ", "<start_of_turn>", "ΟΔΟΣ", "İ", "'S", "''ll", "a_b", "_", "##a"]


def text(rng):
    kind = rng.randrange(12)
    if kind < 4:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12)))
    if kind < 6:
        return rng.choice(["", " ", ", "]).join(rng.choice(CHINESE + WORDS[:40]) for _ in range(rng.randint(1, 8)))
    if kind < 8:
        pool = rng.choice([WORDS, SPECIAL, ENTITIES, ESCAPES, CHINESE])
        return "".join(rng.choice(rng.choice([pool, SPACES, WORDS, SPECIAL])) for _ in range(rng.randint(1, 10)))
    if kind < 10:
        top = rng.choice([0x80, 0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000])
        return "".join(scalar(rng, top) + rng.choice(["", "", " ", "a"]) for _ in range(rng.randint(1, 14)))
    if kind < 11:
        source = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 5)))
        return source.encode("utf-8").decode(rng.choice(["latin-1", "cp1251", "macroman"]), "replace")
    return rng.choice(["a", "ab ", "猫", "😀", "x" * 99 + " ", "x" * 101 + " ", "y" * 200 + " ", "e\u0301", "! ", "word "]) * rng.randint(1, 90)


def texts(count, seed):
    rng = random.Random(seed)
    fixed = ["", " ", "\n", "a", "a photo of a dog", " a cat ", "A  Diagram.", "皮卡丘", "iPhone14 手机", "\x00\x01", "x" * 300, "a" * 101,
             "word " * 100, "'s 't 're 've 'm 'll 'd", "don't \u017f's", "e\u0301 \u1e69 \u0323\u0307s", "ΟΔΟΣ ΣΑΣ", "İstanbul ẞ",
             "ﬁ Ａ １ ㈱ ½", "a_b-c", "\u200b\ufeff\u180e", "\u0085\u2028x", "猫" * 80, "\U0001f9d1\u200d\U0001f680"] + SPECIAL
    fixed += [f"a{s}b" for s in SPECIAL] + [f" {s} " for s in SPECIAL]
    return fixed + [text(rng) for _ in range(count - len(fixed))]


def corpus(seed, size=4000):
    rng = random.Random(seed)
    words = [w for w in WORDS if len(w) < 14] + CHINESE
    weighted = words[:60] * 8 + words
    return [" ".join(rng.choice(weighted) for _ in range(rng.randint(2, 9))) for _ in range(size)]


def dump(value, *path, indent=None):
    path = os.path.join(OUT, *path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))


def token(content, **flags):
    base = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {"__type": "AddedToken", "content": content, **base, **flags}


# ---- CLIP


def bundled_clip():
    folder = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    lines = gzip.open(os.path.join(folder, "bpe_simple_vocab_16e6.txt.gz")).read().decode("utf-8").split("\n")
    return [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]


def clip_vocabulary(merges):
    alphabet = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    spelled = [chr(b) for b in alphabet] + [chr(0x100 + i) for i in range(256 - len(alphabet))]
    words = spelled + [c + "</w>" for c in spelled] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return {word: i for i, word in enumerate(words)}


def write_clip_files(name, merges, start=token("<|startoftext|>", normalized=True), pad="<|endoftext|>"):
    dump(clip_vocabulary(merges), name, "vocab.json")
    with open(os.path.join(OUT, name, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    end = token("<|endoftext|>", normalized=True)
    special = {"bos_token": start, "eos_token": end, "unk_token": end, "pad_token": pad}
    dump(special, name, "special_tokens_map.json")
    dump({**special, "model_max_length": 77, "tokenizer_class": "CLIPTokenizer", "do_lower_case": True}, name, "tokenizer_config.json")
    dump({"model_type": "clip"}, name, "config.json")


def learn(words, size):
    """Byte-pair merges, the most frequent first and of equals the last by name (the libraries' order is not fixed)."""
    merges = []
    while len(merges) < size:
        pairs = collections.Counter()
        for symbols, count in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        merged = collections.Counter()
        for symbols, count in words.items():
            out = []
            for symbol in symbols:
                if out and (out[-1], symbol) == best:
                    out[-1] += symbol
                else:
                    out.append(symbol)
            merged[tuple(out)] += count
        words = merged
    return merges


def clip_merges(size):
    backend = transformers.CLIPTokenizer()._tokenizer
    words = collections.Counter()
    for line in corpus(1, 1500):
        for word, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(line)):
            words[tuple(word[:-1]) + (word[-1] + "</w>",)] += 1
    return learn(words, size)


def make_clip():
    merges = bundled_clip() if MANY else clip_merges(400)
    write_clip_files("clip-files", merges, start=token("<|startoftext|>"), pad="!")
    write_clip_files("clip-source", merges)
    path = os.path.join(OUT, "clip-source")
    transformers.CLIPTokenizer.from_pretrained(path).save_pretrained(os.path.join(OUT, "clip-json"))
    dump({"model_type": "clip"}, "clip-json", "config.json")
    shutil.rmtree(path)
    return {name: transformers.AutoTokenizer.from_pretrained(os.path.join(OUT, name)) for name in ["clip-files", "clip-json"]}


# ---- SentencePiece

# A few of the rules that published models have.
RULES = [("ﬁ", "fi"), ("Ａ", "A"), ("１", "1"), ("½", "1/2"), ("\u3000", " "), ("\u200b", " "), ("e\u0301", "é"), ("㈱", "(株)"), ("▁", " ")]


def train(name, **options):
    model = io.BytesIO()
    if not MANY:
        rules = os.path.join(OUT, "rules.tsv")
        with open(rules, "w", encoding="utf-8") as f:
            for a, b in RULES:
                f.write(" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) + "\n")
        if options.get("model_type") == "unigram":
            options["normalization_rule_tsv"] = rules
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus(2)), model_writer=model, hard_vocab_limit=False, minloglevel=2, num_threads=1, **options)
    path = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(model.getvalue())
    if not MANY:
        os.remove(rules)


def make_siglip():
    train("siglip/spiece.model", model_type="unigram", vocab_size=2000 if MANY else 420, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
          character_coverage=0.999)
    flags = {"rstrip": True, "lstrip": True}
    special = {"eos_token": token("</s>", **flags), "unk_token": token("<unk>", **flags), "pad_token": token("</s>", **flags)}
    dump({**special, "tokenizer_class": "SiglipTokenizer", "model_max_length": 64, "do_lower_case": True}, "siglip", "tokenizer_config.json")
    dump({"model_type": "siglip"}, "siglip", "config.json")
    path = os.path.join(OUT, "siglip")
    references = {"siglip": transformers.AutoTokenizer.from_pretrained(path)}
    # As open_clip's SigLipTokenizer makes and saves it.
    fast = transformers.T5TokenizerFast.from_pretrained(path, extra_ids=0, legacy=False)
    fast.pad_token_id, fast.eos_token_id = 1, 1
    fast.save_pretrained(os.path.join(OUT, "siglip-json"))
    dump({"model_type": "t5"}, "siglip-json", "config.json")
    references["siglip-json"] = HFTokenizer(os.path.join(OUT, "siglip-json"), context_length=64, clean="canonicalize")
    return references


# ---- Gemma's

NAMES = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>", "unk_token": "<unk>", "mask_token": "<mask>"}


def gemma_json(merges_as_pairs):
    words = collections.Counter()
    for line in corpus(3, 1500):
        for word in line.lower().split(" "):
            words[tuple("▁" + word)] += 1
    merges = learn(words, 2000 if MANY else 450)
    letters = collections.Counter(c for line in corpus(3, 1500) for c in line.lower().replace(" ", "▁"))
    initial = list(NAMES.values()) + ["\n", "\n\n", "▁▁", "<start_of_turn>"] + [f"<0x{b:02X}>" for b in range(256)]
    common = sorted(letters, key=lambda c: (-letters[c], c))[:120]
    merges = [m for m in merges if set("".join(m)) <= set(common)]
    tokens = dict.fromkeys(initial + common + ["".join(m) for m in merges])
    vocabulary = {t: i for i, t in enumerate(tokens)}
    bpe = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    bpe.normalizer = tokenizers.normalizers.Replace(" ", "▁")
    bpe.add_special_tokens(list(NAMES.values()))
    bpe.add_tokens(["\n\n", "<start_of_turn>"])
    value = json.loads(bpe.to_str())
    kept = list(NAMES.values()) + ["\n\n", "<start_of_turn>"]
    value["added_tokens"] = [{**t, "special": t["content"] in NAMES.values(), "normalized": False} for t in value["added_tokens"] if t["content"] in kept]
    value["pre_tokenizer"] = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
    value["post_processor"] = {
        "type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<eos>", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"<eos>": {"id": "<eos>", "ids": [1], "tokens": ["<eos>"]}}}
    if not merges_as_pairs:
        value["model"]["merges"] = [" ".join(m) for m in value["model"]["merges"]]
    return value


def make_gemma():
    config = {**NAMES, "add_bos_token": False, "add_eos_token": True, "padding_side": "right", "model_max_length": 64}
    for name, pairs, kind in [("siglip2", False, "Siglip2Tokenizer"), ("siglip2-pairs", True, "GemmaTokenizer")]:
        dump(gemma_json(pairs), name, "tokenizer.json")
        dump({**config, "tokenizer_class": kind}, name, "tokenizer_config.json")
    train("siglip2-model/tokenizer.model", model_type="bpe", vocab_size=3000 if MANY else 700, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
          pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", byte_fallback=True, normalization_rule_name="identity",
          add_dummy_prefix=False, remove_extra_whitespaces=False, split_digits=True, allow_whitespace_only_pieces=True,
          user_defined_symbols=["<mask>", "\n\n", "▁▁"], character_coverage=0.99)
    model = sentencepiece.SentencePieceProcessor(model_file=os.path.join(OUT, "siglip2-model", "tokenizer.model"))
    rules = tokenizers.normalizers.Lowercase()

    def by_model(text):
        # Special tokens are found as they are written; the rest is in lower case.
        ids = []
        for part in re.split("(<pad>|<eos>|<bos>|<unk>|<mask>)", text):
            special = ["<pad>", "<eos>", "<bos>", "<unk>"]
            ids += [special.index(part)] if part in special else model.encode(rules.normalize_str(part))
        ids = ids[:63] + [1]
        return ids + [0] * (64 - len(ids))

    return {
        "siglip2": transformers.Siglip2Tokenizer.from_pretrained(os.path.join(OUT, "siglip2")),
        "siglip2-pairs": HFTokenizer(os.path.join(OUT, "siglip2-pairs"), context_length=64, clean="canonicalize"),
        "siglip2-model": by_model,
    }


# ---- BERT's


def make_bert():
    folder = importlib.util.find_spec("cn_clip").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("bert_tokenizer", os.path.join(folder, "clip", "bert_tokenizer.py"))
    # Its only unusual import tells Python 2 from 3.
    sys.modules.setdefault("six", types.SimpleNamespace(PY3=True, PY2=False))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    full = module.FullTokenizer()
    vocabulary = os.path.join(folder, "clip", "vocab.txt")
    fast = transformers.BertTokenizer(vocab=vocabulary)

    def authors(text):
        return [101] + full.convert_tokens_to_ids(full.tokenize(text))[:50] + [102]

    return {"bert": authors, "bert-hf": lambda text: fast(text, max_length=52, truncation=True).input_ids}


def shorten(row):
    count = 0
    while count + 1 < len(row) and row[-1 - count] == row[-2 - count]:
        count += 1
    return row[: len(row) - count] + [-count] if count > 1 else row


def ids(reference, text, name):
    if isinstance(reference, HFTokenizer):
        row = reference([text])[0].tolist()
    elif isinstance(reference, types.FunctionType):
        row = reference(text)
    elif name.startswith("clip"):
        row = reference(text, max_length=77, truncation=True).input_ids
    else:
        row = reference(text, max_length=64, truncation=True, padding="max_length").input_ids
    return shorten(row)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    references = {**make_clip(), **make_siglip(), **make_gemma(), **make_bert()}
    lines = texts(MANY or 260, 7)
    rows = {name: [ids(reference, line, name) for line in lines] for name, reference in references.items()}
    dump({"texts": lines, "ids": rows, "pad": {n: r.pad_token_id for n, r in references.items() if hasattr(r, "pad_token_id")}},
         "references.json")


if __name__ == "__main__":
    main()

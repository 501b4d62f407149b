"""Tokenizer files as the published directories have them: CLIP's own, and stand-ins for what has to be fetched."""
import gzip
import io
import json
import pathlib
import random

import open_clip
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPTokenizer

GEMMA_SPECIALS = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def clip_merges():
    path = pathlib.Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(path, "rt", encoding="utf-8").read().split("\n")
    return [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]


def sentences(count, seed=5):
    """Made of the words CLIP's vocabulary knows, the early ones often: something for a tokenizer to learn from."""
    words = ["".join(pair)[:-4] for pair in clip_merges() if pair[1].endswith("</w>")]
    words = [word for word in words if word.isalpha()]
    generator = random.Random(seed)
    other = ["café crème à la carte", "naïve façade, déjà vu", "日本語 と русский язык", "straße über köln", "ça va “bien” ?"]
    return other * (count // 100) + [" ".join(
        words[int(len(words) * generator.random() ** 3)] if generator.random() < 0.8 else generator.choice(words)
        for _ in range(12)) for _ in range(count)]


def write_clip(folder, length, kept=None):
    """vocab.json, merges.txt, tokenizer.json and its companions; `kept` cuts the merges. Returns how many words."""
    merges = clip_merges()[:kept]
    letters = list(open_clip.tokenizer.bytes_to_unicode().values())
    words = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: index for index, word in enumerate(words)}
    CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=length).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = ["#version: 0.2"] + [" ".join(pair) for pair in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_json(folder / "special_tokens_map.json", {
        "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>"})
    return len(words)


def train_unigram(texts, size, **options):
    """A sentencepiece model with SigLIP's specials: <pad> 0, </s> 1, <unk> 2; options are the trainer's.

    What training cannot fill up to `size` is <unusedN>, which no text comes to.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=size, model_type="unigram", pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2, num_threads=1, **options)
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    for index in range(len(proto.pieces), size):
        proto.pieces.add(piece=f"<unused{index}>", score=0, type=proto.SentencePiece.Type.UNUSED)
    return proto.SerializeToString()


def write_t5_json(folder, model, length):
    """A sentencepiece model as the tokenizer.json of open_clip's SigLIP directories. Returns the tokenizer."""
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    tokenizer = Tokenizer(models.Unigram([(piece.piece, piece.score) for piece in proto.pieces], unk_id=2))
    steps = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
    if proto.normalizer_spec.precompiled_charsmap:
        steps.insert(0, normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens(["</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    specials = {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
    write_json(folder / "special_tokens_map.json", specials)
    write_json(folder / "tokenizer_config.json", {
        **specials, "tokenizer_class": "T5Tokenizer", "extra_ids": 0, "model_max_length": length,
        "clean_up_tokenization_spaces": True})
    return tokenizer


def write_gemma(folder, length, size, texts, lowercase=False):
    """A byte-fallback BPE with Gemma's specials and post-processing: <eos> = 1 appended, <pad> = 0 to the right.

    What training cannot fill up to `size` is <unusedN>, as Gemma's own vocabulary has it. Returns the tokenizer.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    space = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), space]) if lowercase else space
    # Gemma's merges stay within words although its tokenizer.json does not split there (no space is left by then).
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=GEMMA_SPECIALS + fallback, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    # Only the specials are special; trained as such, the byte pieces would be looked for in the text.
    description = json.loads(tokenizer.to_str())
    description["added_tokens"] = [token for token in description["added_tokens"] if token["content"] in GEMMA_SPECIALS]
    vocabulary = description["model"]["vocab"]
    for index in range(len(vocabulary), size):
        vocabulary[f"<unused{index}>"] = index
    tokenizer = Tokenizer.from_str(json.dumps(description))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 <eos>:0", pair="$A:0 <eos>:0 $B:1 <eos>:1", special_tokens=[("<eos>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    specials = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    write_json(folder / "special_tokens_map.json", specials)
    write_json(folder / "tokenizer_config.json", {
        **specials, "padding_side": "right", "model_max_length": length, "add_bos_token": False, "add_eos_token": True,
        "tokenizer_class": "GemmaTokenizer", "clean_up_tokenization_spaces": False})
    return tokenizer


def padded(tokenizer, texts, length, end, pad):
    """Ids by a tokenizer.json alone, [texts, length]: truncated so that the end stays, padded on the right."""
    rows = [tokenizer.encode(text).ids for text in texts]
    rows = [row if len(row) <= length else row[:length - 1] + [end] for row in rows]
    return [row + [pad] * (length - len(row)) for row in rows]

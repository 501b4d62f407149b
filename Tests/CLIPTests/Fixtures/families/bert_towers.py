"""BERT text towers as open_clip takes them from Hugging Face's library: the mean of tokens or the first token's state, and
a projection of two layers or of one.

open_clip asks the library for the tower's size; `hf_model_config` in `text_cfg` states it here.
"""
import copy
import tempfile

from native import *
from transformers import BertConfig, BertTokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
PIECES = ["dog", "photo", "diagram", "person", "ing", "rid", "cafe", "creme", "long", "caption"]
SENTENCES = [
    "a diagram", "A Dog", "A person, riding a motorcycle!", "", "café “crème” ÄÖÜ naïve ﬁsh", "一只狗在雪地里 dog",
    "日本 dog 🎉", "it's 3.5% [MASK] well-known", "a photo of " + "very " * 30 + "long caption that is cut"]


def write_tokenizer(folder):
    words = WORDS + list(LETTERS + "!,.-'%“”。，一只狗在雪地里日") + PIECES
    words += ["##" + piece for piece in list(LETTERS) + PIECES]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": True, "tokenize_chinese_chars": True, "strip_accents": None})
    return BertTokenizer.from_pretrained(folder), len(words)


def write_bert(name, pooler, projection, seed, notes):
    folder = FAMILIES / name
    folder.mkdir()
    tokenizer, size = write_tokenizer(folder)
    bert = {
        "model_type": "bert", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 40, "vocab_size": size, "max_position_embeddings": 24, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0}
    text = {"context_length": 12, "hf_tokenizer_name": "", "hf_pooler_type": pooler, "hf_proj_type": projection}
    config = {"embed_dim": 20, "vision_cfg": VIT, "text_cfg": text, "custom_text": True}
    with tempfile.TemporaryDirectory() as directory:
        BertConfig(**bert).save_pretrained(directory)
        built = copy.deepcopy(config)
        built["text_cfg"] |= {"hf_model_name": directory, "hf_model_pretrained": False}
        model = build(built, seed)
    config["text_cfg"] = {**text, "hf_model_name": "bert", "hf_model_pretrained": False, "hf_model_config": bert}
    save_file({key: value.contiguous() for key, value in model.state_dict().items()},
              folder / "open_clip_model.safetensors", {"format": "pt"})
    write_config(folder, config, CLIP_PREPROCESS)
    tokens = tokenizer(SENTENCES, padding="max_length", truncation=True, max_length=12, return_tensors="pt").input_ids
    pixels = load_pixels(EXACT_32, preprocessing(32, CLIP_PREPROCESS))
    expected = answers(model, pixels, tokens)
    weights = torch.cos(torch.arange(expected["text"].numel(), dtype=torch.float32)).reshape(expected["text"].shape)
    (model.encode_text(tokens) * weights).sum().backward()
    named = dict(model.named_parameters())
    first = "text.proj.weight" if projection == "linear" else "text.proj.0.weight"
    for key in ["text.transformer.embeddings.word_embeddings.weight", "text.transformer.encoder.layer.0.output.dense.weight",
                "text.transformer.encoder.layer.1.attention.self.key.weight", first]:
        expected["gradient." + key] = named[key].grad
    write_expected(folder, expected, EXACT_32, SENTENCES, notes)


def write():
    write_bert("bert-open_clip", "mean_pooler", "mlp", 53, "BERT, the mean of what is not padding, two projection layers.")
    write_bert(
        "bert-first-open_clip", "cls_last_hidden_state_pooler", "linear", 54, "BERT read at [CLS], one projection layer.")

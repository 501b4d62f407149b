"""Directories as Hugging Face's transformers saves them: CLIP, SigLIP 1 and 2 and Chinese-CLIP, all tiny."""
from common import *
import sentencepiece
import vocabularies
from transformers import (
    AutoTokenizer, ChineseCLIPConfig, ChineseCLIPModel, CLIPConfig, CLIPModel, SiglipConfig, SiglipModel, SiglipTokenizer)

from native import preprocessing

VISION = {"hidden_size": 16, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2,
          "image_size": 32, "patch_size": 8}
SENTENCES = [
    "a photo of a dog", "a photo of a cat", "two dogs playing in the snow near a red barn", "a person riding a motorcycle",
    "a diagram of a very long caption that is cut", "the quick brown fox jumps over the lazy dog", "cafe creme and fish",
    "a red car on the road", "hello world", "a bowl of soup", "people walking in the rain", "a child with a kite"]


def write_processor(folder, kind, processor, mean, std, resize, crop):
    """preprocessor_config.json as the published directories of each family have it."""
    config = {
        "image_processor_type": kind, "processor_class": processor, "do_resize": True, "size": resize, "resample": 3,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": mean, "image_std": std}
    if kind == "ChineseCLIPImageProcessor":
        config["do_center_crop"] = False  # where the class would, if not told
    if crop:
        config |= {"do_center_crop": True, "crop_size": crop, "do_convert_rgb": True}
    write_json(folder / "preprocessor_config.json", config)


def answers(model, pixels, tokens, mask=None):
    """transformers' own scores beside the embeddings, which it returns under names that changed between versions."""
    with torch.no_grad():
        named = {} if mask is None else {"attention_mask": mask}
        image, text = (
            out if isinstance(out, torch.Tensor) else out.pooler_output
            for out in (model.get_image_features(pixel_values=pixels), model.get_text_features(input_ids=tokens, **named)))
        whole = model(pixel_values=pixels, input_ids=tokens, **named)
    bias = getattr(model, "logit_bias", None)
    own = logits(image, text, model.logit_scale.exp(), bias)
    assert torch.allclose(own, whole.logits_per_image, atol=1e-4), (own - whole.logits_per_image).abs().max()
    return {"pixels": pixels, "image": image, "tokens": tokens, "text": text, "logits": whole.logits_per_image}


def save(model, folder, seed, **options):
    randomize(model.eval(), seed)
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding) and module.padding_idx is not None:
            module.weight.data[module.padding_idx] = 0  # loading does so
    model.save_pretrained(folder, **options)
    again = type(model).from_pretrained(folder).state_dict()
    assert all(torch.equal(again[key], value) for key, value in model.state_dict().items())


def write_clip(name, seed, kept, eos=None, activation="quick_gelu", **options):
    folder = FAMILIES / name
    folder.mkdir()
    size = vocabularies.write_clip(folder, 16, kept)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # Without the old configurations' 2, ids above the end of text (added tokens) must not draw the reading position.
    added = 0 if eos == 2 else 3
    text = {"vocab_size": size + added, "hidden_size": 12, "intermediate_size": 32, "num_hidden_layers": 2,
            "hidden_act": activation,
            "num_attention_heads": 2, "max_position_embeddings": 16, "bos_token_id": size - 2 if eos is None else 0,
            "eos_token_id": size - 1 if eos is None else eos, "pad_token_id": 1}
    model = CLIPModel(CLIPConfig(
        text_config=text, vision_config={**VISION, "hidden_act": activation}, projection_dim=20, logit_scale_init_value=3.0))
    save(model, folder, seed, **options)
    if name == "hf-clip":
        # The published files are of a time when these were saved too.
        state = load_file(folder / "model.safetensors")
        state["text_model.embeddings.position_ids"] = torch.arange(16)[None]
        state["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
        save_file(state, folder / "model.safetensors", {"format": "pt"})
    write_processor(folder, "CLIPImageProcessor", "CLIPProcessor", CLIP_MEAN, CLIP_STD, {"shortest_edge": 32},
                    {"height": 32, "width": 32})
    images = RESIZED_32 if name == "hf-clip" else EXACT_32
    pixels = load_pixels(images, preprocessing(32, CLIP_PREPROCESS))
    texts = TEXTS[:5] + TEXTS[6:]
    batch = tokenizer(texts, padding="max_length", truncation=True, max_length=16, return_tensors="pt")
    notes = f"{activation}; padded with the end of text; eos_token_id {text['eos_token_id']} in config.json, so the text "
    notes += "is read at its largest id." if eos == 2 else "is read at the first of these; some ids are above it."
    tokens = batch.input_ids
    if added:
        tokens[1, 1], tokens[2, 3], texts = size + 1, size, None
    write_expected(folder, answers(model, pixels, tokens), images, texts, notes)


def write_siglip(name, seed, gemma):
    folder = FAMILIES / name
    folder.mkdir()
    texts = TEXTS[:4] + TEXTS[6:]
    if gemma:
        tokenizer = vocabularies.write_gemma(folder, 16, 420, SENTENCES, lowercase=True)
        size = tokenizer.get_vocab_size()
        tokens = torch.tensor(vocabularies.padded(tokenizer, texts, 16, 1, 0))
    else:
        # A few of NFKC's rules (ﬁ, full-width A and a, wide spaces, decomposed é): all of them would take 240 kB.
        rules = folder / "rules.tsv"
        rules.write_text("FB01\t66 69\nFF21\t41\nFF41\t61\n3000\t20\n2003\t20\nE9\t65 301\n")
        model = vocabularies.train_unigram(SENTENCES * 3, 150, normalization_rule_tsv=str(rules))
        rules.unlink()
        (folder / "spiece.model").write_bytes(model)
        SiglipTokenizer(str(folder / "spiece.model"), model_max_length=16).save_pretrained(folder)
        size = sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tokens = tokenizer(texts, padding="max_length", truncation=True, max_length=16, return_tensors="pt").input_ids
    text = {"vocab_size": size, "hidden_size": 12, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2, "max_position_embeddings": 16, "projection_size": 16}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=VISION))
    save(model, folder, seed)
    write_processor(folder, "SiglipImageProcessor", "SiglipProcessor", [0.5] * 3, [0.5] * 3, {"height": 32, "width": 32}, None)
    pixels = load_pixels(RESIZED_32, preprocessing(32, SIGLIP_PREPROCESS))
    write_expected(folder, answers(model, pixels, tokens), RESIZED_32, texts,
                   "Tanh GELU in both towers; no text mask; always padded to 16 with " + (
                       "<pad> = 0, ended by <eos> = 1; lower-cased by tokenizer.json." if gemma else
                       "</s> = 1; lower-cased and without ASCII punctuation before sentencepiece."))


def write_chinese():
    folder = FAMILIES / "hf-chinese-clip"
    folder.mkdir()
    words = ["[PAD]", *(f"[unused{index}]" for index in range(1, 6)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += list("皮卡丘小火龙妙蛙种子杰尼龟一只狗在雪地里手机0123456789abcdefghijklmnopqrstuvwxyz!,.，。")
    words += ["##" + letter for letter in "0123456789abcdefghijklmnopqrstuvwxyz"] + ["iphone", "##one", "dog"]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(words)) + "\n", encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512, "cls_token": "[CLS]",
        "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]",
        "tokenize_chinese_chars": True, "strip_accents": None})
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = {"vocab_size": len(dict.fromkeys(words)), "hidden_size": 12, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2, "max_position_embeddings": 24, "pad_token_id": 0}
    model = ChineseCLIPModel(ChineseCLIPConfig(text_config=text, vision_config=VISION, projection_dim=20))
    save(model, folder, 46)
    write_processor(folder, "ChineseCLIPImageProcessor", "ChineseCLIPProcessor", CLIP_MEAN, CLIP_STD,
                    {"height": 32, "width": 32}, None)
    texts = ["皮卡丘", "小火龙，iPhone14 手机!", "", "一只狗在雪地里", "a dog 日本"]
    batch = tokenizer(texts, padding="max_length", truncation=True, max_length=12, return_tensors="pt")
    pixels = load_pixels(RESIZED_32, preprocessing(32, {**CLIP_PREPROCESS, "resize_mode": "squash"}))
    write_expected(folder, answers(model, pixels, batch.input_ids, batch.attention_mask), RESIZED_32, texts,
                   "BERT text, padding masked, read at [CLS]; tokens padded to 12, which changes nothing; QuickGELU picture "
                   "tower, GELU text tower, text eps 1e-12; squashed pictures.")


def write():
    write_clip("hf-clip", 41, 60, eos=2)
    write_clip("hf-clip-sharded", 42, 40, eos=2, activation="gelu", max_shard_size="30KB")
    write_clip("hf-clip-eos", 43, 50)
    write_siglip("hf-siglip", 44, gemma=False)
    write_siglip("hf-siglip2", 45, gemma=True)
    write_chinese()

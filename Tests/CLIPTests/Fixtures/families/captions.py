"""CoCa in open_clip's layout: embeddings, caption logits and generated ids.

open_clip 3.3.0's generation needs BeamSearchScorer, which transformers 5 no longer has: this takes the one file from
transformers 4.49.0, unpacked by `pip install --no-deps --target $TRANSFORMERS4 transformers==4.49.0`.
"""
import importlib.util
import os

from native import *
import open_clip.coca_model as coca_model
import transformers

VISION = {**VIT, "attentional_pool": True, "attn_pooler_heads": 2, "attn_pooler_queries": 6, "output_tokens": True}
WORDS = {**TEXT, "context_length": 11, "embed_cls": True, "output_tokens": True}
DECODER = {"context_length": 11, "vocab_size": 300, "width": 12, "heads": 2, "layers": 2, "attn_pooler_heads": 2}
LENGTH, START, END = 11, 298, 299


def provide_beam_search():
    """open_clip gives up generation as a whole where the import of BeamSearchScorer fails."""
    old = pathlib.Path(os.environ["TRANSFORMERS4"]) / "transformers" / "generation"
    for name in ("beam_constraints", "beam_search"):
        full = f"transformers.generation.{name}"
        spec = importlib.util.spec_from_file_location(full, old / f"{name}.py")
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    coca_model.BeamSearchScorer = sys.modules["transformers.generation.beam_search"].BeamSearchScorer
    for name in ("LogitsProcessorList", "TopPLogitsWarper", "TopKLogitsWarper", "RepetitionPenaltyLogitsProcessor",
                 "MinLengthLogitsProcessor", "MaxLengthCriteria", "StoppingCriteriaList"):
        setattr(coca_model, name, getattr(transformers, name))
    coca_model.GENERATION_TYPES.update({"top_k": transformers.TopKLogitsWarper, "top_p": transformers.TopPLogitsWarper})
    coca_model._has_transformers = True


def write():
    provide_beam_search()
    config = {"embed_dim": 12, "vision_cfg": VISION, "text_cfg": WORDS, "multimodal_cfg": DECODER}
    model = open_clip.CoCa(**config).eval()
    randomize(model, 94)
    with torch.no_grad():
        model.text_decoder.text_projection[:, END] *= 2.5  # so that captions end, each at its own length
    folder = FAMILIES / "coca-open_clip"
    folder.mkdir()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors", {"format": "pt"})
    write_config(folder, {**config, "custom_text": True}, CLIP_PREPROCESS)
    pixels = load_pixels(EXACT_32, preprocessing(32, CLIP_PREPROCESS))
    tokens = random_tokens(LENGTH, 300, 62, counts=(0, 4))
    generation = {"seq_len": LENGTH, "max_seq_len": LENGTH, "pad_token_id": 0, "eos_token_id": END, "sot_token_id": START}
    with torch.no_grad():
        image, image_tokens = model._encode_image(pixels, normalize=False)
        text, _ = model._encode_text(tokens, normalize=False)
        out = model(pixels, tokens)
        prompt = torch.tensor([[START, 17, 42]] * 2)
        expected = {
            "pixels": pixels, "image": image, "image_tokens": image_tokens, "tokens": tokens, "text": text,
            "logits": logits(image, text, model.logit_scale.exp()),
            "caption_logits": out["logits"], "caption_labels": out["labels"],
            "greedy": model.generate(pixels, generation_type="top_k", top_k=1, **generation),
            "greedy_prompt": prompt,
            "greedy_prompted": model.generate(pixels, prompt, generation_type="top_k", top_k=1, **generation),
            "beam": model.generate(pixels, **generation),
            "beam_ungrouped": model.generate(pixels, num_beams=3, num_beam_groups=1, **generation),
        }
    for key in ("greedy", "greedy_prompted", "beam", "beam_ungrouped"):
        print(key, expected[key].tolist())
    write_expected(
        folder, expected, EXACT_32, notes="Text of 11 ids and the decoder's own class position after them; image is read "
        "by the pooling query 0, image_tokens [B, 6, E] feed the decoder. caption_logits are of tokens[:, :-1] for "
        f"caption_labels = tokens[:, 1:]. Generation: start {START}, end {END}, padding 0, seq_len 11, min_seq_len 5, "
        "repetition penalty 1; greedy = top_k 1 (its last id is forced to the end at seq_len), beam = 6 beams in 3 groups "
        "(open_clip's default), beam_ungrouped = 3 beams in 1 group.")

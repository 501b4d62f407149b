"""Text towers that transformers saves alone, as Stable Diffusion's text_encoder: tiny, with and without projection.

lone-text-…/expected.safetensors   tokens [N, L] int64, text [N, E], weights [N, E], and their products' gradients under
                                   "gradient." and the file's names
The older transformers put `text_model.` in front of every name, and newer ones leave it out where there is no
projection: both are written.
"""
from common import *
import vocabularies
from transformers import AutoTokenizer, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

CONTEXT = 16
PREFIX = "text_model."


def bare(state):
    return {key.removeprefix(PREFIX): value for key, value in state.items()}


def prefixed(state):
    return {key if key.startswith("text_projection") else PREFIX + key: value for key, value in bare(state).items()}


def write_tower(name, seed, kind, naming, kept, eos=2, activation="gelu", layers=2):
    folder = FAMILIES / name
    folder.mkdir()
    size = vocabularies.write_clip(folder, CONTEXT, kept)
    # Without the old configurations' 2, ids above the end of text (added tokens) must not draw the reading position.
    added = 0 if eos == 2 else 3
    model = kind(CLIPTextConfig(
        vocab_size=size + added, hidden_size=12, intermediate_size=32, num_hidden_layers=layers, num_attention_heads=2,
        max_position_embeddings=CONTEXT, hidden_act=activation, projection_dim=20, bos_token_id=0,
        eos_token_id=size - 1 if eos is None else eos, pad_token_id=1))
    randomize(model.eval(), seed)
    model.save_pretrained(folder)
    state = naming(model.state_dict())
    state = {key: value.contiguous().clone() for key, value in state.items()}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    again = kind.from_pretrained(folder).state_dict()
    assert all(torch.equal(again[key], value) for key, value in model.state_dict().items())
    texts = TEXTS[:5] + TEXTS[6:]
    tokens = AutoTokenizer.from_pretrained(folder)(
        texts, padding="max_length", truncation=True, max_length=CONTEXT, return_tensors="pt").input_ids
    if added:
        tokens[1, 1], tokens[2, 3], texts = size + 1, size, None
    output = model(input_ids=tokens)
    text = output.text_embeds if kind is CLIPTextModelWithProjection else output.pooler_output
    weights = torch.randn(text.shape, generator=torch.Generator().manual_seed(seed))
    (text * weights).sum().backward()
    gradients = naming({key: parameter.grad for key, parameter in model.named_parameters()})
    write_expected(
        folder, {"tokens": tokens, "text": text, "weights": weights}
        | {"gradient." + key: value for key, value in gradients.items()}, [], texts,
        f"{kind.__name__}, {activation}, eos_token_id {model.config.eos_token_id}, names "
        + ("begin with text_model." if naming is prefixed else "without text_model."))


def write():
    write_tower("lone-text", 61, CLIPTextModel, prefixed, 40, layers=3)
    write_tower("lone-text-bare", 62, CLIPTextModel, bare, 30, activation="quick_gelu")
    write_tower("lone-text-projection", 63, CLIPTextModelWithProjection, prefixed, 40)
    write_tower("lone-text-projection-eos", 64, CLIPTextModelWithProjection, bare, 30, eos=None)

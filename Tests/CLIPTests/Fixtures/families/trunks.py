"""Families whose picture tower is timm's: SigLIP and EVA in open_clip's layout, EVA-02 under its authors' names too.

open_clip finds such a tower by timm's name alone, which fixes the shape, so the config carries the real name of the
family's base model and shape.json what these tiny ones change: depth, heads and whatever weights do not show.
"""
import timm

from native import *

TEXT_SIGLIP = {
    **TEXT, "hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"},
    "no_causal_mask": True, "proj_bias": True, "pool_type": "last", "norm_kwargs": {"eps": 1e-6}}
EVA02 = {"embed_dim": 16, "depth": 2, "num_heads": 2, "patch_size": 8, "img_size": 32, "ref_feat_shape": (3, 3)}
EVA01 = {"embed_dim": 16, "depth": 2, "num_heads": 2, "patch_size": 8, "img_size": 32, "mlp_ratio": 6144 / 1408}


def write_trunk(name, trunk, shape, top, vision, text, seed, preprocess, tokens, notes):
    """Saves the model under open_clip's names; returns it with its pixels and answers."""
    config = {
        "embed_dim": top["embed_dim"], **top, "custom_text": True, "vision_cfg": {
            "image_size": 32, "timm_model_name": trunk, "timm_model_pretrained": False, **vision}, "text_cfg": text}
    create = timm.create_model
    timm.create_model = lambda model_name, **named: create(model_name, **{**named, **shape})
    try:
        model = build(config, seed)
    finally:
        timm.create_model = create
    folder = FAMILIES / name
    folder.mkdir()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors", {"format": "pt"})
    write_config(folder, config, preprocess)
    write_json(folder / "shape.json", {"timm_model_name": trunk, **shape})
    pixels = load_pixels(EXACT_32, preprocessing(32, preprocess))
    expected = answers(model, pixels, tokens)
    write_expected(folder, expected, EXACT_32, notes=notes)
    return state, config, expected


def write_siglip(name, text, pad, seed, notes):
    tokens = random_tokens(16, 300, seed, start=7, end=1, pad=pad, counts=(0, 3, 9, 14))
    write_trunk(
        name, "vit_base_patch16_siglip_224", {
            "embed_dim": 16, "depth": 2, "num_heads": 2, "patch_size": 8, "img_size": 32},
        {"embed_dim": 16, "init_logit_bias": -10}, {"timm_pool": "map", "timm_proj": "none"}, text, seed,
        SIGLIP_PREPROCESS, tokens, notes + f" Text padded with {pad}, ended by 1, no start; logits have the bias.")


def write_eva_original(state, config, expected):
    """EVA-02 as BAAI published it: separate q and v biases, no trunk, sub-norms and gated MLP under their names."""
    renamed = {}
    for key, value in state.items():
        key = key.removeprefix("visual.trunk.") if key.startswith("visual.trunk.") else "\0" + key
        for theirs, timms in (
                ("mlp.ffn_ln", "mlp.norm"), ("attn.inner_attn_ln", "attn.norm"), ("mlp.w1.", "mlp.fc1_g."),
                ("mlp.w2.", "mlp.fc1_x."), ("mlp.w3.", "mlp.fc2."), ("attn.q_bias", "attn.q_proj.bias"),
                ("attn.v_bias", "attn.v_proj.bias")):
            key = key.replace(timms, theirs)
        renamed[key[1:] if key[0] == "\0" else f"visual.{key}"] = value
    # Their files carry the rotary tables as well, twice over: one for the tower, one shared by every block.
    trunk = timm.create_model(config["vision_cfg"]["timm_model_name"], num_classes=20, **EVA02)
    sine, cosine = trunk.rope.get_embed((4, 4)).chunk(2, -1)
    for prefix in ("visual.rope", *(f"visual.blocks.{block}.attn.rope" for block in range(EVA02["depth"]))):
        renamed[f"{prefix}.freqs_cos"], renamed[f"{prefix}.freqs_sin"] = cosine.clone(), sine.clone()
    back = timm.models.eva.checkpoint_filter_fn(renamed, trunk)
    trunk.load_state_dict(back)
    assert all(torch.equal(back[key.removeprefix("visual.trunk.")], value) for key, value in state.items()
               if key.startswith("visual.trunk."))
    folder = FAMILIES / "eva02-original"
    folder.mkdir()
    torch.save(renamed, folder / "EVA02_CLIP_tiny.pt")
    write_json(folder / "shape.json", {"timm_model_name": config["vision_cfg"]["timm_model_name"], **EVA02})
    write_config(folder, config, CLIP_PREPROCESS)
    write_expected(folder, expected, EXACT_32, notes="The weights of eva02-open_clip under their authors' names; a "
                   "plain state dict by torch.save, with rotary tables to be ignored.")


def write():
    write_siglip("siglip-open_clip", TEXT_SIGLIP, 1, 31, "SigLIP: erf GELU in both towers, as open_clip has it.")
    write_siglip("siglip2-open_clip", {
        **TEXT_SIGLIP, "hf_tokenizer_name": "timm/ViT-B-16-SigLIP2", "act_kwargs": {"approximate": "tanh"}}, 0, 32,
        "SigLIP 2: tanh GELU in the text tower, erf in the picture tower.")
    tokens = random_tokens(TEXT["context_length"], TEXT["vocab_size"], 33)
    vision = {"timm_pool": "token", "timm_proj": None}
    write_eva_original(*write_trunk(
        "eva02-open_clip", "eva02_base_patch16_clip_224", EVA02, {"embed_dim": 20}, vision, TEXT, 33, CLIP_PREPROCESS,
        tokens, "EVA-02: rotary positions whose reference grid (3×3) is not the picture's (4×4), gated MLP and "
        "sub-norms, hidden width int(16 * 8 / 3) = 42, eps 1e-6 in the picture tower."))
    write_trunk(
        "eva01-open_clip", "eva_giant_patch14_224", EVA01, {"embed_dim": 20}, vision, TEXT, 34, CLIP_PREPROCESS, tokens,
        "EVA-01: fused qkv with q and v biases and none for k, GELU MLP, no rotary positions, eps 1e-6.")
    write_trunk(
        "eva02-enormous-open_clip", "eva02_enormous_patch14_clip_224", EVA01, {"embed_dim": 20}, vision, TEXT, 35,
        CLIP_PREPROCESS, tokens, "EVA-02 enormous: as EVA-01, but norms follow attention and MLP instead of preceding them.")

"""OpenAI's archives and open_clip's own towers: ResNets, vision transformers, real configurations' options."""
import copy

import torch
from common import *
import open_clip
from open_clip.transform import PreprocessCfg, image_transform_v2
from openai_archive import write_archive

TEXT = {"context_length": 16, "vocab_size": 300, "width": 12, "heads": 2, "layers": 2}
VIT = {"image_size": 32, "patch_size": 8, "width": 16, "head_width": 8, "layers": 2}
RESNET = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 2, "head_width": 64}
RESNET_DEEPER = {"image_size": 64, "layers": [1, 2, 1, 1], "width": 2, "head_width": 32}


def build(config, seed):
    """open_clip's class for a model_cfg, with random weights, in evaluation mode."""
    config = copy.deepcopy(config)
    custom = config.pop("custom_text", False)
    model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config).eval()
    randomize(model, seed)
    return model


def answers(model, pixels, tokens):
    with torch.no_grad():
        image, text = model.encode_image(pixels), model.encode_text(tokens)
        return {
            "pixels": pixels, "image": image, "tokens": tokens, "text": text,
            "logits": logits(image, text, model.logit_scale.exp(), model.logit_bias)}


def preprocessing(size, config):
    return image_transform_v2(PreprocessCfg(size=size, **config), is_train=False)


def write_config(folder, config, preprocess):
    write_json(folder / "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": preprocess})


def write_openai(name, vision, images, seed):
    """A TorchScript archive, and for the ViT the same as a plain state dict: half-precision weights as OpenAI's."""
    config = {"embed_dim": 20, "quick_gelu": True, "vision_cfg": vision, "text_cfg": TEXT}
    model = build(config, seed)
    size = vision["image_size"]
    tokens = random_tokens(TEXT["context_length"], TEXT["vocab_size"], seed)
    pixels = load_pixels(images, preprocessing(size, CLIP_PREPROCESS))
    folder = FAMILIES / name
    folder.mkdir()
    stored = write_archive(model, folder / "model.pt", size, tokens)
    expected = answers(model, pixels, tokens)
    again = torch.jit.load(str(folder / "model.pt"), map_location="cpu").state_dict()
    assert again.keys() == stored.keys()
    for key, value in stored.items():
        assert again[key].dtype == value.dtype and torch.equal(again[key], value), key
    notes = f"Layers {vision['layers']}, vision width {vision['width']}, heads "
    notes += ("width * 32 / 64" if isinstance(vision["layers"], list) else
              f"of {vision['head_width']} (OpenAI's own are 64 wide: pass the heads in)")
    notes += f"; text heads of {TEXT['width'] // TEXT['heads']}. TorchScript archive, fp16 with fp32 norms and embeddings."
    write_expected(folder, expected, images, notes=notes)
    if name == "openai-vit":
        folder = FAMILIES / "openai-vit-state"
        folder.mkdir()
        torch.save(stored, folder / "model.pt")
        write_expected(folder, expected, images,
                       notes=notes.replace("TorchScript archive", "The same weights as openai-vit by torch.save"))


def write_open_clip(name, config, images, seed, preprocess=CLIP_PREPROCESS, save="safetensors", tokens=None, notes=""):
    model = build(config, seed)
    folder = FAMILIES / name
    folder.mkdir()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    if save == "safetensors":
        save_file(state, folder / "open_clip_model.safetensors", {"format": "pt"})
    elif save == "bin":
        torch.save(state, folder / "open_clip_pytorch_model.bin")
    else:
        optimizer = torch.optim.AdamW([model.ln_final.weight, model.ln_final.bias], lr=0)
        model.ln_final.weight.sum().backward()
        optimizer.step()
        # The name of a built-in model, as the trainer writes it, would claim another shape: this one has its own.
        torch.save({"epoch": 1, "name": name, "optimizer": optimizer.state_dict(),
                    "state_dict": {f"module.{key}": value for key, value in state.items()}}, folder / save)
    write_config(folder, config, preprocess)
    if save in ("safetensors", "bin"):
        loaded = open_clip.create_model(f"local-dir:{folder}").eval().state_dict()
        assert all(torch.equal(loaded[key], value) for key, value in state.items())
    text = config["text_cfg"]
    if tokens is None:
        tokens = random_tokens(text["context_length"], text["vocab_size"], seed)
    pixels = load_pixels(images, preprocessing(config["vision_cfg"]["image_size"], preprocess))
    write_expected(folder, answers(model, pixels, tokens), images, notes=notes)


def write():
    write_openai("openai-vit", VIT, EXACT_32, 21)
    write_openai("openai-rn", RESNET, EXACT_64, 28)
    write_open_clip("open_clip-rn", {"embed_dim": 20, "vision_cfg": RESNET_DEEPER, "text_cfg": TEXT}, EXACT_64, 23,
                    notes="Erf GELU in the text tower; heads = width * 32 / head_width = 2.")
    write_open_clip("open_clip-bin", {"embed_dim": 20, "quick_gelu": True, "vision_cfg": VIT, "text_cfg": TEXT},
                    EXACT_32, 24, save="bin", notes="open_clip_pytorch_model.bin by torch.save.")
    write_open_clip("open_clip-checkpoint", {"embed_dim": 20, "vision_cfg": VIT, "text_cfg": TEXT}, EXACT_32, 25,
                    save="epoch_1.pt", notes="{epoch, name, optimizer, state_dict with module.} of open_clip's trainer.")
    write_open_clip("open_clip-custom-text", {
        "embed_dim": 20, "custom_text": True, "vision_cfg": {**VIT, "ls_init_value": 0.1},
        "text_cfg": {**TEXT, "ls_init_value": 0.1}}, EXACT_32, 26,
        notes="The text tower under text.; layer scale (ls_1.gamma, ls_2.gamma) in both towers, as ViT-M-16-alt's.")
    clipa = random_tokens(16, 300, 27, start=1, end=2, counts=(0, 3, 14))
    write_open_clip("open_clip-clipa", {
        "embed_dim": 20, "vision_cfg": {**VIT, "no_ln_pre": True, "pool_type": "avg", "final_ln_after_pool": True,
                                        "mlp_ratio": 4.9231},
        "text_cfg": {**TEXT, "pool_type": "last", "no_causal_mask": True, "hf_tokenizer_name": "bert-base-uncased",
                     "tokenizer_kwargs": {"strip_sep_token": True}}}, RESIZED_32, 27, IMAGENET_PREPROCESS,
        tokens=clipa, notes="CLIPA: the patches' mean, then the final norm; no pre-norm; text without a mask, read at its "
        "last position.")
    tokens = random_tokens(16, 300, 28, start=5, end=2, pad=1, counts=(0, 3, 8, 14))
    write_open_clip("open_clip-eos", {
        "embed_dim": 20, "vision_cfg": {**VIT, "mlp_ratio": 4.3637}, "text_cfg": {
            **TEXT, "pool_type": "eos", "eos_id": 2}}, EXACT_32, 28, tokens=tokens,
        notes="MetaCLIP 2 (worldwide): the text is read at the first eos_id, which is not the largest id.")

"""Writes a tiny model, ten batches, and ten training steps as open_clip and PyTorch take them, in fp32.

    python make_training.py      (torch 2.13.0+cpu, open_clip_torch 3.3.0, safetensors 0.8; seeded)

The steps are those of open_clip_train: ClipLoss; AdamW (betas 0.9 and 0.98, eps 1e-6, decoupled weight decay 0.2);
gradient norm clipped to 1; logit_scale clamped to [0, ln 100] after each step; learning rate lr * (step + 1) / warmup
during warm-up, then 0.5 * (1 + cos(pi * e / es)) * lr with e = step - warmup and es = steps - warmup.

Weight decay spares what open_clip_train 3.3.0 spares: parameters of fewer than two dimensions, and names that contain
"bn", "ln", "bias" or "logit_scale". So class_embedding is spared for its one dimension, while both
positional_embedding tables, token_embedding, visual.proj and text_projection are decayed.

model/                    initial weights in open_clip's layout
batches.safetensors       images [10, B, 3, S, S], tokens [10, B, L] int64
expected.safetensors      logits [B, B] of step 0 (rows are images), grad.NAME of step 0 before clipping,
                          final.NAME after ten steps
expected.json             the settings; "decayed": names; "steps": a row a step with lr, loss and grad_norm (before
                          clipping) and logit_scale (after the clamp); "clamp_low", "clamp_high": short runs of the
                          same kind (four steps of the ten) from the initial weights with logit_scale set to "start",
                          which meet either bound of the clamp
The key part of attn.in_proj_bias has no influence on the output (softmax ignores a constant), so its exact gradient
is 0 and what is written there is rounding noise: compare it against the largest gradient of its tensor, and its final
values, which AdamW moves by that noise, to 1e-4 only. Rounding alone (fp32 against fp64) moves the losses by 5e-7,
logit_scale by 2e-7, the gradients by 2e-6 of their tensor's largest; the run that starts at the upper clamp by 4e-6.
"""
import json
import math
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Scripts" / "parity"))
import torchvision_stub  # noqa: F401, before open_clip
import open_clip
from open_clip.loss import ClipLoss
from safetensors.torch import save_file

CONFIG = {
    "model_cfg": {
        "embed_dim": 16, "quick_gelu": True,
        "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 32, "head_width": 16, "layers": 2},
        "text_cfg": {"context_length": 9, "vocab_size": 64, "width": 32, "heads": 2, "layers": 2},
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
        "interpolation": "bicubic", "resize_mode": "shortest",
    },
}
SETTINGS = {
    "lr": 5e-3, "beta1": 0.9, "beta2": 0.98, "eps": 1e-6, "weight_decay": 0.2, "warmup": 3, "steps": 10,
    "clip_norm": 1.0, "logit_scale_min": 0.0, "logit_scale_max": math.log(100), "batch_size": 8,
}
CLAMP_STARTS = {"low": 0.003, "high": 4.65}


def make_model(weights, dtype):
    config = CONFIG["model_cfg"]
    model = open_clip.CLIP(
        embed_dim=config["embed_dim"], quick_gelu=config["quick_gelu"], vision_cfg=config["vision_cfg"],
        text_cfg=config["text_cfg"])
    if weights is None:
        # The built-in start, with gains and biases moved off 1 and 0 so that their gradients are of the common kind.
        generator = torch.Generator().manual_seed(5)
        with torch.no_grad():
            for name, parameter in sorted(model.named_parameters()):
                noise = torch.randn(parameter.shape, generator=generator)
                if name == "logit_scale":
                    parameter.fill_(math.log(1 / 0.07))
                elif "ln_" in name and name.endswith("weight"):
                    parameter.copy_(1 + 0.2 * noise)
                elif name.endswith("bias"):
                    parameter.copy_(0.1 * noise)
                elif "embedding" in name:
                    parameter.copy_(0.3 * noise)
                elif name.endswith("proj") or name.endswith("projection"):
                    parameter.copy_(noise * parameter.shape[0] ** -0.5)
                else:
                    parameter.copy_(noise * parameter[0].numel() ** -0.5)
    else:
        model.load_state_dict(weights)
    return model.to(dtype).train()


def make_batches():
    generator = torch.Generator().manual_seed(6)
    steps, size = SETTINGS["steps"], SETTINGS["batch_size"]
    length, vocabulary = CONFIG["model_cfg"]["text_cfg"]["context_length"], CONFIG["model_cfg"]["text_cfg"]["vocab_size"]
    side = CONFIG["model_cfg"]["vision_cfg"]["image_size"]
    images = torch.randn(steps, size, 3, side, side, generator=generator)
    tokens = torch.zeros(steps, size, length, dtype=torch.int64)
    for step in range(steps):
        for row in range(size):
            words = int(torch.randint(0, length - 1, (1,), generator=generator))
            tokens[step, row, 0] = vocabulary - 2
            tokens[step, row, 1:words + 1] = torch.randint(1, vocabulary - 2, (words,), generator=generator)
            tokens[step, row, words + 1] = vocabulary - 1
    return images, tokens


def is_spared(name, parameter):
    return parameter.ndim < 2 or any(part in name for part in ("bn", "ln", "bias", "logit_scale"))


def learning_rate(step):
    lr, warmup, steps = SETTINGS["lr"], SETTINGS["warmup"], SETTINGS["steps"]
    if step < warmup:
        return lr * (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) * lr


def train(weights, images, tokens, steps, dtype=torch.float32, start=None):
    """The steps' rows; step 0's logits and gradients; the final weights."""
    model = make_model(weights, dtype)
    if start is not None:
        with torch.no_grad():
            model.logit_scale.fill_(start)
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for n, p in named if is_spared(n, p)], "weight_decay": 0.0},
            {"params": [p for n, p in named if not is_spared(n, p)], "weight_decay": SETTINGS["weight_decay"]},
        ],
        lr=SETTINGS["lr"], betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["eps"])
    loss_function, rows, first = ClipLoss(), [], {}
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        image, text, scale = model(images[step].to(dtype), tokens[step])
        loss = loss_function(image, text, scale)
        loss.backward()
        if step == 0:
            first["logits"] = (scale * image @ text.T).detach().clone()
            for name, parameter in named:
                first[f"grad.{name}"] = parameter.grad.clone()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["clip_norm"], norm_type=2.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(SETTINGS["logit_scale_min"], SETTINGS["logit_scale_max"])
        rows.append({
            "step": step, "lr": learning_rate(step), "loss": loss.item(), "grad_norm": norm.item(),
            "logit_scale": model.logit_scale.item()})
    return rows, first, {name: value.detach().clone() for name, value in model.state_dict().items()}


def main():
    torch.set_num_threads(1)
    initial = {name: value.clone() for name, value in make_model(None, torch.float32).state_dict().items()}
    images, tokens = make_batches()
    rows, first, final = train(initial, images, tokens, SETTINGS["steps"])
    low = train(initial, images, tokens, 4, start=CLAMP_STARTS["low"])[0]
    high = train(initial, images, tokens, 4, start=CLAMP_STARTS["high"])[0]
    assert any(row["logit_scale"] == 0 for row in low), low
    assert any(abs(row["logit_scale"] - math.log(100)) < 1e-6 for row in high), high
    assert any(row["grad_norm"] > SETTINGS["clip_norm"] for row in rows), rows

    # How far rounding alone carries: the same in fp64.
    exact = train(initial, images, tokens, SETTINGS["steps"], torch.float64)
    for key in ("loss", "grad_norm", "logit_scale"):
        print(key, "fp32 to fp64:", max(abs(a[key] - b[key]) for a, b in zip(rows, exact[0])))
    print("gradients, each to its tensor's largest:", max(
        ((first[n] - exact[1][n]).abs().max() / exact[1][n].abs().max()).item() for n in first))
    print("final weights, absolute:", sorted(
        (((final[n] - exact[2][n]).abs().max()).item(), n) for n in final if n != "attn_mask")[-3:])
    for name, short in (("low", low), ("high", high)):
        double = train(initial, images, tokens, 4, torch.float64, CLAMP_STARTS[name])[0]
        print("clamp", name, "loss fp32 to fp64:", max(abs(a["loss"] - b["loss"]) for a, b in zip(short, double)))

    (HERE / "model").mkdir(exist_ok=True)
    (HERE / "model" / "open_clip_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    save_file(initial, HERE / "model" / "open_clip_model.safetensors", {"format": "pt"})
    save_file({"images": images, "tokens": tokens}, HERE / "batches.safetensors")
    save_file({**first, **{f"final.{name}": value for name, value in final.items()}}, HERE / "expected.safetensors")
    decayed = sorted(n for n, p in make_model(initial, torch.float32).named_parameters() if not is_spared(n, p))
    (HERE / "expected.json").write_text(json.dumps({
        "settings": SETTINGS, "decayed": decayed, "steps": rows,
        "clamp_low": {"start": CLAMP_STARTS["low"], "steps": low}, "clamp_high": {"start": CLAMP_STARTS["high"], "steps": high},
    }, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())

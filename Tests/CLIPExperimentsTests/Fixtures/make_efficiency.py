#!/usr/bin/env python3
"""Makes efficiency.json and efficiency.safetensors: what PyTorch computes for the two objectives that predict captions.

    python make_efficiency.py

- captions: a tiny decoder of pairs of a causal self-attention block and a cross-attention block over a picture's patches,
  with its loss (mean cross-entropy of a token), the gradient of every parameter, and the log-probability of texts.
- words: the softmax cross-entropy with bags of words as soft targets.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

HERE = Path(__file__).parent
WIDTH, HEADS, LAYERS, VOCABULARY, CONTEXT, PICTURE_WIDTH, PATCHES = 12, 3, 2, 11, 8, 10, 5
# Numbers of a vocabulary, with start (9) and end (10); of different lengths.
CAPTIONS = [[9, 1, 2, 10], [9, 3, 10], [9, 4, 5, 6, 0, 10]]
TEXTS = [[9, 3, 10], [9, 1, 2, 10], [9, 7, 8, 8, 10], [9, 0, 10]]


def parameters(generator):
    def draw(*shape, scale=0.3):
        return torch.randn(*shape, generator=generator) * scale

    found = {
        "token_embedding.weight": draw(VOCABULARY, WIDTH),
        "positional_embedding": draw(CONTEXT, WIDTH),
        "bridge.weight": draw(WIDTH, PICTURE_WIDTH),
        "bridge.bias": draw(WIDTH),
    }

    def norm(name):
        found[name + ".weight"] = 1 + draw(WIDTH)
        found[name + ".bias"] = draw(WIDTH)

    for layer in range(LAYERS):
        for kind, norms in (("blocks", ("norm1", "norm2")), ("cross_blocks", ("norm1", "input_norm", "norm2"))):
            block = f"decoder.{kind}.{layer}."
            for name in norms:
                norm(block + name)
            found[block + "attention.in_weight"] = draw(3 * WIDTH, WIDTH)
            found[block + "attention.in_bias"] = draw(3 * WIDTH)
            found[block + "attention.out_projection.weight"] = draw(WIDTH, WIDTH)
            found[block + "attention.out_projection.bias"] = draw(WIDTH)
            found[block + "feed_forward.expand.weight"] = draw(4 * WIDTH, WIDTH)
            found[block + "feed_forward.expand.bias"] = draw(4 * WIDTH)
            found[block + "feed_forward.contract.weight"] = draw(WIDTH, 4 * WIDTH)
            found[block + "feed_forward.contract.bias"] = draw(WIDTH)
    norm("decoder.final_norm")
    found["decoder.projection"] = draw(WIDTH, VOCABULARY)
    return found


def logits(p, caption, patches):
    """One caption at a time, unpadded: [length - 1, vocabulary]."""

    def norm(name, x):
        return F.layer_norm(x, (WIDTH,), p[name + ".weight"], p[name + ".bias"])

    def attend(name, query, other, mask):
        return F.multi_head_attention_forward(
            query, other, other, WIDTH, HEADS, p[name + ".in_weight"], p[name + ".in_bias"], None, None, False, 0.0,
            p[name + ".out_projection.weight"], p[name + ".out_projection.bias"], need_weights=False, attn_mask=mask)[0]

    def feed(name, x):
        hidden = F.gelu(F.linear(x, p[name + ".expand.weight"], p[name + ".expand.bias"]))
        return F.linear(hidden, p[name + ".contract.weight"], p[name + ".contract.bias"])

    ids = torch.tensor(caption[:-1])
    x = p["token_embedding.weight"][ids] + p["positional_embedding"][: len(ids)]
    picture = F.linear(patches, p["bridge.weight"], p["bridge.bias"])
    later = torch.full((len(ids), len(ids)), float("-inf")).triu(1)
    for layer in range(LAYERS):
        block = f"decoder.blocks.{layer}."
        y = norm(block + "norm1", x)
        x = x + attend(block + "attention", y, y, later)
        x = x + feed(block + "feed_forward", norm(block + "norm2", x))
        block = f"decoder.cross_blocks.{layer}."
        x = x + attend(block + "attention", norm(block + "norm1", x), norm(block + "input_norm", picture), None)
        x = x + feed(block + "feed_forward", norm(block + "norm2", x))
    return norm("decoder.final_norm", x) @ p["decoder.projection"]


def main():
    generator = torch.Generator().manual_seed(4)
    p = {name: value.requires_grad_() for name, value in parameters(generator).items()}
    patches = torch.randn(len(CAPTIONS), PATCHES, PICTURE_WIDTH, generator=generator)
    rows = [logits(p, caption, patches[i]) for i, caption in enumerate(CAPTIONS)]
    targets = torch.tensor([token for caption in CAPTIONS for token in caption[1:]])
    loss = F.cross_entropy(torch.cat(rows), targets)
    loss.backward()
    with torch.no_grad():
        likelihoods = torch.tensor([
            [-F.cross_entropy(logits(p, text, own), torch.tensor(text[1:]), reduction="sum").item() for text in TEXTS]
            for own in patches])

    bags = torch.tensor([[0.5, 0.5, 0, 0], [0, 1, 0, 0], [0.25, 0.25, 0.25, 0.25]])
    scores = torch.randn(3, 4, generator=generator, requires_grad=True)
    words = F.cross_entropy(scores, bags)
    words.backward()

    tensors = {"weights." + name: value.detach() for name, value in p.items()}
    tensors |= {"gradients." + name: value.grad for name, value in p.items()}
    tensors |= {"patches": patches, "likelihoods": likelihoods}
    tensors |= {"word_scores": scores.detach(), "word_bags": bags, "word_gradient": scores.grad}
    save_file({name: value.contiguous() for name, value in tensors.items()}, HERE / "efficiency.safetensors")
    (HERE / "efficiency.json").write_text(json.dumps({
        "width": WIDTH, "heads": HEADS, "layers": LAYERS, "vocabulary": VOCABULARY, "context": CONTEXT,
        "picture_width": PICTURE_WIDTH, "captions": CAPTIONS, "texts": TEXTS, "loss": loss.item(),
        "word_loss": words.item(),
    }, indent=2) + "\n")


if __name__ == "__main__":
    main()

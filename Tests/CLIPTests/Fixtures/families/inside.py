"""What is inside: hidden states, gradients of pixels, a ResNet's training steps, and resized position embeddings."""
import types

from native import *
from open_clip.model import resize_pos_embed, resize_text_pos_embed
from transformers import CLIPModel


def write_hidden_states():
    """Of hf-clip, which has to be there already: every layer's states and the gradient of one cosine per picture."""
    source = FAMILIES / "hf-clip"
    model = CLIPModel.from_pretrained(source).eval()
    given = load_file(source / "expected.safetensors")
    pixels, tokens = given["pixels"].clone().requires_grad_(), given["tokens"]
    text = model.text_model(input_ids=tokens, output_hidden_states=True)
    vision = model.vision_model(pixel_values=pixels, output_hidden_states=True)
    final = model.text_model.final_layer_norm
    tensors = {"pixels": pixels, "tokens": tokens}
    tensors |= {f"text_hidden_{index}": states for index, states in enumerate(text.hidden_states)}
    tensors |= {f"vision_hidden_{index}": states for index, states in enumerate(vision.hidden_states)}
    assert torch.equal(final(text.hidden_states[-1]), text.last_hidden_state)
    tensors |= {
        "text_last_normed": text.last_hidden_state, "text_penultimate": text.hidden_states[-2],
        "text_penultimate_normed": final(text.hidden_states[-2])}
    image = model.visual_projection(vision.pooler_output)
    words = model.text_projection(text.pooler_output)
    cosine = F.cosine_similarity(image, words[:len(image)])
    gradient, = torch.autograd.grad(cosine.sum(), pixels)
    tensors |= {"image": image, "text": words, "cosine": cosine, "pixel_gradient": gradient}
    folder = FAMILIES / "hidden-states"
    folder.mkdir()
    write_expected(
        folder, tensors, RESIZED_32, notes="Of ../hf-clip. hidden_0 is what enters the first layer (text: embeddings; "
        "vision: after the pre-norm), hidden_N leaves layer N; text_last_normed is the last with the final norm. cosine[i] "
        "is of image i and text i; pixel_gradient is of their sum.")


def write_training():
    """Three AdamW steps of a ResNet CLIP in training mode on one batch of four pairs."""
    vision = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 2, "head_width": 32}
    text = {"context_length": 8, "vocab_size": 60, "width": 12, "heads": 2, "layers": 1}
    config = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": text}
    model = build(config, 71).train()
    generator = torch.Generator().manual_seed(72)
    pixels = torch.randn(4, 3, 32, 32, generator=generator)
    tokens = random_tokens(8, 60, 73, counts=(1, 2, 4, 6))
    before = {f"before.{key}": value.clone() for key, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)
    tensors = {"pixels": pixels, "tokens": tokens, **before}
    losses = []
    for step in range(3):
        optimizer.zero_grad()
        image, words, scale = model(pixels, tokens)[:3]
        scores = scale * image @ words.T
        target = torch.arange(4)
        loss = (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            tensors |= {"image": image, "text": words, "logits": scores}
            tensors |= {f"gradient.{key}": value.grad.clone() for key, value in model.named_parameters()}
        optimizer.step()
    tensors["losses"] = torch.stack(losses)
    tensors |= {f"after.{key}": value.clone() for key, value in model.state_dict().items()
                if "running_" in key or key.endswith("num_batches_tracked")}
    model.eval()
    with torch.no_grad():
        tensors |= {"image_after": model.encode_image(pixels), "text_after": model.encode_text(tokens)}
    folder = FAMILIES / "rn-training"
    folder.mkdir()
    write_config(folder, config, CLIP_PREPROCESS)
    write_expected(
        folder, tensors, [], notes="before.* is the whole state; image and text [4, E] are normalized, of step 1 in training "
        "mode; gradient.* of step 1's loss (mean of both cross entropies); AdamW lr 1e-3, betas 0.9 0.98, eps 1e-6, weight "
        "decay 0.1 on every parameter; losses [3]; after.* are the running statistics after three steps (the variance "
        "unbiased, momentum 0.1); image_after and text_after unnormalized in evaluation mode then.")


def write_positions():
    generator = torch.Generator().manual_seed(81)
    tensors = {}
    for old, new in ((4, 7), (7, 4), (3, 5), (5, 3), (4, 6)):
        state = {"visual.positional_embedding": torch.randn(old * old + 1, 6, generator=generator)}
        tensors[f"image_{old}_{new}.before"] = state["visual.positional_embedding"]
        resize_pos_embed(state, types.SimpleNamespace(visual=types.SimpleNamespace(grid_size=new)))
        tensors[f"image_{old}_{new}.after"] = state["visual.positional_embedding"]
    state = {"visual.positional_embedding": torch.randn(17, 6, generator=generator)}
    tensors["image_4_3x6.before"] = state["visual.positional_embedding"]
    resize_pos_embed(state, types.SimpleNamespace(visual=types.SimpleNamespace(grid_size=(3, 6))))
    tensors["image_4_3x6.after"] = state["visual.positional_embedding"]
    for old, new in ((8, 13), (13, 8), (8, 16), (5, 3)):
        state = {"positional_embedding": torch.randn(old, 6, generator=generator)}
        tensors[f"text_{old}_{new}.before"] = state["positional_embedding"]
        resize_text_pos_embed(state, types.SimpleNamespace(positional_embedding=torch.empty(new, 6)))
        tensors[f"text_{old}_{new}.after"] = state["positional_embedding"]
    folder = FAMILIES / "positions"
    folder.mkdir()
    write_expected(
        folder, tensors, [], notes="image_OLD_NEW: grids OLD×OLD to NEW×NEW (3x6: rows 3, columns 6) with the class "
        "position first and kept; bicubic, antialiased, corners not aligned. text_OLD_NEW: linear, not antialiased, corners "
        "not aligned. All [positions, 6].")


def write():
    write_hidden_states()
    write_training()
    write_positions()

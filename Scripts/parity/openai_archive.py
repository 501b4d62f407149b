"""OpenAI's way of publishing: a TorchScript archive with half-precision weights and three scalars beside the towers."""
import torch
from open_clip.model import convert_weights_to_lp


class OpenAI(torch.nn.Module):
    """open_clip's towers under OpenAI's names, with the three scalars and their forward."""

    def __init__(self, model, resolution):
        super().__init__()
        for name, child in model.named_children():
            self.add_module(name, child)
        for name in ("positional_embedding", "text_projection", "logit_scale"):
            self.register_parameter(name, getattr(model, name))
        for name, value in (
                ("input_resolution", resolution), ("context_length", model.context_length),
                ("vocab_size", model.vocab_size)):
            self.register_buffer(name, torch.tensor(value))
        self.mask = [model.attn_mask]

    def forward(self, image, text):
        image = torch.nn.functional.normalize(self.visual(image), dim=-1)
        x = self.token_embedding(text) + self.positional_embedding
        x = self.ln_final(self.transformer(x, attn_mask=self.mask[0]))
        x = x[torch.arange(x.shape[0]), text.argmax(dim=-1)] @ self.text_projection
        text = torch.nn.functional.normalize(x, dim=-1)
        return self.logit_scale.exp() * image @ text.t(), self.logit_scale.exp() * text @ image.t()


def write_archive(model, path, size, tokens):
    """Rounds an open_clip CLIP as OpenAI did (norms and embeddings stay fp32) and saves the archive.

    The model is left with the rounded values in fp32. Returns the state as stored.
    """
    convert_weights_to_lp(model, torch.float16)
    stored = {key: value.clone() for key, value in model.state_dict().items()}
    model.float()
    pixels = torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size)
    with torch.no_grad():
        wrapped = OpenAI(model, size).eval()
        traced = torch.jit.trace(wrapped, (pixels, tokens[:1]), check_trace=False)
        assert torch.allclose(traced(pixels, tokens[:1])[0], wrapped(pixels, tokens[:1])[0], atol=1e-3)
        # Tracing runs in fp32, which every CPU can; what the archive stores is OpenAI's mixture.
        for key, parameter in traced.named_parameters():
            parameter.data = stored[key]
    torch.jit.save(traced, str(path))
    stored |= {name: value for name, value in wrapped.named_buffers() if name in (
        "input_resolution", "context_length", "vocab_size")}
    for key, parameter in model.named_parameters():
        parameter.data = stored[key].float()
    return stored

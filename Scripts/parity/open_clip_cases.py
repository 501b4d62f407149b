"""open_clip's models in its own directories, and OpenAI's archives, which open_clip's towers fill."""
import copy

import torchvision_stub  # noqa: F401, before open_clip
import open_clip
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from reference import *
from safetensors.torch import save_file

import vocabularies
from openai_archive import write_archive


def build(folder, config, preprocess):
    """Writes open_clip_config.json and returns the model it describes, with random weights."""
    vocabularies.write_json(folder / "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": preprocess})
    torch.manual_seed(3)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False).eval()
    if "timm_model_name" in config["vision_cfg"]:
        enlarge_matrices(model.visual)
    randomize(model)
    smooth_depthwise(model.visual)
    settle_batch_norms(model.visual, config["vision_cfg"]["image_size"])
    return model


def smooth_depthwise(visual):
    """Random kernels of single channels keep a picture's grain and lose its shapes, which batch normalizations then make up
    for: a grey level's rounding would be most of the answer. Kernels that average do not."""
    with torch.no_grad():
        for module in visual.modules():
            if isinstance(module, torch.nn.Conv2d) and 1 < module.groups == module.in_channels:
                module.weight.abs_()


def answers(model, pictures, preprocess, tokenize, arguments):
    """`preprocess` as open_clip has it; CoCa normalizes unless told not to."""
    size = model.visual.image_size
    size = size[0] if isinstance(size, (tuple, list)) else size
    transform = image_transform_v2(PreprocessCfg(size=size, **preprocess), is_train=False)
    images = encode_pictures(pictures, transform, lambda pixels: model.encode_image(pixels, normalize=False))
    with torch.inference_mode():
        texts = model.encode_text(tokenize(TEXTS), normalize=False).numpy()
    return Answers(arguments, images, texts, TEXTS)


def directory(name, vision_layers=None, text_layers=None, preprocess=CLIP_PREPROCESS, tokenizer=None, vision=None):
    """A case's `make`: the model directory open_clip saves. `tokenizer(folder, config)` writes the files of one; `vision`
    is an image tower in place of the named model's."""
    def make(folder, pictures):
        config = copy.deepcopy(open_clip.get_model_config(name))
        config["vision_cfg"] = vision or config["vision_cfg"]
        if vision_layers:
            config["vision_cfg"]["layers"], config["text_cfg"]["layers"] = vision_layers, text_layers
        model = build(folder, config, preprocess)
        save_file({key: value.contiguous() for key, value in model.state_dict().items()},
                  folder / "open_clip_model.safetensors", {"format": "pt"})
        if tokenizer:
            tokenizer(folder, config["text_cfg"])
        return answers(model, pictures, preprocess, open_clip.get_tokenizer(f"local-dir:{folder}"),
                       ["--model", str(folder)])

    return make


def unigram(folder, text):
    model = vocabularies.train_unigram(vocabularies.sentences(60000), text["vocab_size"])
    vocabularies.write_t5_json(folder, model, text["context_length"])


def gemma(folder, text):
    vocabularies.write_gemma(folder, text["context_length"], text["vocab_size"], vocabularies.sentences(60000))


def archive(name, file):
    """OpenAI's TorchScript archive of a model, by its name with the weights beside."""
    def make(folder, pictures):
        config = open_clip.get_model_config(name)
        tokenize = open_clip.get_tokenizer(name)
        model = build(folder, config, CLIP_PREPROCESS)
        (folder / "open_clip_config.json").unlink()
        write_archive(model, folder / file, config["vision_cfg"]["image_size"], tokenize(TEXTS))
        return answers(model, pictures, CLIP_PREPROCESS, tokenize, ["--model", name, "--weights", str(folder / file)])

    return make


def native(name, **options):
    size = open_clip.get_model_config(name)["vision_cfg"]["image_size"]
    note = "{vision_layers}+{text_layers} layers".format(**options) if "vision_layers" in options else ""
    return Case(name, "open_clip", size, directory(name, **options), note)


def lite(size, pixels, projection):
    """An EfficientNet-Lite beside ViT-B-32's text tower: open_clip has no model of its own with one."""
    vision = {"timm_model_name": f"tf_efficientnet_lite{size}", "timm_model_pretrained": False, "timm_pool": "avg",
              "timm_proj": projection, "image_size": pixels}
    return Case(f"efficientnet-lite{size}", "open_clip", pixels, directory("ViT-B-32", vision=vision))


CASES = [
    native("ViT-B-32"), native("ViT-B-32-quickgelu"), native("ViT-B-16"), native("ViT-L-14"), native("ViT-L-14-336"),
    native("ViT-H-14", vision_layers=8, text_layers=6), native("RN50"), native("RN101"), native("RN50x4"),
    native("ViT-B-16-SigLIP", preprocess=SIGLIP_PREPROCESS, tokenizer=unigram),
    native("ViT-B-16-SigLIP2", preprocess=SIGLIP_PREPROCESS, tokenizer=gemma),
    native("EVA02-B-16"), native("EVA02-L-14"), native("coca_ViT-B-32"), native("convnext_base_w"),
    native("convnext_large_d_320"), lite(0, 224, "linear"), lite(4, 300, "mlp"),
    Case("openai-ViT-B-32", "TorchScript", 224, archive("ViT-B-32-quickgelu", "ViT-B-32.pt")),
    Case("openai-RN50", "TorchScript", 224, archive("RN50-quickgelu", "RN50.pt")),
]

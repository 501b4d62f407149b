"""Lets a CPU build of torch import PyPI's torchvision, whose compiled operators belong to a CUDA build.

Import this before torchvision, open_clip or timm: the Python half of torchvision works without its operators.
"""
import torch
import torch.library

_register_fake = torch.library.register_fake


def _skipping_torchvision(name, *rest, **named):
    if isinstance(name, str) and name.startswith("torchvision::"):
        return lambda function: function
    return _register_fake(name, *rest, **named)


torch.library.register_fake = _skipping_torchvision

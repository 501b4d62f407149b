"""Writes the checkpoint fixtures with torch.save, torch.jit and (for optimizer state) torch.optim, and expected.json,
which holds each tensor's type, shape and values as the reference library reads them.

    python make_fixtures.py        (torch 2.x and numpy; seeded, so a second run gives the same tensors)
"""

import argparse
import collections
import json
import pathlib

import numpy
import torch

FOLDER = pathlib.Path(__file__).parent
torch.manual_seed(7)
expected = {}


def describe(tensor):
    tensor = tensor.detach()
    if tensor.is_complex():
        values = torch.view_as_real(tensor).flatten().tolist()
    else:
        values = [float(v) for v in tensor.to(torch.float64).flatten().tolist()]
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": values}


def flatten(value, path, tensors, scalars):
    join = lambda key: f"{path}.{key}" if path else str(key)
    if isinstance(value, torch.Tensor):
        tensors[path] = describe(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            flatten(item, join(key), tensors, scalars)
    elif isinstance(value, (list, tuple)):
        for key, item in enumerate(value):
            flatten(item, join(key), tensors, scalars)
    elif isinstance(value, argparse.Namespace):
        flatten(vars(value), path, tensors, scalars)
    elif isinstance(value, (bool, int, float, str)):
        scalars[path] = value


def save(name, value, **options):
    torch.save(value, FOLDER / name, **options)
    tensors, scalars = {}, {}
    flatten(value, "", tensors, scalars)
    expected[name] = {"tensors": tensors, "scalars": scalars}


save("nested.pt", {"model": {"a": torch.randn(2, 3), "deep": {"b": torch.arange(4)}}, "list": [torch.zeros(2), 5]})
module_names = collections.OrderedDict((f"module.visual.{k}", torch.randn(3)) for k in ("conv1.weight", "ln.bias"))
module_names._metadata = collections.OrderedDict([("", {"version": 1})])
save("ordered.pt", module_names)
save("parameter.pt", {"p": torch.nn.Parameter(torch.randn(2, 2)), "q": torch.nn.Parameter(torch.ones(3), False)})
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
save("views.pt", {"base": base, "t": base.t(), "slice": base[1:3, 2:5], "row": base[3], "every": base[::2, ::3],
                  "expanded": torch.tensor([1.5]).expand(3), "scalar": base[2, 2], "empty": base[:0],
                  "channels_last": torch.randn(1, 2, 2, 2).to(memory_format=torch.channels_last)})
types = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16,
         torch.int32, torch.int64)
save("types.pt", {**{str(t)[6:]: torch.tensor([1, 2, 3]).to(t) for t in types}, "bool": torch.tensor([True, False])})
save("wide_types.pt", {str(t)[6:]: torch.tensor([1, 2, 3]).to(t)
                       for t in (torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2)})
save("single.pt", torch.tensor([1.0, 2.0]))
save("scalars.pt", {"yes": True, "no": False, "none": None, "int": 42, "large": 1 << 40, "huge": 1 << 100,
                    "negative": -3, "float": 2.5, "text": "h\u00e9llo", "bytes": b"\x00\xff", "tuple": (1, 2, 3, 4),
                    "set": {1}, "frozen": frozenset([2]), "complex": 1 + 2j, "size": torch.Size([2, 3]),
                    "device": torch.device("cpu"), "dtype": torch.float16, "numpy": numpy.float64(0.25),
                    "int keys": {0: 1, 1: 2}, "slice": slice(1, 2), "bytearray": bytearray(b"ab")})
for protocol in (2, 3, 4, 5):
    save(f"protocol{protocol}.pt", {"w": torch.arange(3), "long text": "x" * 300}, pickle_protocol=protocol)

model = torch.nn.Linear(3, 2)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
model(torch.randn(4, 3)).sum().backward()
optimizer.step()
training = {"epoch": 3, "name": "RN50", "state_dict": {f"module.{k}": v for k, v in model.state_dict().items()},
            "optimizer": optimizer.state_dict(), "args": argparse.Namespace(lr=1e-3, name="x")}
save("training.pt", training)
legacy = {"state_dict": module_names, "shared": base, "view": base[1:3, 2:5], "half": torch.ones(2).half(),
          "bf16": torch.ones(2).bfloat16(), "epoch": 7, "bool": torch.tensor([True, False]), "param": model.weight}
save("legacy.pt", legacy, _use_new_zipfile_serialization=False)
save("legacy_empty.pt", {"epoch": 7}, _use_new_zipfile_serialization=False)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.register_buffer("mask", torch.tensor([[0.0, -1.0], [0.0, 0.0]]))
        self.scale = torch.nn.Parameter(torch.tensor(4.5))
        self.heads = 2

    def forward(self, x):
        return self.linear(x) @ self.mask * self.scale


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.resblocks = torch.nn.Sequential(Block(), Block())
        self.conv = torch.nn.Conv2d(1, 2, 1, bias=False)
        self.register_buffer("input_resolution", torch.tensor(224))

    def forward(self, x):
        return self.resblocks(x)


def save_script(name, module):
    torch.jit.save(module, FOLDER / name)
    expected[name] = {"tensors": {k: describe(v) for k, v in module.state_dict().items()}, "scalars": {}}


half = Net().eval()
for parameter in half.parameters():
    parameter.data = parameter.data.half()
for block in half.resblocks:
    block.mask = block.mask.half()
save_script("script.pt", torch.jit.script(half))
save_script("trace.pt", torch.jit.trace(Net().eval(), torch.randn(2, 2)))
torch.save({"q": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)}, FOLDER / "quantized.pt")
torch.save({"s": torch.eye(2).to_sparse()}, FOLDER / "sparse.pt")
torch.save({"c": torch.ones(2, dtype=torch.complex64).conj()}, FOLDER / "complex.pt")
torch.save(model, FOLDER / "whole_module.pt")
torch.save({"array": numpy.ones(2)}, FOLDER / "numpy_array.pt")

(FOLDER / "expected.json").write_text(json.dumps(expected, sort_keys=True, separators=(",", ":")) + "\n")

"""Writes reference.safetensors with the reference implementation (safetensors 0.8.0): one tensor of every type it
offers, an empty one, a scalar and a name that needs escapes; the elements' bytes count up from the tensor's place in
the list. And expected.json: the list itself.

    python make_fixtures.py
"""
import ctypes
import json
import math
import pathlib

from safetensors import TensorSpec, serialize

SIZES = {
    "bool": ("BOOL", 1), "uint8": ("U8", 1), "int8": ("I8", 1), "float8_e5m2": ("F8_E5M2", 1),
    "float8_e4m3fn": ("F8_E4M3", 1), "float8_e8m0fnu": ("F8_E8M0", 1), "int16": ("I16", 2), "uint16": ("U16", 2),
    "float16": ("F16", 2), "bfloat16": ("BF16", 2), "int32": ("I32", 4), "uint32": ("U32", 4), "float32": ("F32", 4),
    "complex64": ("C64", 8), "float64": ("F64", 8), "int64": ("I64", 8), "uint64": ("U64", 8),
}
SHAPES = [[3], [2, 3], [], [1, 0, 4], [5, 1]]

folder = pathlib.Path(__file__).parent
specs, expected, keep = {}, [], []
for index, (python_name, (name, size)) in enumerate(SIZES.items()):
    shape = SHAPES[index % len(SHAPES)]
    key = f"layer.{index % 4}.{python_name}" if index != 9 else 'é"\\\n\u0001/名'
    data = bytes((index + offset) % (2 if name == "BOOL" else 256) for offset in range(math.prod(shape) * size))
    buffer = ctypes.create_string_buffer(data, len(data))
    keep.append(buffer)  # the specification holds its address only
    specs[key] = TensorSpec(dtype=python_name, shape=shape, data_ptr=ctypes.addressof(buffer), data_len=len(data))
    expected.append({"name": key, "dtype": name, "shape": shape, "bytes": list(data)})

(folder / "reference.safetensors").write_bytes(serialize(specs, {"format": "pt"}))
(folder / "expected.json").write_text(json.dumps({"metadata": {"format": "pt"}, "tensors": expected}) + "\n")

"""layer_NN.safetensors: written piece by piece, read in place."""
import json
import os
import re
import struct
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from .._errors import Error, InvalidArgument

_CODES = {"f32": ("F32", np.float32), "f16": ("F16", np.float16), "bf16": ("BF16", np.uint16)}
_NAMES = {"F32": "f32", "F16": "f16", "BF16": "bf16"}


@dataclass
class Layer:
    """One layer. q: [query_heads, rows, d]; k: [kv_heads, n, d]; v: [kv_heads, n, dv] or None; q_pos: int64 [rows]; bfloat16
    arrays are uint16, and dtype says so: "f32", "f16" or "bf16"."""
    number: int
    prefill: int
    softmax_scale: float
    dtype: str
    q: np.ndarray
    k: np.ndarray
    v: Optional[np.ndarray]
    q_pos: np.ndarray
    source: str = ""


def to_type(rows: np.ndarray, dtype: str) -> np.ndarray:
    """float rows as `dtype`; bfloat16 (rounded to nearest even) as uint16. Throws where a number does not fit."""
    if dtype == "bf16":
        bits = np.ascontiguousarray(rows, dtype=np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    with np.errstate(over="ignore"):
        out = np.asarray(rows, dtype=_CODES[dtype][1])
    if dtype == "f16" and not np.isfinite(out).all():
        raise InvalidArgument("dtype: f16 cannot hold these numbers (the largest is "
                              f"{float(np.abs(np.asarray(rows, np.float32)).max()):g}); bf16 or f32 can")
    return out


def to_float(rows: np.ndarray, dtype: str) -> np.ndarray:
    """The same as float32."""
    if dtype == "bf16":
        return (rows.astype(np.uint32) << 16).view(np.float32)
    return np.asarray(rows, dtype=np.float32)


class LayerWriter:
    """A file whose shapes are known and whose rows come in pieces; it gets its name when `close` is called."""

    def __init__(self, folder: str, number: int, query_heads: int, kv_heads: int, key_dim: int, value_dim: Optional[int], tokens: int,
                 q_pos: np.ndarray, prefill: int, softmax_scale: float, dtype: str = "f16", source: str = ""):
        if dtype not in _CODES:
            raise InvalidArgument(f"dtype: {dtype!r} is none of {', '.join(_CODES)}")
        if len(q_pos) == 0 or (np.diff(q_pos) <= 0).any() or q_pos[0] < 0 or q_pos[-1] >= tokens:
            raise InvalidArgument(f"q_pos: must ascend strictly inside [0, {tokens}) and have a row")
        if not 0 <= prefill <= tokens:
            raise InvalidArgument(f"prefill: {prefill} is not in [0, {tokens}]")
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, f"layer_{number:02d}.safetensors")
        self.q_pos, self.dtype = np.asarray(q_pos), dtype
        code, element = _CODES[dtype]
        shapes: Dict[str, Tuple[str, Any, Tuple[int, ...]]] = {
            "q": (code, element, (query_heads, len(q_pos), key_dim)), "k": (code, element, (kv_heads, tokens, key_dim))}
        if value_dim is not None:
            shapes["v"] = (code, element, (kv_heads, tokens, value_dim))
        shapes["q_pos"] = ("I64", np.int64, (len(q_pos),))
        header: Dict[str, Any] = {"__metadata__": {
            "layer": str(number), "prefill": str(prefill), "softmax_scale": repr(float(softmax_scale)), "rope": "post",
            "heads": str(query_heads), "kv_heads": str(kv_heads), "head_dim": str(key_dim), "source": source or "rattan.dump"}}
        offset = 0
        for name, (kind, element, shape) in shapes.items():
            size = int(np.prod(shape)) * np.dtype(element).itemsize
            header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [offset, offset + size]}
            offset += size
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        self._temporary = f"{self.path}.{os.getpid()}.part"
        with open(self._temporary, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + offset)
        self.arrays = {name: np.memmap(self._temporary, dtype=element, mode="r+", shape=shape,
                                       offset=8 + len(text) + header[name]["data_offsets"][0])
                       for name, (_, element, shape) in shapes.items()}
        self.arrays["q_pos"][:] = self.q_pos

    def put(self, begin: int, queries: np.ndarray, keys: np.ndarray, values: Optional[np.ndarray]) -> None:
        """Rows of tokens begin, begin + 1, ..: each float [heads, rows, d]; queries of tokens that q_pos leaves out are dropped."""
        end = begin + keys.shape[1]
        self.arrays["k"][:, begin:end] = to_type(keys, self.dtype)
        if "v" in self.arrays:
            self.arrays["v"][:, begin:end] = to_type(values, self.dtype)
        first, last = np.searchsorted(self.q_pos, [begin, end])
        if last > first:
            self.arrays["q"][:, first:last] = to_type(queries[:, self.q_pos[first:last] - begin], self.dtype)

    def close(self) -> str:
        """The file under its name; returns it."""
        for array in self.arrays.values():
            array.flush()
        self.arrays = {}
        os.replace(self._temporary, self.path)
        return self.path

    def abandon(self) -> None:
        """Removes what was written."""
        self.arrays = {}
        if os.path.exists(self._temporary):
            os.remove(self._temporary)


def write_layer(folder: str, layer: Layer) -> str:
    """Writes a whole layer; returns the file's path."""
    writer = LayerWriter(folder, layer.number, layer.q.shape[0], layer.k.shape[0], layer.k.shape[2],
                         None if layer.v is None else layer.v.shape[2], layer.k.shape[1], layer.q_pos, layer.prefill,
                         layer.softmax_scale, layer.dtype, layer.source)
    try:
        for name, rows in (("q", layer.q), ("k", layer.k), ("v", layer.v)):
            if rows is not None:
                writer.arrays[name][:] = rows
    except BaseException:
        writer.abandon()
        raise
    return writer.close()


def read_layer(path: str) -> Layer:
    """A layer file; arrays are mapped, not read."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if length > size - 8 or length > 100_000_000:
            raise Error(f"{path}: is no safetensors file", "corrupt")
        header = json.loads(file.read(length))
    about = header.get("__metadata__", {})
    if "k" not in header or "q" not in header or "prefill" not in about:
        raise Error(f"{path}: is no layer of a dump (tensors q and k and the metadata prefill are needed)", "corrupt")

    def mapped(name: str, types: Dict[str, Any]) -> Tuple[np.ndarray, str]:
        entry = header[name]
        if entry["dtype"] not in types:
            raise Error(f"{path}: {name} is {entry['dtype']}; allowed: {', '.join(types)}", "corrupt")
        element = np.dtype(types[entry["dtype"]])
        begin, end = entry["data_offsets"]
        if end - begin != int(np.prod(entry["shape"])) * element.itemsize or 8 + length + end > size:
            raise Error(f"{path}: {name} does not lie where the header says", "corrupt")
        return np.memmap(path, dtype=element, mode="r", shape=tuple(entry["shape"]), offset=8 + length + begin), entry["dtype"]

    floats = {code: element for code, element in _CODES.values()}
    k, kind = mapped("k", floats)
    q, _ = mapped("q", floats)
    v = mapped("v", floats)[0] if "v" in header else None
    q_pos = mapped("q_pos", {"I32": np.int32, "I64": np.int64})[0] if "q_pos" in header else np.arange(q.shape[1])
    named = re.search(r"layer_(\d+)", os.path.basename(path))
    number = int(about.get("layer", named.group(1) if named else 0))
    return Layer(number, int(about["prefill"]), float(about.get("softmax_scale", k.shape[2] ** -0.5)), _NAMES[kind], q, k, v,
                 np.asarray(q_pos, np.int64), about.get("source", path))


def layer_files(path: str) -> List[str]:
    """The layer files of a folder, in order, or the one file."""
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise Error(f"{path} does not exist", "not_found")
    found = sorted(name for name in os.listdir(path) if re.fullmatch(r"layer_\d+\.safetensors", name))
    if not found:
        raise Error(f"{path} holds no layer_NN.safetensors", "not_found")
    return [os.path.join(path, name) for name in found]

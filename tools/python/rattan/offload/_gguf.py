"""Tensors of a GGUF file, dequantised by several processes."""
import multiprocessing
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import torch

from .._errors import InvalidArgument
from ._shape import Shape

_PARTS = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
          "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
          "post_attention_layernorm": "ffn_norm"}
_WHOLE = {"embed_tokens": "token_embd.weight", "lm_head": "output.weight", "norm": "output_norm.weight"}


def _name(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    number, _, part = name.removeprefix("layers.").partition(".")
    kind = "bias" if part.endswith(".bias") else "weight"
    return f"blk.{number}.{_PARTS[part.removesuffix('.bias')]}.{kind}"


# Of a tensor: its first byte, bytes, type, shape of the stored array. Workers map the file; they do not read its tables.
Place = Tuple[int, int, int, Tuple[int, ...]]
_ROWS = 16384  # of a matrix, that one worker dequantises at a time


def _dequantised(path: str, place: Place) -> np.ndarray:
    from gguf import GGMLQuantizationType, dequantize
    offset, size, kind, shape = place
    bare = {GGMLQuantizationType.F32: np.float32, GGMLQuantizationType.F16: np.float16}
    data = np.memmap(path, np.uint8, "r", offset, (size,)).view(bare.get(kind, np.uint8)).reshape(shape)
    rows = dequantize(data, GGMLQuantizationType(kind))
    return rows.astype(np.float16) if rows.ndim > 1 else rows


def _places(tensor: Any) -> List[Place]:
    shape, each = tuple(int(n) for n in tensor.data.shape), int(tensor.n_bytes) // int(tensor.data.shape[0])
    return [(int(tensor.data_offset) + first * each, min(_ROWS, shape[0] - first) * each, int(tensor.tensor_type),
             (min(_ROWS, shape[0] - first), *shape[1:])) for first in range(0, shape[0], _ROWS)]


def open_gguf(path: str) -> Tuple[Shape, Callable[[str], Optional[torch.Tensor]]]:
    """Its shape, and its tensors by transformers' names."""
    from gguf import GGUFReader
    reader = GGUFReader(path)

    def field(name: str, default: Optional[float] = None):
        found = reader.fields.get(name)
        if found is None and default is None:
            raise InvalidArgument(f"model: {path} has no {name}")
        return default if found is None else found.contents()

    kind = field("general.architecture")
    if kind != "qwen2":  # others have rotary pairs side by side
        raise InvalidArgument(f"model: a GGUF file of {kind!r}; allowed is qwen2 (others: a folder of transformers)")
    at, heads, width = kind + ".", field(f"{kind}.attention.head_count"), field(f"{kind}.embedding_length")
    sizes = {tensor.name: tensor.shape for tensor in reader.tensors}
    shape = Shape(field(at + "block_count"), width, field(at + "feed_forward_length"), heads, field(at + "attention.head_count_kv"),
                  width // heads, int(sizes["token_embd.weight"][1]), field(at + "rope.freq_base", 1e4),
                  field(at + "attention.layer_norm_rms_epsilon"), field(at + "context_length"), name=field("general.name", "model"))
    named = [(tensor.name, place) for tensor in reader.tensors for place in _places(tensor)]
    parts: Dict[str, List[np.ndarray]] = defaultdict(list)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        for (name, _), rows in zip(named, pool.map(_dequantised, [path] * len(named), [place for _, place in named], chunksize=4)):
            parts[name].append(rows)

    def tensor(name: str) -> Optional[torch.Tensor]:
        rows = parts.pop(_name(name), None)
        return None if rows is None else torch.from_numpy(np.concatenate(rows))

    return shape, tensor

"""Tensors of a GGUF file, dequantised by several processes."""
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Callable, Dict, Optional, Tuple

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


def _dequantised(path: str, names: Tuple[str, ...]) -> Dict[str, np.ndarray]:
    from gguf import GGUFReader, dequantize
    tensors = {tensor.name: tensor for tensor in GGUFReader(path).tensors}
    return {name: dequantize(tensors[name].data, tensors[name].tensor_type).astype(np.float16 if name.endswith("t") else np.float32)
            for name in names}


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
    groups = [tuple(name for name in sizes if name.startswith(f"blk.{layer}.")) for layer in range(shape.layers)]
    groups += [(name,) for name in _WHOLE.values() if name in sizes]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        found = {}
        for part in pool.map(_dequantised, [path] * len(groups), groups):
            found.update(part)

    def tensor(name: str) -> Optional[torch.Tensor]:
        rows = found.pop(_name(name), None)
        return None if rows is None else torch.from_numpy(np.ascontiguousarray(rows))

    return shape, tensor

"""The weights of a decoder on one device: random, of a folder of transformers, or of a GGUF file."""
import glob
import json
import os
from typing import Any, Callable, Dict, List, Optional

import torch

from .._errors import InvalidArgument
from ._linear import Dense, Int8
from ._shape import Rotary, Shape, shape_of_config

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "int8": torch.bfloat16}


class Layer:
    """One block. qkv: queries, keys and values in one matrix; gate_up likewise."""

    def __init__(self, norms: List[torch.Tensor], qkv: Any, bias: Optional[torch.Tensor], out: Any, gate_up: Any, down: Any):
        self.attention_norm, self.ffn_norm = norms
        self.qkv, self.bias, self.out, self.gate_up, self.down = qkv, bias, out, gate_up, down


class Model:
    """embedding: [vocab, hidden]; layers; norm; head: a matrix. dtype: of activations, keys and values."""

    def __init__(self, shape: Shape, device: torch.device, dtype: torch.dtype, tensor: Callable[[str], Optional[torch.Tensor]],
                 quantised: bool):
        """tensor(name): that of transformers' name, without "model." and ".weight"; None where there is none."""
        self.shape, self.device, self.dtype = shape, device, dtype
        self.rotary = Rotary(shape, device)

        def take(name: str) -> Optional[torch.Tensor]:
            found = tensor(name)
            return None if found is None else found.to(device, dtype)

        def matrix(*names: str) -> Any:
            weight = torch.cat([take(name) for name in names])
            return Int8.of(weight) if quantised else Dense(weight)

        def layer(number: int) -> Layer:
            at = f"layers.{number}."
            biases = [take(f"{at}self_attn.{part}_proj.bias") for part in "qkv"]
            return Layer([take(at + name).float() for name in ("input_layernorm", "post_attention_layernorm")],
                         matrix(*(f"{at}self_attn.{part}_proj" for part in "qkv")), None if biases[0] is None else torch.cat(biases),
                         matrix(at + "self_attn.o_proj"), matrix(at + "mlp.gate_proj", at + "mlp.up_proj"), matrix(at + "mlp.down_proj"))

        self.embedding = take("embed_tokens")
        self.layers = [layer(number) for number in range(shape.layers)]
        self.norm = take("norm").float()
        head = take("lm_head")
        head = self.embedding if head is None else head
        self.head = Int8.of(head) if quantised else Dense(head)

    @property
    def bytes(self) -> int:
        """Weights that are read for a token."""
        parts = [part for layer in self.layers for part in (layer.qkv, layer.out, layer.gate_up, layer.down)]
        return sum(part.bytes for part in parts) + self.head.bytes


def random_model(shape: Shape, device: torch.device, kind: str = "bf16", seed: int = 1) -> Model:
    """Of no language; as large as a real one."""
    generator = torch.Generator(device=device).manual_seed(seed)
    sizes = {"embed_tokens": (shape.vocab, shape.hidden), "lm_head": (shape.vocab, shape.hidden), "norm": (shape.hidden,)}
    widths = {"q": shape.query_heads * shape.dim, "k": shape.kv_heads * shape.dim, "v": shape.kv_heads * shape.dim}

    def tensor(name: str) -> Optional[torch.Tensor]:
        part = name.rpartition("layers.")[2].partition(".")[2]
        part_name = part.rpartition(".")[2].removesuffix("_proj")
        if name.endswith("bias"):
            return None
        if name.endswith("norm"):
            return torch.ones(shape.hidden, device=device)
        rows, columns = sizes[name] if name in sizes else {
            "o": (shape.hidden, shape.query_heads * shape.dim), "gate": (shape.ffn, shape.hidden), "up": (shape.ffn, shape.hidden),
            "down": (shape.hidden, shape.ffn)}.get(part_name) or (widths[part_name], shape.hidden)
        weight = torch.empty(rows, columns, device=device, dtype=TYPES[kind])
        return weight.normal_(0, columns ** -0.5, generator=generator)

    return Model(shape, device, TYPES[kind], tensor, kind == "int8")


def load_model(path: str, device: torch.device, kind: str = "bf16", yarn: Optional[float] = None) -> Model:
    """path: a folder with config.json and safetensors (llama, qwen2), or a .gguf file (qwen2). yarn: another stretch."""
    path = os.path.expanduser(path)
    if os.path.isfile(path) and path.endswith(".gguf"):
        from ._gguf import open_gguf
        shape, tensor = open_gguf(path)
    elif os.path.isfile(os.path.join(path, "config.json")):
        shape, tensor = _open_folder(path)
    else:
        raise InvalidArgument(f"model: {path} is neither a .gguf file nor a folder with config.json")
    return Model(shape if yarn is None else shape.stretched(yarn), device, TYPES[kind], tensor, kind == "int8")


def _open_folder(path: str):
    from safetensors import safe_open
    with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
        shape = shape_of_config(json.load(file))
    where: Dict[str, Any] = {}
    for name in sorted(glob.glob(os.path.join(path, "*.safetensors"))):
        handle = safe_open(name, "pt")
        where.update({key: handle for key in handle.keys()})

    def tensor(name: str) -> Optional[torch.Tensor]:
        for key in (f"model.{name}.weight", f"model.{name}", f"{name}.weight"):
            if key in where:
                return where[key].get_tensor(key)
        return None

    return shape, tensor

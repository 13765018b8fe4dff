"""The sizes of a decoder, and its rotary angles."""
import math
from dataclasses import dataclass, replace
from typing import Any, Dict, Tuple

import torch

from .._errors import InvalidArgument


@dataclass(frozen=True)
class Shape:
    """A decoder like Llama and Qwen2: RMS norms, rotary positions in halves, gated SiLU. yarn: how many times the `native`
    tokens the positions are stretched (1: not)."""
    layers: int
    hidden: int
    ffn: int
    query_heads: int
    kv_heads: int
    dim: int
    vocab: int
    rope_base: float = 1e6
    eps: float = 1e-6
    native: int = 32768
    yarn: float = 1.0
    name: str = "random"

    def __post_init__(self) -> None:
        if min(self.layers, self.hidden, self.ffn, self.kv_heads, self.dim, self.vocab) < 1 or self.query_heads % self.kv_heads:
            raise InvalidArgument(f"shape: {self}; sizes are above 0, query_heads a multiple of kv_heads")

    @property
    def group(self) -> int:
        """Query heads of a KV head."""
        return self.query_heads // self.kv_heads

    def stretched(self, factor: float) -> "Shape":
        """The same with YaRN."""
        return replace(self, yarn=factor)


SHAPES: Dict[str, Shape] = {
    "8b": Shape(32, 4096, 14336, 32, 8, 128, 128256, 5e5, 1e-5, 131072, name="8B shape, random weights"),
    "tiny": Shape(3, 64, 96, 4, 2, 16, 97, name="tiny, random weights"),
}


def shape_of_config(config: Dict[str, Any]) -> Shape:
    """Of a config.json of transformers."""
    kind = config.get("model_type")
    if kind not in ("llama", "qwen2"):
        raise InvalidArgument(f"model: model_type {kind!r}; rattan.offload runs llama and qwen2 (rattan.hf runs others)")
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind not in ("default", "yarn"):
        raise InvalidArgument(f"model: rope_type {kind!r}; allowed are default and yarn")
    heads = config["num_attention_heads"]
    native = scaling.get("original_max_position_embeddings") or config.get("max_position_embeddings", 32768)
    return Shape(config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"], heads,
                 config.get("num_key_value_heads", heads), config.get("head_dim") or config["hidden_size"] // heads, config["vocab_size"],
                 config.get("rope_theta") or scaling.get("rope_theta", 1e4), config.get("rms_norm_eps", 1e-6), native,
                 scaling.get("factor", 1.0) if kind == "yarn" else 1.0, config.get("_name_or_path") or "model")


class Rotary:
    """Cosines and sines of positions, with YaRN's frequencies and its factor (arXiv 2309.00071)."""

    def __init__(self, shape: Shape, device: torch.device):
        half = shape.dim // 2
        frequencies = shape.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
        self.factor = 1.0
        if shape.yarn > 1:
            def turns(count: float) -> float:
                return shape.dim * math.log(shape.native / (count * 2 * math.pi)) / (2 * math.log(shape.rope_base))
            low, high = max(math.floor(turns(32)), 0), min(math.ceil(turns(1)), shape.dim - 1)
            ramp = ((torch.arange(half, dtype=torch.float64) - low) / max(high - low, 1e-3)).clamp(0, 1)
            frequencies = frequencies / shape.yarn * ramp + frequencies * (1 - ramp)
            self.factor = 0.1 * math.log(shape.yarn) + 1
        self.frequencies = frequencies.to(device)

    def at(self, positions: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        """positions: [rows], any number type. float32 [rows, dim / 2] each."""
        angles = positions.to(torch.float64)[:, None] * self.frequencies
        return (angles.cos() * self.factor).float(), (angles.sin() * self.factor).float()


def rotate(rows: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """rows: [.., rows, dim]; cos, sin: [rows, dim / 2]. Computed in float32, returned in the type of rows."""
    first, second = rows.float().chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1).to(rows.dtype)

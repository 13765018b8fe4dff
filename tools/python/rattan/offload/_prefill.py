"""The prompt, layer by layer: exact causal attention on the device, in pieces that stay within its memory."""
from typing import Callable

import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa
from torch.nn.functional import silu

from ._linear import rms
from ._model import Layer, Model
from ._shape import rotate

# take(layer, keys [kv_heads, n, dim], values, queries [query_heads, kept rows, dim]), all on the device
Take = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], None]


def prefill(model: Model, ids: torch.Tensor, kept: torch.Tensor, take: Take, rows: int = 8192) -> torch.Tensor:
    """ids: [n]; kept: positions whose queries are wanted; rows: of a piece. Returns the last row before the head [1, hidden]."""
    x = model.embedding[ids.to(model.device)]
    cos, sin = model.rotary.at(torch.arange(len(ids), device=model.device))
    pieces = [slice(begin, min(begin + rows, len(ids))) for begin in range(0, len(ids), rows)]
    kept = kept.to(model.device)
    for number, layer in enumerate(model.layers):
        _attend(model, layer, x, cos, sin, pieces, kept, lambda *made, at=number: take(at, *made))
        for piece in pieces:
            x[piece] += feed_forward(layer, x[piece], model.shape.eps)
    return x[-1:]


def feed_forward(layer: Layer, x: torch.Tensor, eps: float) -> torch.Tensor:
    """What the second half of a block adds to its rows x [rows, hidden]."""
    gate, up = layer.gate_up(rms(x, layer.ffn_norm, eps)).chunk(2, -1)
    return layer.down(silu(gate) * up)


def _attend(model, layer, x, cos, sin, pieces, kept, take) -> None:
    shape, n = model.shape, len(x)
    heads, group, dim = shape.query_heads, shape.group, shape.dim

    def project(normed, first, count, turn):
        """Heads [first, first + count) of qkv, [count, n, dim]."""
        matrix = layer.qkv.rows(first * dim, (first + count) * dim)
        bias = None if layer.bias is None else layer.bias[first * dim:(first + count) * dim]
        out = torch.empty(count, n, dim, dtype=x.dtype, device=x.device)
        for piece in pieces:
            made = matrix(normed[piece], bias).view(-1, count, dim).transpose(0, 1)
            out[:, piece] = rotate(made, cos[piece], sin[piece]) if turn else made
        return out

    normed = torch.empty_like(x)
    for piece in pieces:
        normed[piece] = rms(x[piece], layer.attention_norm, shape.eps)
    keys = project(normed, heads, shape.kv_heads, True)
    values = project(normed, heads + shape.kv_heads, shape.kv_heads, False)
    queries = torch.empty(heads, len(kept), dim, dtype=x.dtype, device=x.device)
    attended = torch.empty(n, heads * dim, dtype=x.dtype, device=x.device)
    for head in range(shape.kv_heads):
        of_head = slice(head * group, (head + 1) * group)
        asked = project(normed, head * group, group, True)
        queries[of_head] = asked[:, kept]
        out = sdpa(asked[None], keys[None, head:head + 1], values[None, head:head + 1], is_causal=n > 1, enable_gqa=group > 1)
        attended.view(n, heads, dim)[:, of_head] = out[0].transpose(0, 1)
    take(keys, values, queries)
    for piece in pieces:
        x[piece] += layer.out(attended[piece])

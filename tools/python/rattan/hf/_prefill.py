"""Exact causal attention of the newest rows, by torch."""
import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa


def causal_attention(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, before: int, scaling: float) -> torch.Tensor:
    """query: [batch, heads, rows, d], rows before, before + 1, ..; keys, values: [batch, kv_heads, before + rows, d].

    Returns [batch, heads, rows, dv].
    """
    rows, groups = query.shape[2], query.shape[1] // keys.shape[1]
    if before == 0:
        return sdpa(query, keys, values, is_causal=rows > 1, scale=scaling, enable_gqa=groups > 1)
    if rows == 1:  # the query heads of a KV head as rows
        packed = query.reshape(query.shape[0], keys.shape[1], groups, query.shape[3])
        return sdpa(packed, keys, values, scale=scaling).reshape(*query.shape[:3], values.shape[3])
    if groups > 1:
        keys, values = keys.repeat_interleave(groups, dim=1), values.repeat_interleave(groups, dim=1)
    mask = torch.ones(rows, before + rows, dtype=torch.bool, device=query.device).tril(before)
    return sdpa(query, keys, values, attn_mask=mask, scale=scaling)

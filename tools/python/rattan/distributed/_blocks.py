"""Token blocks: every rank has some consecutive tokens of all heads, and attention is merged over ranks."""
from typing import Any, Dict, Optional, Tuple

import numpy as np
import torch

from .._context import Context
from .._errors import InvalidArgument
from ._exchange import Exchange
from ._plan import token_range


class BlockContext:
    """One rank's block of a sequence. All ranks make the same calls in the same order; the last one takes what is
    appended. Budgets (k, epsilon) are those of each block, and each block's estimate of its unread keys is merged too.

    block: (begin, end) of the prefill's tokens that this rank has. It may be empty.
    """

    def __init__(self, layers: int, query_heads: int, kv_heads: int, key_dim: int, value_dim: Optional[int] = None, dtype: str = "f16",
                 *, tokens: int, group: Any = None, timeout: float = 30.0, sinks: int = 128, recent: int = 512, **context: Any):
        """tokens: of the whole prefill. group: a process group of torch.distributed, or None for all processes. timeout:
        seconds until a missing rank is an Error. The rest as in rattan.Context; sinks and recent are those of the sequence."""
        self.exchange = Exchange(group, timeout)
        rank, ranks = self.exchange.rank, self.exchange.ranks
        self.block = token_range(rank, ranks, tokens)
        self.appends_here = rank == ranks - 1
        begin, end = self.block
        self.context = Context(layers, query_heads, kv_heads, key_dim, value_dim, dtype, sinks=max(0, sinks - begin),
                               recent=max(0, recent - (tokens - end)), **context)
        self._prefill, self._behind = tokens, [0] * layers

    def build_layer(self, layer: int, keys: Any, values: Any, queries: Any = None, positions: Any = None) -> Dict[str, float]:
        """As rattan.Context.build_layer, of the rows of `block` alone. queries: link evidence [query_heads, rows, key_dim] at
        `positions` of the whole sequence (the block's own tokens where None); those before the block are left out."""
        begin, end = self.block
        if keys.shape[1] != end - begin:
            raise InvalidArgument(f"keys: {keys.shape[1]} rows; the block of rank {self.exchange.rank} has {end - begin}")
        if queries is None or end == begin:
            return self.context.build_layer(layer, keys, values)
        at = np.arange(begin, end) if positions is None else np.asarray(positions, dtype=np.int64)
        seen = at >= begin
        if not seen.all():
            queries, at = queries[:, np.flatnonzero(seen)], at[seen]
        if len(at) == 0:
            return self.context.build_layer(layer, keys, values)
        return self.context.build_layer(layer, keys, values, queries, at - begin)

    def append(self, layer: int, keys: Any, values: Any, queries: Any = None) -> None:
        """The next tokens, as rattan.Context.append: kept by the last rank, counted by all."""
        if self.appends_here:
            self.context.append(layer, keys, values, queries)
        self._behind[layer] += keys.shape[0]

    def tokens(self, layer: int) -> int:
        """Tokens of the sequence that the next decode sees, on all ranks together."""
        return self._prefill + self._behind[layer]

    def decode(self, layer: int, queries: Any, **options: Any) -> Tuple[torch.Tensor, torch.Tensor]:
        """queries [query_heads, key_dim] of one token, the same on all ranks; options of rattan.Context.decode (k, epsilon, ..).

        Returns output [query_heads, value_dim] and lse [query_heads] over all tokens of all ranks: float32, on every rank.
        """
        out = torch.empty(self.context.query_heads, self.context.value_dim)
        lse = torch.empty(self.context.query_heads)
        if self.context.tokens(layer) == 0:
            out.zero_(), lse.fill_(-torch.inf)
        else:
            self.context.decode(layer, queries, out=out, lse=lse, **options)
        return self.exchange.merge(out, lse, f"decode of layer {layer}")

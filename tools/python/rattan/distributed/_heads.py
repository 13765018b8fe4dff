"""KV heads: every rank has some heads of all tokens, and nothing is merged."""
from typing import Any, Dict, Optional, Tuple

import torch

from .._context import Context
from .._errors import InvalidArgument
from ._exchange import Exchange
from ._plan import head_range


class HeadContext:
    """One rank's heads of a sequence. heads: (begin, end) of its KV heads, query_range: of their query heads; both may be
    empty. All arrays of its calls hold the rank's own heads."""

    def __init__(self, layers: int, query_heads: int, kv_heads: int, key_dim: int, value_dim: Optional[int] = None, dtype: str = "f16",
                 *, group: Any = None, timeout: float = 30.0, **context: Any):
        """query_heads, kv_heads: of all ranks together. The rest as in BlockContext and rattan.Context."""
        if kv_heads < 1 or query_heads % kv_heads:
            raise InvalidArgument(f"query_heads: {query_heads} is no multiple of the {kv_heads} kv_heads")
        self.exchange = Exchange(group, timeout)
        self.heads = head_range(self.exchange.rank, self.exchange.ranks, kv_heads)
        each = query_heads // kv_heads
        self.query_range = (self.heads[0] * each, self.heads[1] * each)
        self.value_dim = key_dim if value_dim is None else value_dim
        own = self.heads[1] - self.heads[0]
        self.context = Context(layers, own * each, own, key_dim, value_dim, dtype, **context) if own else None
        ranges = [head_range(rank, self.exchange.ranks, kv_heads) for rank in range(self.exchange.ranks)]
        self._counts = [each * (end - begin) for begin, end in ranges]

    def build_layer(self, layer: int, keys: Any, values: Any, queries: Any = None, positions: Any = None) -> Dict[str, float]:
        """As rattan.Context.build_layer."""
        return self.context.build_layer(layer, keys, values, queries, positions) if self.context else {}

    def append(self, layer: int, keys: Any, values: Any, queries: Any = None) -> None:
        """As rattan.Context.append."""
        if self.context:
            self.context.append(layer, keys, values, queries)

    def decode(self, layer: int, queries: Any, *, gather: bool = False, **options: Any) -> Tuple[torch.Tensor, torch.Tensor]:
        """queries [own query heads, key_dim]. Returns output and lse of the own query heads, or with `gather` of all ranks',
        on every rank. Where a row-parallel projection follows, its sum over ranks is all that is needed."""
        rows = self.query_range[1] - self.query_range[0]
        both = torch.empty(rows, self.value_dim + 1)
        if self.context:
            out, lse = torch.empty(rows, self.value_dim), torch.empty(rows)
            self.context.decode(layer, queries, out=out, lse=lse, **options)
            both[:, :-1], both[:, -1] = out, lse
        if gather:
            padded = torch.zeros(max(self._counts), self.value_dim + 1)
            padded[:rows] = both
            every = self.exchange.gather(padded, f"decode of layer {layer}")
            both = torch.cat([part[:count].cpu() for part, count in zip(every, self._counts)])
        return both[:, :-1], both[:, -1]

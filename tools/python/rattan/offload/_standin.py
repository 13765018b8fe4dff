"""Heads of a real model's dump in the place of what random weights project."""
from typing import Any, List, Tuple

import numpy as np
import torch

from .._errors import InvalidArgument
from ..dump import layer_files, read_layer
from ._shape import Shape


class StandIn:
    """KV head j of layer l is one of the dump's, taken in turn over layers and heads; its query heads are the first of that
    head's, rotated by one each time round. Behind the dump's last token its keys come again with noise of a third of their spread."""

    def __init__(self, folder: str, shape: Shape, tokens: int, steps: int):
        self.shape, self.tokens, self.steps = shape, tokens, steps
        self._layers = [read_layer(path) for path in layer_files(folder)]
        first = self._layers[0]
        self.kv_heads, self.group = first.k.shape[0], first.q.shape[0] // first.k.shape[0]
        if first.k.shape[2] != shape.dim or self.group < shape.group:
            raise InvalidArgument(f"heads: d = {first.k.shape[2]}, {self.group} query heads a KV head; needed are d = {shape.dim} and "
                                  f"{shape.group} or more")
        at, there = np.asarray(first.q_pos), first.k.shape[1]
        self.end = min(tokens, first.prefill)
        self.links = np.flatnonzero(at < self.end)
        self.rows = np.flatnonzero(at >= self.end)[:steps]
        if len(self.rows) < steps or self.end + steps > there:
            raise InvalidArgument(f"heads: {folder} has {len(self.rows)} query rows behind token {self.end}; {steps} are needed")
        self._noise = torch.randn(8191, shape.dim, generator=torch.Generator().manual_seed(1))
        # Rows of links are spread over all tokens, also those that come again.
        self.positions = at[self.links].astype(np.int64) * max(1, tokens // self.end)

    def _head(self, layer: int, head: int) -> Tuple[Any, int, List[int]]:
        """Of the dump: the layer, its KV head, the query heads."""
        turn, at = divmod(layer * self.shape.kv_heads + head, len(self._layers) * self.kv_heads)
        of, kv = self._layers[at // self.kv_heads], at % self.kv_heads
        return of, kv, [kv * self.group + (turn + i) % self.group for i in range(self.shape.group)]

    def _rows(self, array: np.ndarray, dtype: str) -> torch.Tensor:
        rows = torch.from_numpy(np.array(array))
        return rows.view(torch.bfloat16) if dtype == "bf16" else rows

    def queries(self, layer: int) -> torch.Tensor:
        """[query_heads, rows of links, dim], at `positions`."""
        heads = [self._head(layer, head) for head in range(self.shape.kv_heads)]
        return torch.cat([self._rows(of.q[wanted][:, self.links], of.dtype) for of, _, wanted in heads])

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Into [kv_heads, tokens, dim] each, in host memory."""
        for name, mine in (("k", keys), ("v", values)):
            for head in range(self.shape.kv_heads):
                of, kv, _ = self._head(layer, head)
                rows = self._rows(getattr(of, name)[kv, :self.end], of.dtype)
                mine[head, :self.end] = rows
                for there in range(self.end, self.tokens, self.end):
                    again = rows[:self.tokens - there].float()
                    noise = self._noise.roll(there + head, 0)[torch.arange(len(again)) % len(self._noise)]
                    mine[head, there:there + len(again)] = again + again.std(0) / 3 * noise

    def steps_of(self, device: torch.device, dtype: torch.dtype) -> List[torch.Tensor]:
        """Queries [layers, steps, query_heads, dim], keys and values [layers, steps, kv_heads, dim] of decoded tokens."""
        queries, keys, values = [], [], []
        new = slice(self.end, self.end + self.steps)
        for layer in range(self.shape.layers):
            heads = [self._head(layer, head) for head in range(self.shape.kv_heads)]
            queries.append(torch.cat([self._rows(of.q[wanted][:, self.rows], of.dtype) for of, _, wanted in heads]).transpose(0, 1))
            keys.append(torch.stack([self._rows(of.k[kv, new], of.dtype) for of, kv, _ in heads], 1))
            values.append(torch.stack([self._rows(of.v[kv, new], of.dtype) for of, kv, _ in heads], 1))
        return [torch.stack(rows).to(device, dtype) for rows in (queries, keys, values)]

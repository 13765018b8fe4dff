"""Queries that were asked before a context is built, from which its graphs are made."""
from typing import List, Optional, Tuple

import numpy as np
import torch


class Evidence:
    """Query rows of one layer of one sequence, in half precision, evenly thinned to at most 2 * limit rows."""

    def __init__(self, limit: int):
        self.limit = max(1, limit)
        self.step = 1
        self.blocks: List[Tuple[np.ndarray, torch.Tensor]] = []
        self.rows = 0

    def add(self, queries: torch.Tensor, begin: int) -> None:
        """queries: [query_heads, rows, d] of tokens begin, begin + 1, .."""
        first = -begin % self.step
        kept = queries[:, first::self.step]
        if kept.shape[1] == 0:
            return
        half = kept.dtype if kept.dtype in (torch.float16, torch.bfloat16) else torch.float16
        positions = np.arange(begin + first, begin + queries.shape[1], self.step)
        self.blocks.append((positions, kept.to("cpu", half, copy=True)))
        self.rows += kept.shape[1]
        while self.rows > 2 * self.limit:
            self._thin()

    def _thin(self) -> None:
        self.step *= 2
        kept = [(positions % self.step == 0, positions, rows) for positions, rows in self.blocks]
        self.blocks = [(positions[mask], rows[:, torch.from_numpy(mask)]) for mask, positions, rows in kept if mask.any()]
        self.rows = sum(len(positions) for positions, _ in self.blocks)

    def truncate(self, tokens: int) -> None:
        """Drops rows of tokens from `tokens` on."""
        masks = [(positions < tokens, positions, rows) for positions, rows in self.blocks]
        self.blocks = [(positions[mask], rows[:, torch.from_numpy(mask)]) for mask, positions, rows in masks if mask.any()]
        self.rows = sum(len(positions) for positions, _ in self.blocks)

    def take(self, keep: bool = False) -> Tuple[Optional[torch.Tensor], Optional[np.ndarray]]:
        """All rows [query_heads, rows, d] and their positions [rows], or None twice; given up unless `keep`."""
        if not self.blocks:
            return None, None
        positions = np.concatenate([block[0] for block in self.blocks])
        queries = self.blocks[0][1] if len(self.blocks) == 1 else torch.cat([block[1] for block in self.blocks], dim=1)
        if not keep:
            self.blocks, self.rows = [], 0
        return queries, positions

    def copy(self) -> "Evidence":
        """Another sequence's, with the same rows."""
        other = Evidence(self.limit)
        other.step, other.blocks, other.rows = self.step, list(self.blocks), self.rows
        return other

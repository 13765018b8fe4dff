"""Exact top-k by torch: where links are found in a build of Rattan without CUDA."""
from typing import Any, Optional, Tuple

import numpy as np
import torch


class TorchTopK:
    """A `device` of rattan.Context: products in float32, then torch.topk, some query rows at a time."""

    def __init__(self, device: str = "cuda", memory: int = 1 << 30):
        """memory: bytes that the scores of a piece may take."""
        self.device, self.memory = torch.device(device), memory

    def _rows(self, rows: np.ndarray) -> torch.Tensor:
        given = torch.from_dlpack(rows) if rows.dtype != np.uint16 else torch.from_numpy(rows.view(np.int16)).view(torch.bfloat16)
        return given.to(self.device).float()

    def __call__(self, queries: Any, keys: Any, k: int, candidates: Tuple[int, int], positions: Optional[np.ndarray],
                 recent: int) -> Tuple[np.ndarray, np.ndarray]:
        """As rattan.exact_topk, ids int64 and scores float32 [rows, k]."""
        begin, end = candidates
        ids, scores = np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), -np.inf, np.float32)
        found = min(k, end - begin)
        if found <= 0 or len(queries) == 0:
            return ids, scores
        with torch.no_grad():
            asked, searched = self._rows(queries), self._rows(keys[begin:end])
            at = torch.arange(begin, end, device=self.device)
            piece = max(1, self.memory // (12 * (end - begin)))
            for first in range(0, len(asked), piece):
                rows = slice(first, first + piece)
                made = asked[rows] @ searched.T
                if positions is not None:
                    made.masked_fill_(at + recent > torch.from_numpy(np.array(positions[rows])).to(self.device)[:, None], -torch.inf)
                best, which = made.topk(found)
                which, order = which.sort()  # ties to the smaller id
                best, again = best.gather(1, order).sort(descending=True, stable=True)
                which = which.gather(1, again) + begin
                scores[rows, :found] = best.cpu().numpy()
                ids[rows, :found] = torch.where(best == -torch.inf, -1, which).cpu().numpy()
        return ids, scores

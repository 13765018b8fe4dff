"""Exact top-k."""
from typing import Any, Optional, Tuple

import numpy as np

from . import _core
from ._arrays import array, metric_number, positions as _positions
from ._index import Neighbors


def exact_topk(queries: Any, keys: Any, k: int = 100, *, metric: str = "inner_product", device: str = "cpu",
               positions: Any = None, recent: int = 0, candidate_range: Optional[Tuple[int, int]] = None,
               threads: int = 0, dtype: Optional[str] = None) -> Neighbors:
    """The k keys of highest score for each query, exactly.

    queries: [.., d]; keys: [n, d]. positions: int [rows], causal: row i sees only keys with id + recent <= positions[i].
    candidate_range: (begin, end) of the ids that may be returned. device: "cpu", "cuda", or "auto"; arrays may lie on
    the CUDA device then. threads: 0 are as many as the machine has. dtype: "bf16" where arrays are uint16.

    Returns Neighbors: ids int64 [rows, k] (-1: no key), scores float32 [rows, k], and no counters.
    """
    ids, scores, _ = _core.exact_topk(array(queries, "queries", dtype), array(keys, "keys", dtype), k, metric_number(metric),
                                      device, _positions(positions), recent, candidate_range, threads)
    return Neighbors(ids, scores, {})


def cuda_available() -> Tuple[bool, str]:
    """Whether this build has CUDA code and a usable device, and if not, why."""
    return _core.cuda_state()

"""Recall, attention mass, output error, and how far queries lie from keys."""
from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from . import _core
from ._arrays import array, optional_array, positions as _positions

__all__ = ["AttentionQuality", "attention_quality", "head_statistics", "recall", "recall_per_row"]


class AttentionQuality(NamedTuple):
    """What attending to found keys instead of all costs.

    mass: float64 [rows], the share of the indexed keys' softmax that the found keys hold. output_error: float64 [rows],
    |o - o'| / |o|; empty without values.
    """
    mass: np.ndarray
    output_error: np.ndarray


def _pair(table: Any) -> Tuple[np.ndarray, np.ndarray]:
    ids, scores = np.asarray(table[0]), np.asarray(table[1])
    columns = ids.shape[-1]
    return (np.ascontiguousarray(ids.reshape(-1, columns), dtype=np.int64),
            np.ascontiguousarray(scores.reshape(-1, columns), dtype=np.float32))


def recall_per_row(found: Any, truth: Any) -> np.ndarray:
    """Of each row's true neighbours the share that was found, ties counted by score: float64 [rows].

    found, truth: Neighbors, or pairs of ids and scores [.., k], of the same metric.
    """
    return _core.recall_per_row(_pair(found), _pair(truth))


def recall(found: Any, truth: Any) -> float:
    """Mean of `recall_per_row`; 1 for no rows."""
    rows = recall_per_row(found, truth)
    return float(rows.mean()) if len(rows) else 1.0


def attention_quality(queries: Any, keys: Any, values: Any, found: Any, *, positions: Any, indexed: Tuple[int, int],
                      scale: float, threads: int = 0, dtype: Optional[str] = None) -> AttentionQuality:
    """Attention over window and found keys against attention over all, in float64.

    queries: [rows, d] at positions int [rows]; keys [n, d], values [n, dv] or None, of one KV head. Rows [indexed[0],
    indexed[1]) are in the index, and ids of `found` count from indexed[0]; the other rows up to a query's position are
    attended exactly. scale: of scores.
    """
    result = _core.attention_quality(array(queries, "queries", dtype), array(keys, "keys", dtype),
                                     optional_array(values, "values", dtype), _positions(positions), tuple(indexed), scale,
                                     _pair(found), threads)
    return AttentionQuality(*result)


def head_statistics(queries: Any, keys: Any, *, positions: Any, scale: float, sinks: int = 128, recent: int = 512,
                    threads: int = 0, dtype: Optional[str] = None) -> Dict[str, float]:
    """Statistics of one query head [rows, d] against its keys [n, d]: far_mass, n90, top100, mahalanobis_queries,
    mahalanobis_keys, mean_cosine, concentration, query_norm, key_norm. Far keys are [sinks, position - recent]."""
    return _core.head_statistics(array(queries, "queries", dtype), array(keys, "keys", dtype), _positions(positions), sinks,
                                 recent, scale, threads)

"""The index: build, search, save, open."""
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core
from ._arrays import array, metric_number
from ._errors import InvalidArgument

KINDS = ("auto", "flat", "scan4", "graph")


class Neighbors(NamedTuple):
    """What a search found, best first, ties to the smaller id.

    ids: int64 [.., k], -1 where there is no key; scores: float32 [.., k], -inf there; stats: counters by name ("keys_scored",
    "codes_scored", "nodes_expanded", "bytes_read", ..), each uint64 [groups], empty for exact top-k.
    """
    ids: np.ndarray
    scores: np.ndarray
    stats: Dict[str, np.ndarray]


class Index:
    """An index over keys that stay where they are. Immutable; any number of threads may search it at once.

    Made by `rattan.build` and `rattan.open`. build_seconds: seconds by stage.
    """

    def __init__(self, core: "_core.Index", build_seconds: Optional[Dict[str, float]] = None):
        self._core = core
        self.build_seconds = build_seconds or {}

    def search(self, queries: Any, k: int = 100, *, group: Optional[int] = None, beam_width: Optional[int] = None,
               expansions: Optional[int] = None, rerank: Optional[int] = None,
               candidate_range: Optional[Tuple[int, int]] = None, start_keys: Sequence[int] = (), threads: int = 0,
               dtype: Optional[str] = None) -> Neighbors:
        """The best k keys of each query.

        queries: [rows, d], or [steps, group, d]: the query heads of one KV head, which walk together (1..8 of them).
        group: consecutive rows of [rows, d] that walk together. beam_width: best keys kept open per row (graph).
        expansions: at most so many adjacency lists are read per row (graph). rerank: best keys by code that are read in
        full; 0: codes are not used. candidate_range: (begin, end) of the ids that may be returned. start_keys: ids to
        start from besides the entry points. threads: 0 are as many as the machine has.

        Returns Neighbors with ids and scores [rows, k] or [steps, group, k], and counters for each group.
        """
        rows = array(queries, "queries", dtype)
        if group is None:
            group = rows.shape[1] if len(rows.shape) == 3 else 1
        found = Neighbors(*self._core.search(rows, k, group, beam_width, expansions, rerank, None, candidate_range,
                                             [int(key) for key in start_keys], threads))
        if len(rows.shape) == 3:
            shape = (rows.shape[0], rows.shape[1], k)
            found = Neighbors(found.ids.reshape(shape), found.scores.reshape(shape), found.stats)
        return found

    def save(self, path: Union[str, os.PathLike]) -> None:
        """Writes everything but the keys, atomically: a failed or killed save leaves an old file whole."""
        self._core.save(os.fspath(path))

    def memory(self) -> Dict[str, int]:
        """Bytes by part; the keys, which are borrowed, are not counted."""
        return self._core.memory()

    def describe(self) -> str:
        """Settings and what the build found, a "name: value" per line."""
        return self._core.describe()

    @property
    def kind(self) -> str:
        """"flat", "scan4" or "graph"; for an index of kind "auto", "auto"."""
        return self._core.kind

    @property
    def dim(self) -> int:
        """Columns of the keys."""
        return self._core.dim

    @property
    def metric(self) -> str:
        """"inner_product" or "l2"."""
        return self._core.metric

    def __len__(self) -> int:
        return self._core.size

    def __repr__(self) -> str:
        return f"<rattan.Index {self.kind}: {len(self)} keys of {self.dim} dimensions, {self.metric}>"


def build(keys: Any, queries: Any = None, *, links: Any = None, kind: str = "auto", metric: str = "inner_product", k: int = 100,
          recall: float = 0.95, positions: Any = None, recent: int = 0, links_k: int = 128, link_queries: int = 16384,
          max_degree: Optional[int] = None, oversampling: Optional[int] = None, entry_points: Optional[int] = None,
          code_bits: Optional[int] = None, device: str = "cpu", seed: int = 1, threads: int = 0,
          dtype: Optional[str] = None) -> Index:
    """Builds an index over keys [n, d], which are borrowed, not copied, and kept alive by the index.

    queries: the prefill's queries, link evidence of a graph: [rows, d], or [group, rows, d], one matrix for each query
    head of the KV head. links: instead of finding them here, Neighbors (or pairs of ids and scores), one for each query
    head: the exact best keys of prefill queries.

    kind: "flat" (exact scan), "scan4" (4-bit codes), "graph" (needs queries or links), or "auto": the fastest of them at
    `recall` for searches of `k` keys, measured on held-out queries (needs queries).

    positions: int [rows], the token of each query row; row i is linked to keys with id + recent <= positions[i] only.
    links_k: links of a query. link_queries: query rows per head that are linked at most, evenly spaced. max_degree,
    oversampling, entry_points, code_bits: of the graph; None is the library's default. device: where links are found,
    "cpu", "cuda" or "auto".
    """
    if kind not in KINDS:
        raise InvalidArgument(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    key_array = array(keys, "keys", dtype)
    number = metric_number(metric)
    if kind == "flat":
        return Index(*_core.build_flat(key_array, number))
    if kind == "scan4":
        return Index(*_core.build_scan4(key_array, number, threads))
    if queries is None and (links is None or kind == "auto"):
        raise InvalidArgument(f'queries: kind "{kind}" needs queries like those to come' +
                              ('' if kind == "auto" else ', or links'))
    graph = _graph_params(max_degree, oversampling, entry_points, code_bits, seed)
    heads = _heads(queries, dtype)
    held_out = min(256, max(1, len(heads[0]) // 16)) if kind == "auto" else 0
    if links is None:
        linked = [head[:len(head) - held_out] for head in heads]
        links = _find_links(linked, key_array, number, positions, recent, links_k, link_queries, device, threads)
    pairs = [(np.ascontiguousarray(table[0], dtype=np.int64), np.ascontiguousarray(table[1], dtype=np.float32))
             for table in _tables(links)]
    if kind == "graph":
        return Index(*_core.build_graph(key_array, number, pairs, graph, threads))
    params = _core.AutoBuildParams()
    params.k, params.group, params.recall, params.graph = k, len(heads), recall, graph
    rows = np.stack([np.asarray(head[len(head) - held_out:]) for head in heads], axis=1)
    return Index(*_core.build_auto(key_array, number, pairs, array(rows, "queries", _uint16_is_bf16(rows)), params, threads))


def open(path: Union[str, os.PathLike], keys: Any, *, dtype: Optional[str] = None) -> Index:  # noqa: A001
    """Opens what `Index.save` wrote, over the same keys [n, d]: their shape, type and a fingerprint are compared."""
    return Index(_core.open_index(os.fspath(path), array(keys, "keys", dtype)))


def available_kinds() -> List[str]:
    """Kinds that `build` makes."""
    return [kind for kind in _core.available_kinds() if kind in KINDS]


def _uint16_is_bf16(rows: np.ndarray) -> Optional[str]:
    return "bf16" if rows.dtype == np.uint16 else None


def _heads(queries: Any, dtype: Optional[str]) -> List[np.ndarray]:
    """One numpy view [rows, d] for each query head; bfloat16 as uint16."""
    if queries is None:
        return [np.empty((0, 0), np.float32)]
    array(queries, "queries", dtype)  # checks type and shape
    if type(queries).__module__.partition(".")[0] == "torch":
        import torch
        queries = queries.detach().cpu()
        queries = (queries.view(torch.uint16) if queries.dtype == torch.bfloat16 else queries).numpy()
    elif not isinstance(queries, np.ndarray):
        queries = np.from_dlpack(queries)
    if queries.dtype.name == "bfloat16":
        queries = queries.view(np.uint16)
    if queries.ndim not in (2, 3):
        raise InvalidArgument(f"queries: has {queries.ndim} dimensions; [rows, d] or [group, rows, d] is needed")
    return list(queries) if queries.ndim == 3 else [queries]


def _find_links(heads, keys, metric, positions, recent, links_k, link_queries, device, threads):
    links = []
    for head in heads:
        step = max(1, -(-len(head) // link_queries))
        where = None if positions is None else np.ascontiguousarray(np.asarray(positions)[:len(head):step], dtype=np.int64)
        rows = head[::step]
        links.append(_core.exact_topk(array(rows, "queries", _uint16_is_bf16(rows)), keys, links_k, metric, device, where, recent,
                                      None, threads))
    return links


def _tables(links: Any) -> List[Any]:
    if isinstance(links, Neighbors) or (isinstance(links, tuple) and len(links) == 2):
        return [links]
    return list(links)


def _graph_params(max_degree, oversampling, entry_points, code_bits, seed):
    graph = _core.GraphBuildParams()
    for name, value in dict(max_degree=max_degree, oversampling=oversampling, entry_points=entry_points, code_bits=code_bits,
                            seed=seed).items():
        if value is not None:
            setattr(graph, name, value)
    return graph

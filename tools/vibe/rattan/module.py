"""Rattan's graph in VIBE: built from the keys and, where the data set has them, from learn queries and their neighbours."""
import numpy as np
import rattan

from ..base.module import BaseANN

METRICS = {"ip": "inner_product", "normalized": "inner_product", "cosine": "inner_product", "euclidean": "l2"}
NO_NEIGHBOR = np.iinfo(np.uint32).max  # -1 in a table of uint32
KEY_LINKS = 128
KEY_QUERIES = 16384  # of a data set without learn queries its own rows stand for queries


class Rattan(BaseANN):
    """dtype: how keys are stored. links: best keys of a learn query that become links, found here; 0: those of the data set."""

    def __init__(self, metric, dtype, max_degree, links):
        if metric not in METRICS:
            raise NotImplementedError(f"Rattan does not support metric {metric}")
        self.metric, self.dtype, self.max_degree, self.links = metric, np.dtype(dtype), max_degree, links

    def fit(self, X):
        keys = self._keys(X)
        step = max(1, len(keys) // KEY_QUERIES)
        self._build(keys, queries=keys[::step].astype(np.float32), links_k=min(self.links or KEY_LINKS, len(keys)))

    def fit_ood(self, X_train, X_learn, X_learn_neighbors):
        keys = self._keys(X_train)
        learn = self._rows(X_learn)
        if self.links:
            self._build(keys, queries=learn, links_k=min(self.links, len(keys)))
            return
        ids = np.asarray(X_learn_neighbors).astype(np.int64)
        ids[(ids < 0) | (ids == NO_NEIGHBOR)] = -1
        scores = np.empty(ids.shape, np.float32)
        for row, (query, neighbors) in enumerate(zip(learn, ids)):
            scores[row] = self._scores(query, keys[neighbors].astype(np.float32))
        scores[ids == -1] = -np.inf
        self._build(keys, links=(ids, scores))

    def set_query_arguments(self, beam_width, rerank):
        self.beam_width, self.rerank = beam_width, rerank
        self.queries = 0
        self.read = {}

    def query(self, v, n):
        # A beam holds at least the keys that are asked for.
        found = self.index.search(self._rows(v[None]), n, beam_width=max(self.beam_width, n), rerank=max(self.rerank, n), threads=1)
        self.queries += 1
        for name, counts in found.stats.items():
            self.read[name] = self.read.get(name, 0) + int(counts[0])
        ids = found.ids[0]
        return ids[ids >= 0]  # X_train[-1] would be a hit

    def get_additional(self):
        """Means over the queries: keys read in full, keys scored by code, bytes, and what else a search counts."""
        means = {name: count / max(1, self.queries) for name, count in self.read.items()}
        return {**means, **{f"build_{stage}": seconds for stage, seconds in self.index.build_seconds.items()}}

    def __str__(self):
        return (f"Rattan(dtype={self.dtype}, max_degree={self.max_degree}, links={self.links}, beam_width={self.beam_width}, "
                f"rerank={self.rerank})")

    def _rows(self, rows):
        rows = np.ascontiguousarray(rows, np.float32)
        if self.metric == "cosine":
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return rows

    def _keys(self, X):
        return np.ascontiguousarray(self._rows(X).astype(self.dtype))

    def _scores(self, query, keys):
        return -np.square(keys - query).sum(axis=1) if self.metric == "euclidean" else keys @ query

    def _build(self, keys, **evidence):
        self.index = rattan.build(keys, kind="graph", metric=METRICS[self.metric], max_degree=self.max_degree, threads=1, **evidence)

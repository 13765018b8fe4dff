"""Heads like a model's: keys with a common offset, queries opposite to it."""
import numpy as np
import pytest


def make_head(rows, n, d, seed=1):
    random = np.random.default_rng(seed)
    keys = random.standard_normal((n, d), dtype=np.float32) + 0.5
    queries = random.standard_normal((rows, d), dtype=np.float32) * 1.5 - 0.5
    return queries, keys


def exact(queries, keys, k):
    """Ids and scores of the best k keys, ties to the smaller id."""
    scores = queries.astype(np.float32) @ keys.astype(np.float32).T
    ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(scores, ids, axis=1)


@pytest.fixture
def head():
    return make_head

"""Build, search, save and open."""
import os
import threading

import numpy as np
import pytest

import rattan
from conftest import exact, make_head

KINDS = ["flat", "scan4", "graph", "auto"]


@pytest.mark.parametrize("kind", KINDS)
def test_finds_what_is_there(kind, tmp_path):
    queries, keys = make_head(600, 2000, 32)
    later, _ = make_head(32, 1, 32, seed=2)
    index = rattan.build(keys, queries, kind=kind, k=10)
    assert (index.kind, len(index), index.dim, index.metric) == (index.kind, 2000, 32, "inner_product")
    found = index.search(later, 10, beam_width=200)
    assert rattan.evaluate.recall(found, exact(later, keys, 10)) > 0.9
    assert found.ids.dtype == np.int64 and found.scores.dtype == np.float32
    assert len(found.stats["keys_scored"]) == 32 and (found.stats["bytes_read"] > 0).all()
    path = tmp_path / "head.rattan"
    index.save(path)
    again = rattan.open(path, keys).search(later, 10, beam_width=200)
    assert (again.ids == found.ids).all() and (again.scores == found.scores).all()
    assert "Index" in repr(index) and sum(index.memory().values()) >= 0 and index.describe()


def test_groups_walk_together():
    queries, keys = make_head(2400, 2000, 32)
    grouped = queries.reshape(4, 600, 32)
    later = make_head(32, 1, 32, seed=2)[0].reshape(8, 4, 32)
    index = rattan.build(keys, grouped, kind="graph")
    found = index.search(later, 10)
    assert found.ids.shape == (8, 4, 10) and len(found.stats["keys_scored"]) == 8
    flat = index.search(later.reshape(32, 32), 10, group=4)
    assert (flat.ids.reshape(8, 4, 10) == found.ids).all()
    assert rattan.evaluate.recall(found, exact(later.reshape(32, 32), keys, 10)) > 0.9


def test_links_of_ones_own():
    queries, keys = make_head(500, 1000, 16)
    links = rattan.exact_topk(queries, keys, 32)
    one = rattan.build(keys, links=links, kind="graph")
    other = rattan.build(keys, queries, kind="graph", links_k=32)
    assert (one.search(queries[:5], 10).ids == other.search(queries[:5], 10).ids).all()
    assert one.build_seconds.keys() >= {"project", "prune", "connect"}


def test_candidates_seeds_and_short_rows():
    queries, keys = make_head(3, 50, 16)
    found = rattan.build(keys, kind="flat").search(queries, 60, candidate_range=(10, 20))
    assert ((found.ids[:, :10] >= 10) & (found.ids[:, :10] < 20)).all()
    assert (found.ids[:, 10:] == -1).all() and np.isneginf(found.scores[:, 10:]).all()
    graph = rattan.build(keys, queries, kind="graph", links_k=8)
    assert graph.search(queries, 5, start_keys=[1, 2, 3]).ids.shape == (3, 5)


def test_causal_links():
    queries, keys = make_head(100, 100, 16)
    found = rattan.exact_topk(queries, keys, 5, positions=np.arange(100), recent=10)
    for row in range(100):
        present = found.ids[row][found.ids[row] >= 0]
        assert len(present) == min(5, max(0, row - 9)) and (present + 10 <= row).all()


def test_l2():
    queries, keys = make_head(4, 100, 16)
    found = rattan.build(keys, kind="flat", metric="l2").search(queries, 1)
    distance = ((queries[:, None] - keys[None]) ** 2).sum(-1)
    assert (found.ids[:, 0] == distance.argmin(1)).all()
    np.testing.assert_allclose(-found.scores[:, 0], distance.min(1), rtol=1e-4)


def test_errors(tmp_path):
    queries, keys = make_head(4, 100, 16)
    index = rattan.build(keys, kind="flat")
    with pytest.raises(rattan.InvalidArgument, match="kind: 'tree'"):
        rattan.build(keys, kind="tree")
    with pytest.raises(ValueError, match="queries"):
        rattan.build(keys, kind="graph")
    with pytest.raises(ValueError, match="queries"):
        index.search(queries[:, :8], 3)
    with pytest.raises(rattan.Error) as raised:
        rattan.open(tmp_path / "nothing", keys)
    assert raised.value.code == "not_found" and not isinstance(raised.value, ValueError)
    index.save(tmp_path / "x")
    with pytest.raises(rattan.Error):
        rattan.open(tmp_path / "x", keys + 1)
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-7])
    with pytest.raises(rattan.Error) as raised:
        rattan.open(tmp_path / "x", keys)
    assert raised.value.code == "corrupt"
    with pytest.raises(rattan.Error) as raised:
        index.save(tmp_path / "no" / "folder")
    assert raised.value.code in ("io", "not_found")


def test_searches_in_threads():
    queries, keys = make_head(400, 4000, 32)
    index = rattan.build(keys, queries, kind="graph", links_k=16)
    want = index.search(queries, 10, threads=1).ids
    wrong = []

    def work():
        for _ in range(3):
            if not (index.search(queries, 10, threads=1).ids == want).all():
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_kinds_of_this_build():
    assert set(rattan.available_kinds()) == set(KINDS)
    available, why = rattan.cuda_available()
    if not available:
        queries, keys = make_head(4, 100, 16)
        assert why
        with pytest.raises(rattan.Error) as raised:
            rattan.exact_topk(queries, keys, 3, device="cuda")
        assert raised.value.code == "unsupported"


def test_any_number_of_threads_finds_the_same():
    queries, keys = make_head(300, 3000, 32)
    want = rattan.build(keys, queries, kind="graph", threads=1).search(queries, 10, threads=1)
    for threads in (0, 2, 7):
        got = rattan.build(keys, queries, kind="graph", threads=threads).search(queries, 10, threads=threads)
        assert (got.ids == want.ids).all() and (got.scores == want.scores).all()
    with pytest.raises(ValueError, match="threads"):
        rattan.exact_topk(queries, keys, 5, threads=5000)


def test_a_forked_process_searches():
    queries, keys = make_head(100, 2000, 32)
    index = rattan.build(keys, kind="scan4")
    want = index.search(queries, 5)
    child = os.fork()
    if child == 0:  # has none of the pool's threads
        same = (index.search(queries, 5).ids == want.ids).all()
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

"""tools/vibe: the adapter as VIBE's runner calls it, over an HDF5 file of VIBE's form."""
import importlib
import pathlib
import sys
import types

import numpy as np
import pytest

import rattan

TOOLS = pathlib.Path(__file__).parents[2] / "tools/vibe"
COUNT = 20


@pytest.fixture
def adapter(monkeypatch):
    """The class, with a package around it that stands for vibe.algorithms."""
    package, base, module = (types.ModuleType(f"vibe_stand_in{name}") for name in ("", ".base", ".base.module"))
    package.__path__ = [str(TOOLS)]
    base.__path__ = []
    module.BaseANN = object
    for entry in (package, base, module):
        monkeypatch.setitem(sys.modules, entry.__name__, entry)
    yield importlib.import_module("vibe_stand_in.rattan").Rattan
    for name in [name for name in sys.modules if name.startswith("vibe_stand_in")]:
        del sys.modules[name]


def recall_of(algorithm, test, train, distances, count=COUNT):
    """As VIBE's runner and export_results.py count it, one query a call; for the distance ip."""
    found = 0
    for query, limit in zip(test, distances[:, count - 1] + 1e-3):
        ids = algorithm.query(query, count)
        found += int((-(train[ids] @ query)[:count] <= limit).sum())
    return found / (len(test) * count)


def parts(head, rows=600, n=3000, d=32):
    queries, keys = head(rows, n, d)
    learn, test = queries[:-40], queries[-40:]
    return keys, learn, test, rattan.exact_topk(learn, keys, COUNT), -rattan.exact_topk(test, keys, COUNT).scores


@pytest.mark.parametrize("links", [0, 64])
def test_recall_grows_with_the_beam_and_counters_are_means(adapter, head, links):
    keys, learn, test, neighbors, distances = parts(head)
    algorithm = adapter("ip", "float16", 16, links)
    algorithm.fit_ood(keys, learn, neighbors.ids.astype(np.uint32))
    recalls = []
    for beam in (20, 400):
        algorithm.set_query_arguments(beam, 400)
        recalls.append(recall_of(algorithm, test, keys, distances))
        read = algorithm.get_additional()
        assert COUNT <= read["keys_scored"] < len(keys) and read["codes_scored"] > read["keys_scored"]
    assert recalls[1] > 0.95 and recalls[1] >= recalls[0]
    assert f"links={links}, beam_width=400" in str(algorithm)


def test_padded_neighbours_are_left_out(adapter, head):
    keys, learn, test, neighbors, distances = parts(head)
    padded = neighbors.ids.astype(np.uint32)
    padded[:, 15:] = np.uint32(0xFFFFFFFF)
    algorithm = adapter("ip", "float16", 16, 0)
    algorithm.fit_ood(keys, learn, padded)
    algorithm.set_query_arguments(400, 400)
    assert recall_of(algorithm, test, keys, distances) > 0.9


def test_fewer_keys_than_asked_give_no_minus_one(adapter, head):
    queries, keys = head(40, 12, 16)
    algorithm = adapter("ip", "float32", 8, 0)
    algorithm.fit_ood(keys, queries, rattan.exact_topk(queries, keys, 12).ids.astype(np.uint32))
    algorithm.set_query_arguments(20, 20)
    assert sorted(algorithm.query(queries[0], 20)) == list(range(12))


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "normalized"])
def test_without_learn_queries_the_keys_stand_for_them(adapter, metric):
    keys = np.random.default_rng(3).standard_normal((2000, 16), dtype=np.float32)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    algorithm = adapter(metric, "float32", 16, 0)
    algorithm.fit(keys)
    algorithm.set_query_arguments(100, 100)
    assert algorithm.query(keys[7], 10)[0] == 7


def test_a_metric_that_is_no_vector_metric_is_refused(adapter):
    with pytest.raises(NotImplementedError, match="hamming"):
        adapter("hamming", "float16", 16, 0)


def test_a_real_dump_becomes_a_data_set_and_back(adapter, tmp_path):
    h5py = pytest.importorskip("h5py")
    from rattan.dump import __main__ as dump
    source = pathlib.Path(__file__).parents[1] / "support/trained_slice/layer_03.safetensors"
    path = tmp_path / "slice-128-ip.hdf5"
    assert dump.main(["--from-dump", str(source), "--to", "hdf5", "-o", str(path)]) in (None, 0)
    with h5py.File(path) as file:
        train, test, learn = (file[name][:] for name in ("train", "test", "learn"))
        algorithm = adapter(file.attrs["distance"], "float16", 16, 0)
        algorithm.fit_ood(train, learn, file["learn_neighbors"][:])
        algorithm.set_query_arguments(300, 300)
        assert recall_of(algorithm, test, train, file["distances"][:], 100) > 0.9

"""What counts as an array, how it is laid out, and who keeps it alive."""
import gc
import weakref

import numpy as np
import pytest

import rattan
from conftest import exact, make_head


def test_dtypes_find_the_same_keys():
    queries, keys = make_head(8, 300, 32)
    truth, _ = exact(queries, keys.astype(np.float16), 5)
    assert (rattan.build(keys.astype(np.float16), kind="flat").search(queries, 5).ids == truth).all()
    bits = (keys.view(np.uint32) >> 16).astype(np.uint16)  # truncated to bfloat16
    rounded = (bits.astype(np.uint32) << 16).view(np.float32)
    truth, _ = exact(queries, rounded, 5)
    found = rattan.build(bits, kind="flat", dtype="bf16").search(rounded[:8], 5)
    assert (found.ids == exact(rounded[:8], rounded, 5)[0]).all()
    assert (rattan.build(bits, kind="flat", dtype="bf16").search(queries.astype(np.float16), 5).ids.shape) == (8, 5)


def test_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    queries, keys = make_head(8, 300, 32)
    keys = keys.astype(ml_dtypes.bfloat16)
    found = rattan.exact_topk(keys[:4], keys, 3)
    assert (found.ids == exact(keys[:4], keys, 3)[0]).all()
    assert rattan.build(keys, queries.astype(ml_dtypes.bfloat16), kind="graph", links_k=8).kind == "graph"


def test_torch():
    torch = pytest.importorskip("torch")
    queries, keys = make_head(8, 300, 32)
    keys = torch.from_numpy(keys).to(torch.bfloat16).requires_grad_()
    found = rattan.build(keys, kind="flat").search(torch.from_numpy(queries).to(torch.bfloat16), 5)
    rounded = torch.from_numpy(queries).to(torch.bfloat16).float().numpy()
    assert rattan.evaluate.recall(found, exact(rounded, keys.detach().float().numpy(), 5)) == 1
    assert rattan.build(keys, torch.from_numpy(queries).to(torch.bfloat16), kind="graph", links_k=8).kind == "graph"


def test_strided_rows_are_read_in_place():
    queries, keys = make_head(6, 400, 32)
    wide = np.zeros((400, 80), np.float32)
    wide[:, 16:48] = keys
    index = rattan.build(wide[:, 16:48], kind="flat")
    assert (index.search(queries, 7).ids == exact(queries, keys, 7)[0]).all()
    wide[3, 16:48] = queries[0] * 100  # borrowed, not copied
    assert index.search(queries[:1], 1).ids[0, 0] == 3


def test_read_only_arrays():
    queries, keys = make_head(2, 100, 16)
    keys.flags.writeable = False
    assert rattan.build(keys, kind="flat").search(queries, 1).ids.shape == (2, 1)


def test_keys_live_as_long_as_the_index():
    class Tracked(np.ndarray):
        pass

    queries, keys = make_head(4, 200, 16)
    truth = exact(queries, keys, 3)[0]
    tracked = keys.view(Tracked)
    alive = weakref.ref(tracked)
    index = rattan.build(tracked, kind="flat")
    del tracked
    gc.collect()
    keys = None
    assert (index.search(queries, 3).ids == truth).all()
    del index
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("value, text", [
    (np.zeros((4, 4)), "float32, float16 or bfloat16"),
    (np.zeros((4, 4), np.uint16), "dtype=\"bf16\""),
    (np.zeros((4, 8), np.float32)[:, ::2], "side by side"),
    (np.zeros(4, np.float32), "dimensions"),
    (np.zeros((4, 4), np.float32)[::-1], "negative"),
    ([[1.0, 2.0]], "a list is no array"),
    (np.full((4, 4), np.nan, np.float32), "NaN"),
])
def test_refused(value, text):
    with pytest.raises(ValueError, match=text):
        rattan.build(value, kind="flat")


def test_dtype_that_contradicts_the_array():
    with pytest.raises(ValueError, match="elements are f32, and dtype says f16"):
        rattan.build(np.zeros((4, 4), np.float32), kind="flat", dtype="f16")

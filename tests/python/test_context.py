"""A context against attention in float64."""
import numpy as np
import pytest

import rattan

LAYERS, HEADS, KV_HEADS, DIM = 2, 4, 2, 32


def make_cache(tokens, seed=1):
    random = np.random.default_rng(seed)
    keys = random.standard_normal((LAYERS, KV_HEADS, tokens, DIM), dtype=np.float32)
    values = random.standard_normal((LAYERS, KV_HEADS, tokens, DIM), dtype=np.float32)
    queries = random.standard_normal((LAYERS, HEADS, tokens, DIM), dtype=np.float32) * 2
    return keys, values, queries


def full_attention(query, keys, values):
    """query [heads, d], keys and values [kv_heads, n, d]."""
    output, lse = [], []
    for head, row in enumerate(query.astype(np.float64)):
        k, v = keys[head * KV_HEADS // HEADS].astype(np.float64), values[head * KV_HEADS // HEADS].astype(np.float64)
        logits = k @ row / np.sqrt(DIM)
        weights = np.exp(logits - logits.max())
        output.append(weights @ v / weights.sum())
        lse.append(np.log(weights.sum()) + logits.max())
    return np.array(output), np.array(lse)


def test_background_build_ends_as_a_build_at_once():
    tokens = 1500
    keys, values, queries = make_cache(tokens)
    made = []
    for background in (False, True):
        context = make_context(kind="graph", sinks=16, recent=64, k=64, background_build=background, build_threads=2)
        for layer in range(LAYERS):
            context.build_layer(layer, keys[layer], values[layer], queries[layer])
        fork = context.fork()
        context.decode(0, queries[0, :, -1])
        context.wait_for_builds()
        heads, seconds = context.build_progress()
        assert heads == 0 and (seconds > 0) == background
        assert [(row["kind"], row["building"]) for row in context.report()] == [("graph", False)] * LAYERS * KV_HEADS
        made.append(context.decode(1, queries[1, :, -1]))
        fork.wait_for_builds()
        made.append(fork.decode(1, queries[1, :, -1]))
    for output, lse in made:
        np.testing.assert_array_equal(output, made[0][0])
        np.testing.assert_array_equal(lse, made[0][1])


def test_links_by_python_in_the_background():
    def links(queries, keys, k, candidates, positions, recent):
        scores = np.from_dlpack(queries) @ np.from_dlpack(keys).T
        ids = np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int64)
        return ids, np.take_along_axis(scores, ids, 1)

    keys, values, queries = make_cache(1500)
    for destroyed in (True, False):
        context = make_context(kind="graph", sinks=16, recent=64, background_build=True, device=links)
        context.build_layer(0, keys[0], values[0], queries[0])
        if not destroyed:
            context.wait_for_builds()
            assert context.report()[0]["kind"] == "graph"
        del context  # while a build calls Python


def make_context(**params):
    return rattan.Context(LAYERS, HEADS, KV_HEADS, DIM, dtype="f32", **params)


@pytest.mark.parametrize("kind, tolerance", [("flat", 1e-5), ("scan4", 0.2), ("graph", 0.2), ("auto", 0.2)])
def test_decode_is_attention(kind, tolerance, tmp_path):
    tokens, prefill = 1500, 1400
    keys, values, queries = make_cache(tokens)
    context = make_context(kind=kind, sinks=16, recent=64, k=64)
    for layer in range(LAYERS):
        seconds = context.build_layer(layer, keys[layer, :, :prefill], values[layer, :, :prefill], queries[layer, :, :prefill])
        assert all(value >= 0 for value in seconds.values())
        # [kv_heads, tokens, d] as [tokens, kv_heads, d]
        grown = [np.ascontiguousarray(x[layer, :, prefill:].swapaxes(0, 1)) for x in (keys, values, queries)]
        context.append(layer, *grown)
        assert context.tokens(layer) == tokens
        want, want_lse = full_attention(queries[layer, :, -1], keys[layer], values[layer])
        got, lse = context.decode(layer, queries[layer, :, -1])
        assert np.linalg.norm(got - want) <= tolerance * np.linalg.norm(want)
        np.testing.assert_allclose(lse, want_lse, rtol=tolerance, atol=tolerance)
        # As many keys as there are: exact, whatever the kind.
        got, _ = context.decode(layer, queries[layer, :, -1], k=tokens)
        assert np.linalg.norm(got - want) <= 1e-5 * np.linalg.norm(want)
    assert context.stats()["steps"] == 2 * LAYERS * HEADS
    assert len(context.report()) == LAYERS * KV_HEADS and context.report()[0]["kind"] in ("flat", "scan4", "graph")
    assert sum(context.memory().values()) > 0
    context.reset_stats()
    assert context.stats()["steps"] == 0

    context.save(tmp_path)
    other = make_context(kind=kind, sinks=16, recent=64, k=64)
    for layer in range(LAYERS):
        other.open_layer(tmp_path, layer, keys[layer], values[layer])
        assert other.tokens(layer) == tokens
    fork = context.fork()
    assert fork.tokens(0) == tokens
    for one in (fork, other):
        one.truncate(prefill)
    assert fork.tokens(0) == other.tokens(0) == prefill and context.tokens(0) == tokens
    assert np.array_equal(other.decode(0, queries[0, :, -1])[0], fork.decode(0, queries[0, :, -1])[0])


def test_truncate_seal_and_epoch():
    keys, values, queries = make_cache(300)
    context = make_context(kind="flat")
    context.build_layer(0, keys[0], values[0], queries[0])
    context.build_layer(1, keys[1], values[1], queries[1])
    epoch = context.epoch
    context.seal(0)
    context.truncate(200)
    assert context.tokens(1) == 200 and context.epoch > epoch
    want, _ = full_attention(queries[0, :, 0], keys[0, :, :200], values[0, :, :200])
    np.testing.assert_allclose(context.decode(0, queries[0, :, 0])[0], want, atol=1e-5)
    context.invalidate()
    with pytest.raises(ValueError):
        context.decode(0, queries[0, :, 0])


def test_half_types_and_strides():
    keys, values, queries = make_cache(300)
    token_major = [np.ascontiguousarray(x[0].swapaxes(0, 1)).astype(np.float16) for x in (keys, values)]
    context = rattan.Context(1, HEADS, KV_HEADS, DIM, dtype="f16", kind="flat")
    context.build_layer(0, token_major[0].swapaxes(0, 1), token_major[1].swapaxes(0, 1))  # rows two heads apart
    want, _ = full_attention(queries[0, :, 0], token_major[0].swapaxes(0, 1), token_major[1].swapaxes(0, 1))
    out = np.full((HEADS, DIM), 7, np.float32)
    got, lse = context.decode(0, queries[0, :, 0].astype(np.float16), out=out)
    assert got is out
    np.testing.assert_allclose(got, want, atol=3e-3)


def test_rows_limits_caps_and_sinks():
    keys, values, queries = make_cache(300)
    context = rattan.Context(1, HEADS, KV_HEADS, DIM, dtype="f32", kind="flat")
    context.build_layer(0, keys[0], values[0])
    rows = np.ascontiguousarray(queries[0, :, -3:].swapaxes(0, 1))  # [rows, query_heads, key_dim]
    got, lse = context.decode(0, rows)
    assert got.shape == (3, HEADS, DIM) and lse.shape == (3, HEADS)
    for row in range(3):
        want, want_lse = full_attention(rows[row], keys[0][:, :298 + row], values[0][:, :298 + row])
        np.testing.assert_allclose(got[row], want, atol=1e-5)
        np.testing.assert_allclose(lse[row], want_lse, atol=1e-5)
    want, want_lse = full_attention(rows[0], keys[0][:, :50], values[0][:, :50])
    got, lse = context.decode(0, rows[0], visible_tokens=50, sink_logits=want_lse)
    np.testing.assert_allclose(got, want / 2, atol=1e-5)
    np.testing.assert_allclose(lse, want_lse + np.log(2), atol=1e-5)
    capped = rattan.Context(1, HEADS, KV_HEADS, DIM, dtype="f32", kind="flat", logit_cap=1e-6)
    capped.build_layer(0, keys[0], values[0])
    np.testing.assert_allclose(capped.decode(0, rows[0])[1], np.log(300), atol=1e-5)


def test_errors_name_the_parameter():
    keys, values, _ = make_cache(300)
    with pytest.raises(ValueError, match="kind"):
        make_context(kind="tree")
    with pytest.raises(TypeError, match="k:"):
        make_context(k=-3)
    with pytest.raises(ValueError, match="query_heads"):
        rattan.Context(1, 3, 2, 32)
    with pytest.raises(TypeError):
        make_context(not_a_parameter=1)
    context = make_context()
    with pytest.raises(ValueError, match="f16"):
        context.build_layer(0, keys[0].astype(np.float16), values[0].astype(np.float16))
    with pytest.raises(ValueError):
        context.decode(5, keys[0, 0, :4])
    context.build_layer(0, keys[0], values[0])
    with pytest.raises(ValueError, match="out"):
        context.decode(0, np.zeros((HEADS, DIM), np.float32), out=np.zeros(3, np.float32))


def test_memory_limit():
    keys, values, queries = make_cache(3000)
    context = make_context(kind="graph", memory_limit=2_000_000, capacity=4096)
    with pytest.raises(rattan.Error) as raised:
        context.build_layer(0, keys[0], values[0], queries[0])
    assert raised.value.code == "no_memory"


def test_rebuild_makes_of_chunks_what_one_prompt_is():
    tokens = 1200
    keys, values, queries = make_cache(tokens)
    whole = make_context(kind="graph", sinks=16, recent=64, k=64, kept_queries=1200, threads=1)
    chunks = make_context(kind="graph", sinks=16, recent=64, k=64, kept_queries=1200, threads=1)
    for layer in range(LAYERS):
        whole.build_layer(layer, keys[layer], values[layer], queries[layer])
        chunks.build_layer(layer, keys[layer, :, :400], values[layer, :, :400], queries[layer, :, :400])
        for begin in (400, 800):
            chunks.append(layer, *(np.ascontiguousarray(x[layer, :, begin:begin + 400].swapaxes(0, 1))
                                   for x in (keys, values, queries)))
        chunks.rebuild(layer)
    assert [row["base_tokens"] for row in chunks.report()] == [row["base_tokens"] for row in whole.report()]
    want, _ = full_attention(queries[0, :, -1], keys[0], values[0])
    assert np.linalg.norm(chunks.decode(0, queries[0, :, -1])[0] - want) <= 0.2 * np.linalg.norm(want)
    with pytest.raises(rattan.InvalidArgument, match="kept_queries"):
        make_context(kept_queries=2**21)


def test_pages_are_borrowed():
    tokens, prefill, page = 700, 500, 16
    keys, values, queries = make_cache(tokens)
    pages = -(-tokens // page)
    table = np.random.default_rng(2).permutation(pages).astype(np.int32)
    pools = np.full((2, LAYERS, pages, page, KV_HEADS, DIM), np.nan, np.float32)

    def write(begin, end):
        for token in range(begin, end):
            for pool, rows in zip(pools, (keys, values)):
                pool[:, table[token // page], token % page] = rows[:, :, token]

    write(0, prefill)
    paged, copied = (make_context(kind="scan4", sinks=16, recent=64, k=64, kept_queries=0) for _ in range(2))
    for layer in range(LAYERS):
        paged.build_pages(layer, prefill, *pools[:, layer], table)
        copied.build_layer(layer, keys[layer, :, :prefill], values[layer, :, :prefill])
    write(prefill, tokens)
    for layer in range(LAYERS):
        paged.append_pages(layer, tokens - prefill, *pools[:, layer], table)
        copied.append(layer, *(np.ascontiguousarray(x[layer, :, prefill:].swapaxes(0, 1)) for x in (keys, values)))
        assert np.array_equal(paged.decode(layer, queries[layer, :, -1])[0], copied.decode(layer, queries[layer, :, -1])[0])
    fork = paged.fork()
    assert np.array_equal(fork.decode(0, queries[0, :, -1])[0], copied.decode(0, queries[0, :, -1])[0])
    assert set(name for name, held in paged.memory().items() if held) == {"codes", "clusters"}
    with pytest.raises(rattan.InvalidArgument, match="table"):
        paged.append_pages(0, 0, *pools[:, 0], table.astype(np.int64))
    with pytest.raises(rattan.InvalidArgument, match="table"):
        paged.append_pages(0, 0, *pools[:, 0], np.full_like(table, pages))
    with pytest.raises(rattan.InvalidArgument, match="append_pages"):
        paged.append(0, keys[0, :, :1].swapaxes(0, 1), values[0, :, :1].swapaxes(0, 1))

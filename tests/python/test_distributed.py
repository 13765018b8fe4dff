"""One sequence over several local processes on gloo: what one process computes, and ranks that are empty, slow or dead."""
import multiprocessing
import os
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="rattan.distributed needs torch")

import rattan  # noqa: E402
from rattan import distributed  # noqa: E402

LAYERS, QUERY_HEADS, KV_HEADS, DIM = 2, 6, 3, 32


def arrays(tokens, steps=3):
    random = np.random.default_rng(7)
    keys, values = (random.standard_normal((LAYERS, KV_HEADS, tokens + steps, DIM), dtype=np.float32) for _ in range(2))
    queries = random.standard_normal((LAYERS, QUERY_HEADS, tokens + steps, DIM), dtype=np.float32)
    return keys, values, queries


def full_attention(layer, keys, values, queries, end):
    group = QUERY_HEADS // KV_HEADS
    out, lse = np.empty((QUERY_HEADS, DIM)), np.empty(QUERY_HEADS)
    for h in range(QUERY_HEADS):
        logits = keys[layer, h // group, :end].astype(np.float64) @ queries[layer, h, end - 1] / np.sqrt(DIM)
        weights = np.exp(logits - logits.max())
        out[h], lse[h] = weights @ values[layer, h // group, :end] / weights.sum(), logits.max() + np.log(weights.sum())
    return out, lse


def walk(shard, tokens, arrays, heads=slice(None), query_heads=slice(None), block=slice(None), **options):
    """Outputs and lses [steps, layers] of a few appended tokens."""
    keys, values, queries = arrays
    found = []
    for layer in range(LAYERS):
        shard.build_layer(layer, keys[layer, heads, :tokens][:, block], values[layer, heads, :tokens][:, block],
                          queries[layer, query_heads, :tokens], None if block == slice(None) else np.arange(tokens))
    for end in range(tokens + 1, keys.shape[2] + 1):
        for layer in range(LAYERS):
            new = (np.ascontiguousarray(rows[layer, of, end - 1])[None] for rows, of in
                   ((keys, heads), (values, heads), (queries, query_heads)))
            shard.append(layer, *new)
            found.append(shard.decode(layer, np.ascontiguousarray(queries[layer, query_heads, end - 1]), **options))
    return [(np.array(out), np.array(lse)) for out, lse in found]


def same_results(tokens, kind, dtype=None):
    data = arrays(tokens)
    params = dict(kind=kind, sinks=4, recent=16, k=64)
    shard = distributed.BlockContext(LAYERS, QUERY_HEADS, KV_HEADS, DIM, dtype="f32", tokens=tokens, timeout=60, **params)
    begin, end = shard.block
    found = walk(shard, tokens, data, block=slice(begin, end))
    assert shard.tokens(0) == tokens + 3
    truth = [full_attention(layer, *data, at) for at in range(tokens + 1, tokens + 4) for layer in range(LAYERS)]
    within = 1e-5 if kind == "flat" else 0.2
    for (out, lse), (want, want_lse) in zip(found, truth):
        assert np.abs(out - want).max() < within and np.abs(lse - want_lse).max() < within


def check_blocks(rank):
    same_results(500, "flat")
    same_results(2, "flat")  # more ranks than tokens: an empty shard
    same_results(0, "flat")  # only appended tokens, of the last rank
    same_results(9000, "graph")


def check_heads(rank):
    data = arrays(300)
    params = dict(kind="flat", sinks=4, recent=16)
    shard = distributed.HeadContext(LAYERS, QUERY_HEADS, KV_HEADS, DIM, dtype="f32", timeout=60, **params)
    heads, query_heads = slice(*shard.heads), slice(*shard.query_range)
    found = walk(shard, 300, data, heads, query_heads, gather=True)
    whole = walk(rattan.Context(LAYERS, QUERY_HEADS, KV_HEADS, DIM, dtype="f32", **params), 300, data)
    for (out, lse), (want, want_lse) in zip(found, whole):
        assert np.array_equal(out, want) and np.array_equal(lse, want_lse)  # nothing is merged
    alone = distributed.HeadContext(LAYERS, 2, 1, DIM, dtype="f32", timeout=60, **params)  # ranks without heads
    assert (alone.heads[1] - alone.heads[0] == 0) == (rank != 2)
    out, _ = walk(alone, 300, data, slice(alone.heads[0], alone.heads[1]), slice(*alone.query_range), gather=True)[0]
    assert out.shape == (2, DIM)


def check_many_ranks(rank):
    """More than eight are reduced in two rounds: the same function, on three."""
    exchange = distributed.Exchange(timeout=60)
    random = torch.Generator().manual_seed(rank)
    out, lse = torch.randn(5, 8, generator=random), 30 * torch.randn(5, generator=random)
    if rank == 1:
        out[0], lse[0] = torch.nan, -torch.inf  # a part without keys, whatever its output
    lse[4] = -torch.inf  # none anywhere
    want = exchange.merge(out, lse)
    found = exchange._merge_by_reducing(torch.cat([out, lse[:, None]], -1), "merge")
    assert torch.allclose(want[0], found[0], atol=1e-6) and torch.allclose(want[1], found[1], rtol=1e-6)
    assert want[1][4] == -torch.inf and (want[0][4] == 0).all() and torch.isfinite(want[0]).all()


def check_slow(rank):
    exchange = distributed.Exchange(timeout=1.5)
    part = torch.ones(2, 4), torch.zeros(2)
    exchange.merge(*part)
    if rank == 1:
        time.sleep(6)
        return
    begin = time.monotonic()
    with pytest.raises(rattan.Error, match=r"layer 3: rank \d of 3 got no answer from every rank within 1.5 s"):
        exchange.merge(*part, "decode of layer 3")
    assert time.monotonic() - begin < 5
    with pytest.raises(rattan.Error, match="failed before"):
        exchange.merge(*part)


def check_dead(rank):
    exchange = distributed.Exchange(timeout=20)
    part = torch.ones(2, 4), torch.zeros(2)
    exchange.merge(*part)
    if rank == 1:
        os._exit(0)
    with pytest.raises(rattan.Error, match="got no answer"):
        exchange.merge(*part)


def enter(check, rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=3)
    globals()[check](rank)
    if check in ("check_slow", "check_dead"):
        os._exit(0)  # the group is broken: nothing of it is to be waited for
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("check", ["check_blocks", "check_heads", "check_many_ranks", "check_slow", "check_dead"])
def test_three_ranks(check, tmp_path):
    spawn = multiprocessing.get_context("spawn")
    ranks = [spawn.Process(target=enter, args=(check, rank, str(tmp_path))) for rank in range(3)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(120)
    hangs = [rank for rank in ranks if rank.is_alive()]
    for rank in hangs:
        rank.kill()
    assert not hangs and [rank.exitcode for rank in ranks] == [0, 0, 0]


def test_parts_as_one():
    random = torch.Generator().manual_seed(1)
    keys, values, queries = (torch.randn(rows, 16, generator=random, dtype=torch.float64) for rows in (90, 90, 4))
    logits = queries @ keys.T
    parts = [(0, 30), (30, 30), (30, 90)]
    outputs = torch.stack([torch.softmax(logits[:, begin:end], -1) @ values[begin:end] for begin, end in parts])
    out, lse = distributed.merge(outputs, torch.stack([logits[:, begin:end].logsumexp(-1) for begin, end in parts]))
    assert torch.allclose(out, torch.softmax(logits, -1) @ values) and torch.allclose(lse, logits.logsumexp(-1))


def test_plans():
    assert [distributed.token_range(rank, 3, 10) for rank in range(3)] == [(0, 3), (3, 6), (6, 10)]
    assert [distributed.head_range(rank, 4, 2) for rank in range(4)] == [(0, 0), (0, 1), (1, 1), (1, 2)]
    with pytest.raises(rattan.InvalidArgument, match="rank: 3 of 3"):
        distributed.token_range(3, 3, 10)
    with pytest.raises(rattan.InvalidArgument, match="init_process_group"):
        distributed.Exchange()

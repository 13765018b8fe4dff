"""torchrun --nproc-per-node 2 -m rattan.distributed: a token's attention over ranks, and what their exchange takes of it."""
import argparse
import json
import statistics
import sys
import time
from typing import Any, Dict, List

import numpy as np
import torch
import torch.distributed as dist

from . import BlockContext, Exchange, HeadContext

DESCRIPTION = """One layer's attention of a sequence of normally distributed keys, by one process, by KV heads and by blocks of
tokens. Each rank makes its own part; times are medians, of the slowest rank.

  torchrun --nproc-per-node 2 -m rattan.distributed --tokens 131072 --backend gloo
"""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="rattan.distributed", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=131072)
    parser.add_argument("--query-heads", type=int, default=32)
    parser.add_argument("--kv-heads", type=int, default=8)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--kind", default="graph")
    parser.add_argument("--links", default="auto", help="device of rattan.Context")
    parser.add_argument("--threads", type=int, default=0, help="of a rank")
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--backend", default="gloo", choices=["gloo", "nccl"])
    return parser


def _rows(seed: int, *sizes: int, shift: float = 0.0) -> torch.Tensor:
    return (torch.randn(*sizes, generator=torch.Generator().manual_seed(seed)) + shift).bfloat16()


def _slowest(exchange: Exchange, seconds: List[float]) -> float:
    """Microseconds: the median step of the slowest rank."""
    mine = torch.tensor([statistics.median(seconds) * 1e6])
    return max(float(part) for part in exchange.gather(mine))


def _measure(shard: Any, queries: torch.Tensor, exchange: Exchange, context: Any, **options: Any) -> Dict[str, float]:
    every, own = [], []
    for at in range(-8, len(queries)):
        asked = queries[max(at, 0)]
        exchange.gather(torch.zeros(1), "start")
        begin = time.perf_counter()
        shard.decode(0, asked, **options)
        end = time.perf_counter()
        if context is not None:
            context.decode(0, asked)
        if at >= 0:
            every.append(end - begin)
            own.append(time.perf_counter() - end)
    found = {"us": _slowest(exchange, every)}
    if context is not None:
        found["own part us"] = _slowest(exchange, own)
    return found


def _merge_us(exchange: Exchange, heads: int, dim: int, steps: int) -> float:
    device = "cuda" if exchange.on_device else "cpu"
    part, seconds = (torch.randn(heads, dim, device=device), torch.randn(heads, device=device)), []
    for at in range(-20, steps):
        exchange.gather(torch.zeros(1), "start")
        begin = time.perf_counter()
        exchange.merge(*part)
        if exchange.on_device:
            torch.cuda.synchronize()
        if at >= 0:
            seconds.append(time.perf_counter() - begin)
    return _slowest(exchange, seconds)


def main() -> int:
    """Runs the command; returns its exit status."""
    args = options().parse_args()
    dist.init_process_group(args.backend)
    rank = dist.get_rank()
    if args.backend == "nccl":
        torch.cuda.set_device(rank % torch.cuda.device_count())
    exchange = Exchange(timeout=300)
    shape = (1, args.query_heads, args.kv_heads, args.dim)
    params = dict(dtype="bf16", kind=args.kind, device=args.links, threads=args.threads)
    group, step = args.query_heads // args.kv_heads, max(1, args.tokens // 8192)
    positions = np.arange(0, args.tokens, step)
    asked = _rows(3, args.steps, args.query_heads, args.dim, shift=-0.3)

    def of_heads(begin: int, end: int) -> List[torch.Tensor]:
        """Keys, values and link queries of KV heads, the same whoever makes them."""
        made = [[_rows(100 * kind + head, args.tokens, args.dim, shift=0.3 * (kind == 1)) for head in range(begin, end)] for kind in (1, 2)]
        queries = [_rows(1000 + head, len(positions), args.dim, shift=-0.3) for head in range(begin * group, end * group)]
        return [torch.stack(rows) if rows else torch.empty(0, args.tokens, args.dim).bfloat16() for rows in (*made, queries)]

    rows: Dict[str, Any] = {"tokens": args.tokens, "ranks": exchange.ranks, "backend": args.backend, "kind": args.kind,
                            "merge us": _merge_us(exchange, args.query_heads, args.dim, args.steps),
                            "merge bytes a rank": 4 * args.query_heads * (args.dim + 1)}
    heads = HeadContext(*shape, timeout=300, **params)
    keys, values, queries = of_heads(*heads.heads)
    heads.build_layer(0, keys, values, queries, positions)
    rows["by heads"] = _measure(heads, asked[:, slice(*heads.query_range)], exchange, None)
    rows["by heads, gathered"] = _measure(heads, asked[:, slice(*heads.query_range)], exchange, None, gather=True)
    del heads
    blocks = BlockContext(*shape, tokens=args.tokens, timeout=300, **params)
    keys, values, queries = of_heads(0, args.kv_heads)
    blocks.build_layer(0, keys[:, slice(*blocks.block)], values[:, slice(*blocks.block)], queries, positions)
    rows["by blocks"] = _measure(blocks, asked, exchange, blocks.context)
    if rank == 0:
        print(json.dumps(rows))
    dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())

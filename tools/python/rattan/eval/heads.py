"""One token's attention over dumped heads: rattan.Context against torch's sdpa, heads taken in turn so that caches are cold.

    python -m rattan.eval.heads dump/layer_02.safetensors other.safetensors .. [--k 100] [--epsilon E] [--threads 1] [--rows 128]

Prints for each file what its KV head became, the build's seconds, and the mean error of the output; then microseconds a KV head and
token of both, and the ratio. sdpa reads the keys and values in place, in the dump's type and as f32, the better of the two counts.
"""
import argparse
import time

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

from .. import dump
from .._context import Context


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--k", type=int)
    parser.add_argument("--epsilon", type=float)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--kind", default="auto")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    heads = []
    for path in args.files:
        layer = dump.read_layer(path)
        groups, decode = layer.q.shape[0] // layer.k.shape[0], layer.q_pos >= layer.prefill
        keys, values, queries = (np.array(x) for x in (layer.k[:1], layer.v[:1], layer.q[:groups]))
        context = Context(1, groups, 1, keys.shape[2], dtype=layer.dtype, softmax_scale=layer.softmax_scale, k=args.k,
                                 epsilon=args.epsilon, kind=args.kind, threads=args.threads)
        begin = time.perf_counter()
        context.build_layer(0, keys[:, :layer.prefill], values[:, :layer.prefill], queries[:, ~decode], layer.q_pos[~decode])
        seconds = time.perf_counter() - begin
        step = np.ascontiguousarray(queries[:, decode][:, :args.rows].swapaxes(0, 1))
        tensors = [torch.from_numpy(x[:, :layer.prefill]) for x in (keys, values)]
        row = context.report()[0]
        print(f"{path.rpartition('/')[2]}: {layer.prefill} keys, {row['kind']}, built in {seconds:.1f} s ({row['reason']})", flush=True)
        heads.append((context, step, tensors, layer.softmax_scale))

    heads = [(*head, {torch.float32: [x.float() for x in head[2]], torch.bfloat16: [x.bfloat16() for x in head[2]]}) for head in heads]
    ways = {"rattan": lambda head, i: head[0].decode(0, head[1][i])[0], "sdpa f32": lambda head, i: sdpa(torch.from_numpy(head[1][i]).float()[None], *head[4][torch.float32],
                                                                  scale=head[3])[0].numpy(),
            "sdpa bf16": lambda head, i: sdpa(torch.from_numpy(head[1][i]).bfloat16()[None], *head[4][torch.bfloat16],
                                              scale=head[3])[0].float().numpy()}
    times = {name: [] for name in ways}
    errors = [[] for _ in heads]
    for i in range(min(args.rows, min(len(head[1]) for head in heads))):
        for name, way in ways.items():
            for number, head in enumerate(heads):
                begin = time.perf_counter()
                out = way(head, i)
                times[name].append(time.perf_counter() - begin)
                if name == "rattan":
                    exact = ways["sdpa f32"](head, i) if i % 8 == 0 else None
                    if exact is not None:
                        errors[number].append(np.linalg.norm(out - exact, axis=1) / np.linalg.norm(exact, axis=1))
    median = {name: float(np.median(values)) * 1e6 for name, values in times.items()}
    print("output error by file: " + ", ".join(f"{np.mean(values):.4f}" for values in errors))
    best = min(value for name, value in median.items() if name != "rattan")
    stats = [head[0].stats() for head in heads]
    read = sum(one["keys_scored"] for one in stats) / sum(one["keys_visible"] for one in stats)
    print(", ".join(f"{name} {value:.0f} us" for name, value in median.items()) + f"; {best / median['rattan']:.1f} times as fast; "
          f"keys read {read:.2%}, {args.threads} threads")


if __name__ == "__main__":
    main()

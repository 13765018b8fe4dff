#!/usr/bin/env python3
"""Makes layer_03.safetensors beside this script: KV head 1 of layer 3 of the project's trained model, 1,408 tokens.

    make_trained_slice.py --shared DIR [--out FILE]

DIR holds make_dump.py, model.safetensors and tokens.u16 of the project's shared data. Needs numpy only; takes seconds.
The file keeps the layout of make_dump.py with one KV head: q [4, 256, 128], k [1, 1408, 128], v [1, 1408, 128] in F16,
q_pos [256] I32. 1,344 tokens are prefill (every 7th query row is kept), 64 are decode rows. It holds activations only.
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../../../datasets/embedded")

from cut import read, write  # noqa: E402

LAYER, KV_HEAD, GROUP, TOKENS, PREFILL, Q_STEP = 3, 1, 4, 1408, 1344, 7
SIZE_LIMIT = 1_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--out", default=f"{HERE}/layer_{LAYER:02d}.safetensors")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, f"{args.shared}/make_dump.py", "--tokens", str(TOKENS), "--prefill", str(PREFILL),
                        "--q-step", str(Q_STEP), "--layers", str(LAYER), "--out", folder], check=True)
        tensors, metadata = read(f"{folder}/layer_{LAYER:02d}.safetensors")
    heads = slice(KV_HEAD * GROUP, (KV_HEAD + 1) * GROUP)
    head = slice(KV_HEAD, KV_HEAD + 1)
    kept = {"q": tensors["q"][heads], "k": tensors["k"][head], "v": tensors["v"][head], "q_pos": tensors["q_pos"]}
    metadata.update(heads=str(GROUP), kv_heads="1",
                    source=f"trained 23M (project's own, Linux source), layer {LAYER}, KV head {KV_HEAD}, first {TOKENS} tokens")
    write(args.out, kept, metadata)
    size = os.path.getsize(args.out)
    if size >= SIZE_LIMIT:
        sys.exit(f"{args.out} has {size} bytes, allowed are fewer than {SIZE_LIMIT}")
    print(f"{args.out}: {size} bytes")


main()

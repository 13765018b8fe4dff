#!/usr/bin/env python3
"""Makes layer_03.safetensors beside this script: KV head 1 of layer 3 of the project's trained model, 1,408 tokens.

    make_embedded.py --shared DIR [--out FILE]

DIR holds make_dump.py, model.safetensors and tokens.u16 of the project's shared data. Needs numpy only; takes seconds.
The file keeps the layout of make_dump.py with one KV head: q [4, 256, 128], k [1, 1408, 128], v [1, 1408, 128] in F16,
q_pos [256] I32. 1,344 tokens are prefill (every 7th query row is kept), 64 are decode rows. It holds activations only.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

LAYER, KV_HEAD, GROUP, TOKENS, PREFILL, Q_STEP = 3, 1, 4, 1408, 1344, 7
SIZE_LIMIT = 1_000_000
DTYPES = {"F16": np.float16, "I32": np.int32}


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def write(path, tensors, metadata):
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    header, at = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor).tobytes())


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--out", default=f"{here}/layer_{LAYER:02d}.safetensors")
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

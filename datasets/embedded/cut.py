#!/usr/bin/env python3
"""Cuts prose_L14H1.safetensors beside this script from a dump of one KV head of a real model.

    cut.py prose32_L14H1.safetensors [--keys 26624] [--rows 768] [--decode 128] [--out FILE]

Kept are the last KEYS keys of the prefill with those of the first DECODE decoded tokens, ROWS of the prefill's query rows
that stand among these keys, evenly spaced, and the first DECODE decode rows, of all query heads; positions count from the
first kept key. Values are left out. Every column of a head is stored in 8 bits: value = offset + scale * byte. Needs
numpy only.
"""
import argparse
import json
import os
import struct
import sys

import numpy as np

SIZE_LIMIT = 4 << 20
DTYPES = {"U8": np.uint8, "F16": np.float16, "F32": np.float32, "I32": np.int32}


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


def eight_bits(heads):
    """Of [heads, rows, columns]: the bytes, and scale and offset of every column of every head."""
    values = heads.astype(np.float32)
    offset = values.min(axis=1)
    scale = (values.max(axis=1) - offset) / 255
    scale[scale == 0] = 1
    return np.round((values - offset[:, None]) / scale[:, None]).astype(np.uint8), scale, offset


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump")
    parser.add_argument("--keys", type=int, default=26624)
    parser.add_argument("--rows", type=int, default=768)
    parser.add_argument("--decode", type=int, default=128)
    parser.add_argument("--out", default=f"{here}/prose_L14H1.safetensors")
    args = parser.parse_args()

    tensors, metadata = read(args.dump)
    prefill, positions = int(metadata["prefill"]), tensors["q_pos"].astype(np.int64)
    first = prefill - args.keys
    among = np.flatnonzero((positions >= first) & (positions < prefill))
    among = among[np.linspace(0, len(among) - 1, args.rows).astype(int)]
    rows = np.concatenate([among, np.flatnonzero(positions >= prefill)[:args.decode]])
    kept = {}
    for name, heads in (("q", tensors["q"][:, rows]), ("k", tensors["k"][:, first:prefill + args.decode])):
        kept[name], kept[f"{name}_scale"], kept[f"{name}_offset"] = eight_bits(heads)
    kept["q_pos"] = (positions[rows] - first).astype(np.int32)
    write(args.out, kept, {
        "layer": metadata["layer"], "kv_head": "1", "prefill": str(args.keys), "softmax_scale": metadata["softmax_scale"],
        "source": f"Qwen2.5-Coder-1.5B, prose, layer {metadata['layer']}, KV head 1, last {args.keys:,} of {prefill:,} tokens, 8 bit",
        "license": "Apache-2.0"})
    size = os.path.getsize(args.out)
    if size >= SIZE_LIMIT:
        sys.exit(f"{args.out} has {size} bytes, allowed are fewer than {SIZE_LIMIT}")
    print(f"{args.out}: {size} bytes")


if __name__ == "__main__":
    main()

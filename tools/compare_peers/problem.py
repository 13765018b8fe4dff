"""The keys, decode queries and exact truth that rattan-bench uses, as numpy arrays."""
import json
import mmap
import pathlib
import struct
import subprocess

import numpy as np

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "I32": np.int32, "I64": np.int64}


class Problem:
    """keys [n, d] float32 (values rounded to bf16, as Rattan holds them), queries [steps * heads, d] (row = step *
    heads + head), kth: score of each row's k-th exact neighbour."""

    def __init__(self, keys, queries, heads, k, truth_ids):
        self.keys, self.queries, self.heads, self.k = keys, queries, heads, k
        self.steps = len(queries) // heads
        self.kth = self.scores(truth_ids).min(axis=1)

    def scores(self, ids):
        return np.einsum("rkd,rd->rk", self.keys[np.maximum(ids, 0)], self.queries[: len(ids)])

    def recall(self, ids):
        """A found key counts if it scores at least the truth's k-th; missing (-1) and repeated ones do not."""
        total = 0
        for begin in range(0, len(ids), 64):
            part = np.sort(ids[begin : begin + 64], axis=1)
            query, kth = self.queries[begin : begin + 64], self.kth[begin : begin + 64]
            score = np.einsum("rkd,rd->rk", self.keys[np.maximum(part, 0)], query)
            good = (score >= kth[:, None] - 1e-5 * np.abs(kth[:, None])) & (part >= 0)
            good[:, 1:] &= part[:, 1:] != part[:, :-1]
            total += good.sum()
        return total / (len(ids) * self.k)


def round_bf16(x):
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


class Safetensors:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size = struct.unpack("<Q", self.map[:8])[0]
        self.header = json.loads(self.map[8 : 8 + size])
        self.begin = 8 + size

    def __getitem__(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        raw = np.frombuffer(self.map, DTYPES[entry["dtype"]], (end - begin) // np.dtype(DTYPES[entry["dtype"]]).itemsize,
                            self.begin + begin).reshape(entry["shape"])
        return (raw.astype(np.uint32) << 16).view(np.float32) if entry["dtype"] == "BF16" else raw


def read_bin(path, dtype):
    rows, cols = np.fromfile(path, np.uint32, 2)
    return np.fromfile(path, dtype, offset=8).reshape(rows, cols)


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"tools/compare: {' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def load(rattan, dump, layer, kv_head, k, queries, folder):
    """Reads the dump itself; window and truth are what rattan-bench says, and the scores it wrote are checked."""
    record = run_json([rattan, "truth", "--data", dump, "--layers", str(layer), "--kv-heads", str(kv_head), "--k", str(k),
                       "--queries", str(queries), "--keys-as", "bf16", "--format", "json", "-o", str(folder)])[0]
    path = pathlib.Path(dump)
    tensors = Safetensors(path if path.is_file() else path / f"layer_{layer:02d}.safetensors")
    all_keys, all_queries, positions = tensors["k"], tensors["q"], tensors["q_pos"]
    group = len(all_queries) // len(all_keys)
    first = record["first_key"]
    keys = round_bf16(all_keys[kv_head, first : first + record["keys"]].astype(np.float32))
    decode = int(np.searchsorted(positions, int(tensors.header["__metadata__"]["prefill"])))
    rows = all_queries[kv_head * group : (kv_head + 1) * group, decode : decode + record["steps"]].astype(np.float32)
    asked = np.ascontiguousarray(rows.transpose(1, 0, 2)).reshape(-1, keys.shape[1])
    ids = read_bin(record["ids"], np.int32)
    problem = Problem(keys, asked, group, k, ids)
    written = read_bin(record["scores"], np.float32)
    error = np.abs(problem.scores(ids[:64]) - written[:64]).max() / np.abs(written[:64]).max()
    if error > 1e-2:
        raise SystemExit(f"tools/compare: truth of {dump} does not fit its keys and queries (relative error {error:.3g})")
    return problem

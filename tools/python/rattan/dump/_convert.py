"""Other formats into dumps, and dumps into other formats."""
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from .._errors import Error, InvalidArgument
from .._exact import exact_topk
from ._layout import Layer, to_float, to_type, write_layer

_PT_NAMES = {"q": ("q", "query", "queries", "query_states"), "k": ("k", "key", "keys", "key_states"),
             "v": ("v", "value", "values", "value_states")}


def _as_heads(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        raise InvalidArgument(f"{name}: has shape {list(array.shape)}; [heads, rows, d], [1, heads, rows, d] or [rows, d] is needed")
    return array


def _decode_rows(rows: int) -> int:
    return max(1, min(1024, rows // 16))


def from_arrays(folder: str, q: np.ndarray, k: np.ndarray, v: Optional[np.ndarray] = None, *, layer: int = 0,
                prefill: Optional[int] = None, q_pos: Optional[np.ndarray] = None, softmax_scale: Optional[float] = None,
                dtype: str = "f16", source: str = "") -> str:
    """Arrays [heads, rows, d] as layer_NN.safetensors; returns its path.

    Query row i belongs to token q_pos[i]; None: rows are spread evenly over the tokens, which is right where there are as
    many as tokens. prefill: tokens before the decode queries; None: all but the last min(1024, rows / 16) query rows are of
    the prefill.
    """
    q, k = _as_heads(np.asarray(q), "q"), _as_heads(np.asarray(k), "k")
    v = None if v is None else _as_heads(np.asarray(v), "v")
    if q.shape[2] != k.shape[2] or q.shape[0] % k.shape[0] or (v is not None and v.shape[:2] != k.shape[:2]):
        raise InvalidArgument(f"q {list(q.shape)}, k {list(k.shape)}, v {None if v is None else list(v.shape)}: query heads must be a "
                              "multiple of KV heads, d and the keys' rows the same")
    if q_pos is None:
        if q.shape[1] > k.shape[1]:
            raise InvalidArgument(f"q: has {q.shape[1]} rows and k {k.shape[1]}; give q_pos, or no more queries than tokens")
        q_pos = np.arange(q.shape[1]) * k.shape[1] // q.shape[1]
    if prefill is None:
        prefill = int(q_pos[-_decode_rows(len(q_pos))])
    made = Layer(layer, prefill, softmax_scale or k.shape[2] ** -0.5, dtype, to_type(q, dtype), to_type(k, dtype),
                 None if v is None else to_type(v, dtype), np.asarray(q_pos, np.int64), source)
    return write_layer(folder, made)


def from_pt(folder: str, path: str, *, layout: str = "bhsd", **options: Any) -> str:
    """A file of torch.save with tensors q, k and v (or query, keys, value_states, ..); only tensors are loaded.

    layout: "bhsd" for [batch, heads, rows, d], "bshd" for [batch, rows, heads, d]. options: those of `from_arrays`.
    """
    import torch
    if layout not in ("bhsd", "bshd"):
        raise InvalidArgument(f'layout: {layout!r} is none of "bhsd", "bshd"')
    held = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(held, dict):
        raise InvalidArgument(f"{path}: holds a {type(held).__name__}; a dict of tensors is needed")
    found: Dict[str, np.ndarray] = {}
    for name, aliases in _PT_NAMES.items():
        for alias in aliases:
            if alias in held:
                rows = held[alias].float()
                found[name] = (rows.transpose(-3, -2) if layout == "bshd" else rows).numpy()
                break
    if "q" not in found or "k" not in found:
        raise InvalidArgument(f"{path}: has {', '.join(map(str, held))}; q and k are needed")
    options.setdefault("source", os.path.basename(path))
    return from_arrays(folder, found["q"], found["k"], found.get("v"), **options)


def from_hdf5(folder: str, path: str, *, layer: int = 0, head: int = 0) -> List[str]:
    """An HDF5 file of VIBE: train are the keys, learn the prefill's queries, test the decode queries. Returns the paths.

    Its rows have no positions, so the dump is a pair K_{layer}_{head}.npy, Q_{layer}_{head}.npy, whose queries all stand at
    the last key and whose last sixteenth (at most 1,024) are the decode queries: learn rows are kept, evenly spaced, to make
    the test rows just that.
    """
    import h5py
    with h5py.File(path, "r") as file:
        if file.attrs.get("distance") != "ip":
            raise InvalidArgument(f"{path}: its distance is {file.attrs.get('distance')!r}; attention asks for ip")
        if "learn" not in file:
            raise InvalidArgument(f"{path}: has no learn queries, from which graphs are built")
        keys, learn, test = (np.asarray(file[name], np.float32) for name in ("train", "learn", "test"))
    test = test[:1024]
    if len(learn) < 15 * len(test):
        test = test[:max(1, len(learn) // 15)]
    kept = learn[np.arange(15 * len(test)) * len(learn) // (15 * len(test))] if len(learn) > 15 * len(test) else learn
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, f"{name}_{layer}_{head}.npy") for name in "KQ"]
    np.save(paths[0], keys)
    np.save(paths[1], np.concatenate([kept, test]))
    return paths


def _one_head(layer: Layer, kv_head: int, head: int) -> Tuple[np.ndarray, np.ndarray]:
    groups = layer.q.shape[0] // layer.k.shape[0]
    if not 0 <= kv_head < layer.k.shape[0] or not 0 <= head < groups:
        raise InvalidArgument(f"kv_head {kv_head}, head {head}: layer {layer.number} has {layer.k.shape[0]} KV heads with {groups} query "
                              "heads each")
    return to_float(layer.k[kv_head], layer.dtype), to_float(layer.q[kv_head * groups + head], layer.dtype)


def to_hdf5(path: str, layer: Layer, *, kv_head: int = 0, head: int = 0, count: int = 100) -> None:
    """One query head as VIBE has it: keys of the prefill as train, prefill queries as learn, decode queries as test, and the
    exact `count` best keys of both (distance ip: the negated inner product)."""
    import h5py
    keys, queries = _one_head(layer, kv_head, head)
    keys = keys[:layer.prefill]
    learn, test = queries[layer.q_pos < layer.prefill], queries[layer.q_pos >= layer.prefill]
    if len(test) == 0 or len(learn) == 0 or count > len(keys):
        raise InvalidArgument(f"layer {layer.number}: {len(learn)} prefill and {len(test)} decode queries, {len(keys)} keys: too few")
    found, links = exact_topk(test, keys, count), exact_topk(learn, keys, count)
    with h5py.File(path, "w") as file:
        file.attrs.update({"distance": "ip", "dimension": keys.shape[1], "point_type": "float"})
        file["train"], file["test"], file["learn"] = keys, test, learn
        file["neighbors"], file["distances"] = found.ids, -found.scores.astype(np.float64)
        file["avg_distances"] = -(test @ keys.mean(0)).astype(np.float64)
        file["learn_neighbors"] = links.ids.astype(np.uint32)


def to_npy(folder: str, layer: Layer, *, kv_head: int = 0, head: int = 0) -> List[str]:
    """One query head as K_{layer}_{head}.npy and Q_{layer}_{head}.npy, all rows, in the dump's type (bf16 as uint16)."""
    _one_head(layer, kv_head, head)
    os.makedirs(folder, exist_ok=True)
    number = kv_head * (layer.q.shape[0] // layer.k.shape[0]) + head
    paths = [os.path.join(folder, f"{name}_{layer.number}_{number}.npy") for name in "KQ"]
    np.save(paths[0], np.asarray(layer.k[kv_head]))
    np.save(paths[1], np.asarray(layer.q[number]))
    return paths


def to_pt(path: str, layer: Layer) -> None:
    """A layer as a dict of tensors q, k, v, q_pos."""
    import torch
    rows: Dict[str, Any] = {}
    for name in ("q", "k", "v"):
        array = getattr(layer, name)
        if array is not None:
            tensor = torch.from_numpy(np.array(array))
            rows[name] = tensor.view(torch.bfloat16) if layer.dtype == "bf16" else tensor
    rows["q_pos"] = torch.from_numpy(np.array(layer.q_pos))
    torch.save(rows, path)


def load_array(path: str) -> np.ndarray:
    """A .npy file without pickled objects; uint16 is taken for bfloat16."""
    if not os.path.exists(path):
        raise Error(f"{path} does not exist", "not_found")
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return to_float(np.asarray(array), "bf16") if array.dtype == np.uint16 else array

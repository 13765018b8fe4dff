"""A text through a model of transformers, and what its attention saw."""
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from .._errors import InvalidArgument
from ._layout import LayerWriter


def query_rows(tokens: int, prefill: int, step: int) -> np.ndarray:
    """Every step-th token of the prefill, and all behind it."""
    return np.concatenate([np.arange(0, prefill, step), np.arange(prefill, tokens)]).astype(np.int64)


def dump_model(model: Any, ids: Any, folder: str, *, prefill: int, layers: Optional[Sequence[int]] = None,
               kv_heads: Optional[Sequence[int]] = None, query_step: int = 1, dtype: str = "f16", chunk: int = 2048, source: str = "",
               progress: Optional[Callable[[int, int], None]] = None) -> List[str]:
    """Runs ids [1, n] through `model` in chunks and writes a file for each of `layers` (None: all that attend to everything).

    prefill: tokens before those whose queries count as decode queries. kv_heads: of each layer (None: all), with their query
    heads. query_step: every so many prefill queries are kept. progress(done, tokens) is called after each chunk. Returns the
    files' paths.
    """
    import torch

    from ..hf import RattanCache, attach
    tokens = ids.shape[1]
    q_pos = query_rows(tokens, prefill, query_step)
    writers: Dict[int, LayerWriter] = {}
    with attach(model) as attached:
        cache: RattanCache = attached.cache(build_at=1 << 62)
        full = [layer.position for layer in cache.own]
        wanted = full if layers is None else list(layers)
        if not set(wanted) <= set(full):
            raise InvalidArgument(f"layers: {sorted(set(wanted) - set(full))} attend to a window or do not exist; those that attend to "
                                  f"everything: {full}")

        def record(layer: Any, begin: int, query: Any, keys: Any, values: Any) -> None:
            if layer.position not in wanted:
                return
            groups = query.shape[1] // keys.shape[1]
            heads = list(range(keys.shape[1])) if kv_heads is None else list(kv_heads)
            if not all(0 <= head < keys.shape[1] for head in heads):
                raise InvalidArgument(f"kv_heads: {heads}; the layers have {keys.shape[1]}")
            asked = [head * groups + i for head in heads for i in range(groups)]
            if layer.position not in writers:
                writers[layer.position] = LayerWriter(folder, layer.position, len(asked), len(heads), keys.shape[3], values.shape[3], tokens,
                                                      q_pos, prefill, layer.scaling, dtype, source)
            rows = [x[0, chosen].float().cpu().numpy() for x, chosen in ((query, asked), (keys, heads), (values, heads))]
            writers[layer.position].put(begin, *rows)

        cache.recorder = record
        try:
            with torch.no_grad():
                for first in range(0, tokens, chunk or tokens):
                    part = ids[:, first:first + (chunk or tokens)]
                    model(part.to(model.device), cache=cache, logits_to_keep=1)
                    if progress is not None:
                        progress(first + part.shape[1], tokens)
        except BaseException:
            for writer in writers.values():
                writer.abandon()
            raise
    return [writers[number].close() for number in sorted(writers)]

"""The KV cache of one sequence under Rattan's attention."""
import os
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np

from . import _core
from ._arrays import array, optional_array, positions as _positions
from ._errors import InvalidArgument


class Context:
    """Every layer and KV head of one sequence: build from the prefill, append each new token, ask for attention.

    One writer and any number of readers: `decode` may run at any time beside `append` and `seal`, from any thread, but not
    beside `truncate` and `invalidate`.
    """

    def __init__(self, layers: int, query_heads: int, kv_heads: int, key_dim: int, value_dim: Optional[int] = None,
                 dtype: str = "f16", *, kind: str = "auto", k: Optional[int] = None, epsilon: Optional[float] = None,
                 most_k: Optional[int] = None, estimate_unread: Optional[bool] = None, softmax_scale: Optional[float] = None,
                 logit_cap: Optional[float] = None, sinks: Optional[int] = None, recent: Optional[int] = None,
                 recall: Optional[float] = None,
                 links_k: Optional[int] = None, link_queries: Optional[int] = None, kept_queries: Optional[int] = None,
                 clusters: Optional[int] = None,
                 max_degree: Optional[int] = None, entry_points: Optional[int] = None, code_bits: Optional[int] = None,
                 capacity: Optional[int] = None, seal_after: Optional[int] = None, background_seal: Optional[bool] = None,
                 background_build: Optional[bool] = None, build_threads: Optional[int] = None,
                 memory_limit: Optional[int] = None, seed: Optional[int] = None, threads: int = 0, device: Union[str, Callable] = "cpu",
                 device_memory: int = 0):
        """None is the library's default (`rattan/context.h` has each of them).

        query_heads: a multiple of kv_heads. dtype: of keys and values, "f32", "f16" or "bf16";
        queries may have any. kind: "auto" (measured for each head), "flat" (everything exactly), "scan4", "graph".

        k: keys retrieved per query head. epsilon: instead, retrieve until the unread keys' share of the softmax (with
        estimate_unread: the error of its estimate) is below it, at most most_k keys. estimate_unread: whether unread keys
        are estimated by clusters or left out. softmax_scale: 1 / sqrt(key_dim). logit_cap: of
        Gemma 2, a logit is logit_cap * tanh(softmax_scale * score / logit_cap). sinks, recent: first and last tokens that
        are attended exactly. recall: wanted of the retrieved keys. links_k, link_queries: links of a prefill query, and
        how many queries are linked. kept_queries: of a query head, for indexes that are built anew as a sequence grows.
        clusters: of the estimate. capacity: most tokens. seal_after: appended tokens after
        which the oldest are indexed; 0: by `seal` alone. background_build: `build_layer` returns as soon as heads can be
        searched, by codes and without an estimate of unread keys, and each index follows when it is built, by build_threads
        threads (0: half of all); off unless asked. memory_limit: bytes besides borrowed keys and values. threads:
        0 are as many as the machine has. device: where links are found, "cpu", "cuda" or "auto"; or a callable that finds them
        (`rattan.offload.TorchTopK`). device_memory: bytes of a CUDA device that finding them may take; 0: most of what is free.
        """
        shape = dict(layers=layers, query_heads=query_heads, kv_heads=kv_heads, key_dim=key_dim, value_dim=value_dim, dtype=dtype)
        params = dict(kind=kind, k=k, epsilon=epsilon, most_k=most_k, estimate_unread=estimate_unread, softmax_scale=softmax_scale,
                      logit_cap=logit_cap,
                      sinks=sinks, recent=recent, recall=recall, links_k=links_k, link_queries=link_queries,
                      kept_queries=kept_queries, clusters=clusters, max_degree=max_degree, entry_points=entry_points, code_bits=code_bits, capacity=capacity,
                      seal_after=seal_after, background_seal=background_seal,
                      background_build=background_build, build_threads=build_threads, memory_limit=memory_limit, seed=seed)
        self._core = _core.Context(shape, params, threads, device, device_memory)
        self.layers, self.query_heads, self.kv_heads = layers, query_heads, kv_heads
        self.key_dim, self.value_dim, self.dtype = key_dim, key_dim if value_dim is None else value_dim, dtype
        self._pages: Dict[Tuple[int, int], Any] = {}  # what paged layers borrow, by layer and address

    def build_layer(self, layer: int, keys: Any, values: Any, queries: Any = None, positions: Any = None) -> Dict[str, float]:
        """The prefill of one layer; returns seconds by stage.

        keys: [kv_heads, n, key_dim], values: [kv_heads, n, value_dim], borrowed in place and kept alive. queries:
        [query_heads, rows, key_dim], the prefill's queries as link evidence, or None (then there are no graphs); row i
        belongs to token positions[i], or i.
        """
        return self._core.build_layer(layer, array(keys, "keys", self._own(keys)), array(values, "values", self._own(values)),
                                      optional_array(queries, "queries"), _positions(positions))

    def build_progress(self) -> Tuple[int, float]:
        """Heads that are still being built in the background, and the seconds in which there were any."""
        return self._core.build_progress()

    def wait_for_builds(self) -> None:
        """Returns when none is being built; raises what a build failed with."""
        self._core.wait_for_builds()

    def append(self, layer: int, keys: Any, values: Any, queries: Any = None) -> None:
        """The next tokens of a layer: keys [tokens, kv_heads, key_dim], values [tokens, kv_heads, value_dim], copied.

        queries: [tokens, query_heads, key_dim], link evidence for later seals, or None.
        """
        self._core.append(layer, array(keys, "keys", self._own(keys)), array(values, "values", self._own(values)),
                          optional_array(queries, "queries"))

    def build_pages(self, layer: int, tokens: int, keys: Any, values: Any, table: np.ndarray, queries: Any = None,
                    positions: Any = None) -> Dict[str, float]:
        """`build_layer` over the pages of an engine, which are read in place; `append_pages` takes what follows.

        keys: [pages, rows of a page, kv_heads, key_dim], values likewise; token t is row t % rows of page
        table[t // rows]. table: int32 or uint32, contiguous. All three are kept alive, and rows of tokens must not change.
        """
        pages = self._borrow(layer, keys, values, table)
        return self._core.build_pages(layer, tokens, *pages, optional_array(queries, "queries"), _positions(positions))

    def append_pages(self, layer: int, tokens: int, keys: Any, values: Any, table: np.ndarray, queries: Any = None) -> None:
        """`tokens` more of a layer of `build_pages`, which lie in their pages already; the table leads to all tokens.

        queries: [tokens, query_heads, key_dim], link evidence for later seals, or None.
        """
        self._core.append_pages(layer, tokens, *self._borrow(layer, keys, values, table), optional_array(queries, "queries"))

    def _borrow(self, layer: int, keys: Any, values: Any, table: np.ndarray) -> Tuple[Any, Any, np.ndarray]:
        if table.dtype not in (np.int32, np.uint32) or table.ndim != 1 or not table.flags.c_contiguous:
            raise InvalidArgument(f"table: a contiguous array of int32 or uint32 is needed, not {table.dtype} {table.shape}")
        pages = array(keys, "keys", self._own(keys)), array(values, "values", self._own(values)), table.view(np.uint32)
        self._pages.update({(layer, pages[0].address): pages[0], (layer, pages[1].address): pages[1],
                            (layer, table.ctypes.data): table})
        return pages

    def decode(self, layer: int, queries: Any, *, k: Optional[int] = None, epsilon: Optional[float] = None,
               most_k: Optional[int] = None, estimate_unread: Optional[bool] = None, out: Any = None,
               lse: Any = None, visible_tokens: Optional[int] = None, sink_logits: Any = None) -> Tuple[Any, Any]:
        """Attention of one token's queries [query_heads, key_dim] over all tokens of the layer.

        Queries [rows, query_heads, key_dim] are those of consecutive tokens, appended already: the last row sees all
        tokens, each row before it one less. k, epsilon, most_k, estimate_unread: None is the context's. out, lse:
        contiguous float32 arrays to write into. visible_tokens: the last row sees that many first tokens alone.
        sink_logits: float32 [query_heads], the logit of a sink without a value (gpt-oss) that joins the softmax and lse.
        Returns output float32 [(rows,) query_heads, value_dim] and lse float32 [(rows,) query_heads], natural logarithm.
        """
        rows = tuple(queries.shape[:1]) if getattr(queries, "ndim", 2) == 3 else ()
        out = np.empty((*rows, self.query_heads, self.value_dim), np.float32) if out is None else out
        lse = np.empty((*rows, self.query_heads), np.float32) if lse is None else lse
        sinks = None if sink_logits is None else np.array(sink_logits, np.float32)
        budget = None
        if k is not None or epsilon is not None or most_k is not None or estimate_unread is not None:
            budget = dict(k=k, epsilon=epsilon, most_k=most_k, estimate_unread=estimate_unread)
        self._core.decode(layer, array(queries, "queries"), out, lse, budget, visible_tokens, sinks)
        return out, lse

    def seal(self, layer: int) -> None:
        """Folds appended tokens outside the window into the layer's indexes."""
        self._core.seal(layer)

    def rebuild(self, layer: int) -> None:
        """Builds every head of a layer anew over all its tokens: after the last chunk of a prompt that came in chunks."""
        self._core.rebuild(layer)

    def truncate(self, tokens: int) -> None:
        """Drops all tokens from `tokens` on, in every layer."""
        self._core.truncate(tokens)

    def invalidate(self) -> None:
        """Keys were rewritten in place: `decode` refuses until the layers are built again."""
        self._core.invalidate()

    def fork(self) -> "Context":
        """Another sequence that goes on from all tokens of this one; what is there is shared."""
        other = object.__new__(Context)
        other.__dict__.update(self.__dict__)
        other._core = self._core.fork()
        other._pages = dict(self._pages)
        return other

    def save(self, folder: Union[str, os.PathLike]) -> None:
        """What was built last, but for keys and values: a file per layer and KV head in a folder that exists."""
        self._core.save(os.fspath(folder))

    def open_layer(self, folder: Union[str, os.PathLike], layer: int, keys: Any, values: Any) -> None:
        """`build_layer` from files of `save`, over the same keys and values."""
        self._core.open_layer(os.fspath(folder), layer, array(keys, "keys", self._own(keys)),
                              array(values, "values", self._own(values)))

    def tokens(self, layer: int) -> int:
        """Tokens of a layer that the next decode sees."""
        return self._core.tokens(layer)

    def stats(self) -> Dict[str, Union[int, float]]:
        """Sums over all decoded query heads: steps, keys_visible, keys_window, keys_retrieved, keys_scored, values_read,
        bytes_read. What is missed: steps_searched (not exactly), lowest_recall (that calibration found of a query head where
        they searched; 0: not measured), steps_estimated, uncertainty and largest_uncertainty (sum and largest of the shares
        of the softmax by which estimates of unread keys may be off)."""
        return self._core.stats()

    def reset_stats(self) -> None:
        """Sets the sums of `stats` to 0."""
        self._core.reset_stats()

    def report(self) -> List[Dict[str, Any]]:
        """What was built, a dict per layer and KV head: kind, reason, base_tokens, sealed_tokens, unsealed_tokens, memory."""
        return self._core.report()

    def memory(self) -> Dict[str, int]:
        """Bytes by part, without borrowed keys and values."""
        return self._core.memory()

    @property
    def epoch(self) -> int:
        """Grows with `truncate` and `invalidate`."""
        return self._core.epoch

    def _own(self, value: Any) -> Optional[str]:
        """The type of uint16 arrays in a bf16 context."""
        return "bf16" if self.dtype == "bf16" and isinstance(value, np.ndarray) and value.dtype == np.uint16 else None

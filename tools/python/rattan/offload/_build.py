"""Indexes of layers, built by background threads while the prefill of later layers runs."""
import threading
import time
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import torch

from .._context import Context


@dataclass(frozen=True)
class Window:
    """Which tokens the device attends: the first `sinks` and at least the last `recent`, at most `block` more."""
    sinks: int = 128
    recent: int = 512
    block: int = 256

    def split(self, tokens: int) -> int:
        """The context has tokens [sinks, this), of a prompt of `tokens`."""
        return max(self.sinks, tokens - self.recent)

    @property
    def slots(self) -> int:
        """Rows that the window has room for."""
        return self.sinks + self.recent + self.block


class Builder:
    """Gives each layer's keys and values in host memory, without the window's, to a context of the same layers."""

    def __init__(self, context: Context, window: Window, workers: int = 8):
        """workers: layers that are built at once. One build alone leaves many cores idle. A context of background_build has threads
        for that: then a layer is only made decodable here."""
        self.context, self.window = context, window
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="rattan-build")
        self._lock = threading.Lock()
        self._work: List[Future] = []
        self.stages: Dict[str, float] = defaultdict(float)  # seconds by stage, of all layers
        self.busy = 0.0  # seconds that builds took, one after the other

    def submit(self, layer: int, keys: torch.Tensor, values: torch.Tensor, queries: Optional[torch.Tensor], positions: Optional[np.ndarray],
               ready: Callable[[], Any] = lambda: None) -> None:
        """keys, values: [kv_heads, tokens, dim] of the whole prefill, read once ready() has returned; queries [query_heads,
        rows, dim] at `positions`."""
        self._work.append(self._pool.submit(self._build, layer, keys, values, queries, positions, ready))

    def _build(self, layer, keys, values, queries, positions, ready) -> None:
        ready()
        begin = time.perf_counter()
        first, end = self.window.sinks, self.window.split(keys.shape[1])
        if queries is not None:  # a query's own recent keys would be its first links
            positions = np.asarray(positions) - self.window.sinks - self.window.recent
            kept = int(np.searchsorted(positions, 0))
            queries, positions = (queries[:, kept:], positions[kept:]) if kept < len(positions) else (None, None)
        stages = self.context.build_layer(layer, keys[:, first:end], values[:, first:end], queries, positions)
        with self._lock:
            self.busy += time.perf_counter() - begin
            for name, seconds in stages.items():
                self.stages[name] += seconds

    def wait(self) -> float:
        """Until all layers are built, or can be decoded while they are; returns how long that took, in seconds."""
        begin = time.perf_counter()
        for work in self._work:
            work.result()
        self._work = []
        return time.perf_counter() - begin

    def close(self) -> None:
        """Ends the threads, after what they are building."""
        self._pool.shutdown(cancel_futures=True)

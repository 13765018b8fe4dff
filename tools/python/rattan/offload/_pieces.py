"""Work on the device that is launched again and again, and how long its parts take."""
import time
from collections import defaultdict
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch


class Piece:
    """A call without arguments on fixed buffers: made a CUDA graph by `capture`, called as it is before that."""

    def __init__(self, call: Callable[[], None]):
        self._call = call
        self._graph: Optional[Any] = None

    def capture(self, pool: Any) -> None:
        """After it has been called once. Nothing is computed."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            self._call()
        self._graph = graph

    def __call__(self) -> None:
        if self._graph is None:
            self._call()
        else:
            self._graph.replay()


class Timeline:
    """Milliseconds a token by part, of the steps between `start` and `stop`. Parts of the device are measured by events in its
    stream, others by the host's clock."""

    def __init__(self, device: torch.device):
        self.on_device = device.type == "cuda"
        self.running = False
        self.steps = 0
        self._host: Dict[str, float] = defaultdict(float)
        self._spans: List[Tuple[str, Any, Any]] = []
        self._device: Dict[str, float] = defaultdict(float)

    def mark(self) -> Any:
        """A point in the device's stream (on the CPU, now)."""
        if not self.running:
            return None
        if not self.on_device:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def span(self, name: str, begin: Any) -> Any:
        """What the device did since `begin`; returns the point of now."""
        end = self.mark()
        if self.running:
            self._spans.append((name, begin, end))
        return end

    def host(self, name: str, begin: float) -> float:
        """What the host did since `begin`; returns the time of now."""
        now = time.perf_counter()
        if self.running:
            self._host[name] += now - begin
        return now

    def end_step(self) -> None:
        """After the device is done."""
        if not self.running:
            return
        self.steps += 1
        for name, begin, end in self._spans:
            self._device[name] += begin.elapsed_time(end) if self.on_device else 1e3 * (end - begin)
        self._spans = []

    def milliseconds(self) -> Dict[str, float]:
        """A token's, by part."""
        parts = {name: seconds * 1e3 for name, seconds in self._host.items()}
        parts.update(self._device)
        return {name: total / max(1, self.steps) for name, total in sorted(parts.items())}


def bound_of(parts: Dict[str, float], token_ms: float) -> str:
    """A sentence that says what bounds the time of a token."""
    names = {"projections": "projections (weights read by the device)", "retrieve": "retrieval on the CPU",
             "attention": "attention on the device", "fetch": "keys and values on their way from host memory"}
    leading = {name: parts[name] for name in names if name in parts}
    if not leading:
        return ""
    name = max(leading, key=leading.get)
    others = ", ".join(f"{other} {ms:.1f}" for other, ms in parts.items() if other != name)
    return f"what bounds a token is {names[name]}, {leading[name]:.1f} ms of {token_ms:.1f}; beside it, partly at the same time, {others}"

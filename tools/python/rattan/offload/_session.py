"""One sequence of a model: its prompt on the device, its keys and values on the host, and several ways to go on."""
import gc
import os
import tempfile
import time
from typing import Any, Callable, Dict, List, Optional, Union

import numpy as np
import torch

from .._context import Context
from .._errors import InvalidArgument
from ._build import Builder, Window
from ._decode import Decoder, Step
from ._host import HostMemory, HostRows
from ._model import Model
from ._prefill import prefill
from ._retrieval import DeviceWindow, Retrieval
from ._rivals import FullFetched, FullOnDevice
from ._standin import StandIn

NAMES = {torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16"}


class Session:
    """A prompt of `tokens` and up to `steps` tokens behind it. `prefill` first, then `decoder` of any way, one at a time.

    seconds: "reserve" (host memory), "prefill" (until the device is done), "wait" (for builds behind that), "build" (of all
    layers, one after the other), "copy" (of layers that are not built for themselves). With background_build "wait" and
    "build" are those of codes, until which no token can be decoded, and "built" is from the prompt's beginning until all
    indexes stand (finish_builds).
    """

    def __init__(self, model: Model, tokens: int, steps: int, *, window: Window = Window(), stand_in: Optional[StandIn] = None,
                 distinct_layers: Optional[int] = None, links: Union[str, Callable] = "cpu", links_memory: int = 1 << 30,
                 link_queries: int = 16384, workers: int = 8, build: bool = True, pin: bool = True, **context: Any):
        """distinct_layers: that are built; the others are copies of them in memory of their own (only with a stand-in, whose
        heads they share). links: a device of rattan.Context. build: False leaves contexts out. pin: whether keys and values lie in
        pinned memory, which prefill and "full-fetched" need to be fast. context: rattan.Context's other parameters."""
        shape = model.shape
        self.model, self.tokens, self.steps, self.window, self.stand_in = model, tokens, steps, window, stand_in
        self.distinct = shape.layers if distinct_layers is None else min(distinct_layers, shape.layers)
        if self.distinct < shape.layers and stand_in is None:
            raise InvalidArgument("distinct_layers: layers that are copies need a stand-in for what is projected")
        self.background = build and bool(context.get("background_build"))
        if self.background and self.distinct < shape.layers:
            raise InvalidArgument("background_build: layers that are copies of others wait for their indexes; all layers must be distinct")
        self.seconds: Dict[str, float] = {}
        begin = time.perf_counter()
        self.memory = HostMemory(model.device.type == "cuda")
        self._rows_memory = self.memory if pin else HostMemory(False)
        self.store = HostRows(self._rows_memory, shape.layers, shape.kv_heads, tokens, shape.dim, model.dtype)
        self.seconds["reserve"] = time.perf_counter() - begin
        # What random weights project is streamed as well, to here, where real heads stand in for it.
        self._projected = self.store if stand_in is None else HostRows(self._rows_memory, 1, shape.kv_heads, tokens, shape.dim, model.dtype)
        self._given = self._fill_store()
        self._use(model)
        self._params = dict(context, capacity=tokens + steps + window.slots, sinks=0, recent=0, links_k=context.get("links_k"),
                            link_queries=link_queries)
        dtype = NAMES[model.dtype]
        self._make = lambda layers, **changes: Context(layers, shape.query_heads, shape.kv_heads, shape.dim, dtype=dtype,
                                                       **{**self._params, **changes})
        self.contexts: List[Context] = [self._make(self.distinct, device=links, device_memory=links_memory)] if build else []
        self.builder = Builder(self.contexts[0], window, workers) if build else None
        self._stream = torch.cuda.Stream() if model.device.type == "cuda" else None
        self.kept = torch.arange(0, tokens, max(1, tokens // link_queries))

    def _use(self, model: Model) -> None:
        self.model = model
        self.step = Step(model, None if self.stand_in is None else self.stand_in.steps_of(model.device, model.dtype))
        self.device_window = DeviceWindow(self.step, self.window)

    def replace_model(self, make: Callable[[], Model]) -> None:
        """Another model of the same shape and type of activations (weights in 8 bits), made when the one of before is gone. Only with
        a stand-in, so that the indexes serve both."""
        if self.stand_in is None:
            raise InvalidArgument("model: another one projects other keys; only with a stand-in for them")
        del self.model, self.step, self.device_window
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.builder = None
        self._use(make())

    def _fill_store(self) -> List[torch.Tensor]:
        if self.stand_in is None:
            return []
        for layer in range(self.model.shape.layers):
            keys, values = self.store.keys[layer], self.store.values[layer]
            if layer < self.distinct:
                self.stand_in.write(layer, keys, values)
            else:
                keys.copy_(self.store.keys[layer % self.distinct]), values.copy_(self.store.values[layer % self.distinct])
        return [self.stand_in.queries(layer) for layer in range(self.distinct)]

    def prefill(self, ids: Optional[torch.Tensor]) -> torch.Tensor:
        """ids: [tokens]. Builds as well; returns the logits of the next token. None: with a stand-in, indexes alone."""
        begin, self.seconds = time.perf_counter(), {"reserve": self.seconds["reserve"]}
        self._begun = begin
        if ids is not None:
            with torch.no_grad():
                last = prefill(self.model, ids, self.kept, self._take)
                self.step.x.copy_(last)
                self.step.leave()
        elif self.stand_in is None:
            raise InvalidArgument("ids: None, and there is no stand-in for what is projected")
        else:
            for layer in range(self.distinct):
                self._submit(layer, None, None)
        if self.model.device.type == "cuda":
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
        self.seconds["prefill"] = time.perf_counter() - begin
        self._finish_builds()
        return self.step.logits

    def _finish_builds(self) -> None:
        if self.builder is None:
            return
        self.seconds["wait"] = self.builder.wait()
        self.seconds["build"] = self.builder.busy
        self.seconds.update({f"build: {name}": value for name, value in self.builder.stages.items()})
        self.builder.close()
        self._given = []
        begin = time.perf_counter()
        self._copy_layers()
        self.seconds["copy"] = time.perf_counter() - begin

    @property
    def building(self) -> int:
        """Heads that are still being built in the background."""
        return sum(context.build_progress()[0] for context in self.contexts)

    def finish_builds(self) -> None:
        """Waits for the background."""
        for context in self.contexts:
            context.wait_for_builds()
        self.seconds.setdefault("built", time.perf_counter() - self._begun)

    def _submit(self, layer: int, queries: Optional[torch.Tensor], positions: Optional[np.ndarray],
                ready: Callable[[], Any] = lambda: None) -> None:
        if self.builder is None or layer >= self.distinct:
            return
        if self.stand_in is not None:
            queries, positions = self._given[layer], self.stand_in.positions
        self.builder.submit(layer, self.store.keys[layer], self.store.values[layer], queries, positions, ready)

    def _take(self, layer: int, keys: torch.Tensor, values: torch.Tensor, queries: torch.Tensor) -> None:
        into = 0 if self.stand_in is not None else layer
        ready: Callable[[], Any] = lambda: None
        if keys.is_cuda:
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                self._projected.take(into, keys, values)
                host = self.memory.empty(*queries.shape, dtype=queries.dtype)
                host.copy_(queries, non_blocking=True)
                done = torch.cuda.Event(blocking=True)
                done.record()
            for rows in (keys, values, queries):
                rows.record_stream(self._stream)
            ready, queries = done.synchronize, host
        else:
            self._projected.take(into, keys, values)
        self._submit(layer, queries, self.kept.numpy(), ready)

    def _copy_layers(self) -> None:
        if self.distinct == self.model.shape.layers:
            return
        with tempfile.TemporaryDirectory(prefix="rattan-offload-") as folder:
            self.contexts[0].save(folder)
            first, end = self.window.sinks, self.window.split(self.tokens)
            for begin in range(self.distinct, self.model.shape.layers, self.distinct):
                layers = range(begin, min(begin + self.distinct, self.model.shape.layers))
                context = self._make(len(layers))
                for layer in layers:
                    context.open_layer(folder, layer - begin, self.store.keys[layer][:, first:end], self.store.values[layer][:, first:end])
                self.contexts.append(context)

    def _flat(self) -> Context:
        context = self._make(self.model.shape.layers, kind="flat", clusters=0, kept_queries=0)
        first, end = self.window.sinks, self.window.split(self.tokens)
        for layer in range(self.model.shape.layers):
            context.build_layer(layer, self.store.keys[layer][:, first:end], self.store.values[layer][:, first:end])
        return context

    def decoder(self, way: str) -> Decoder:
        """way: "rattan", "cpu-flat", "full-fetched" or "full-device". Starts behind the prompt, warmed up."""
        if way in ("rattan", "cpu-flat"):
            contexts = self.contexts if way == "rattan" else [self._flat()]
            for context in contexts:  # as behind the prompt
                context.truncate(max(0, self.window.split(self.tokens) - self.window.sinks))
            for layer in range(self.model.shape.layers):
                self.device_window.take(layer, self.store.keys[layer], self.store.values[layer])
            made: Any = Retrieval(self.step, self.device_window, contexts, self.memory, self.tokens)
        elif way in ("full-fetched", "full-device"):
            made = (FullFetched if way == "full-fetched" else FullOnDevice)(self.step, self.store, self.tokens, self.steps)
        else:
            raise InvalidArgument(f"way: {way!r} is none of rattan, cpu-flat, full-fetched, full-device")
        self.step.row.zero_()
        decoder = Decoder(self.step, made, self.tokens)
        with torch.no_grad():
            decoder.warm_up()
        return decoder

    def output_errors(self, decoder: Decoder, layers: List[int]) -> List[float]:
        """Of the next token: |attended - exact| / |exact| of these layers, where what was retrieved errs. For the first tokens
        behind the prompt, by "rattan"."""
        exact: List[float] = []
        attend, window = decoder.way.attend, self.device_window

        def watched(layer: int) -> None:
            attend(layer)
            if layer not in layers:
                return
            new = window.slots(torch.arange(self.tokens, decoder.position + 1)).to(self.model.device)
            rows = [torch.cat([host[layer].to(self.model.device).float(), own[layer][:, new]], 1) for host, own in
                    ((self.store.keys, window.keys), (self.store.values, window.values))]
            asked = self.step.asked.float().view(self.model.shape.kv_heads, self.model.shape.group, -1) * window.scale
            want = (asked @ rows[0].transpose(1, 2)).softmax(-1) @ rows[1]
            exact.append(float((self.step.attended.float().view_as(want) - want).norm() / want.norm()))

        decoder.way.attend = watched
        try:
            decoder()
        finally:
            del decoder.way.attend
        return exact

    def report(self) -> Dict[str, Any]:
        """Of all heads that were built: kinds, and the recall that held-out queries found; bytes beside keys and values."""
        rows = [row for context in self.contexts[:1] for row in context.report()]
        kinds = {kind: sum(row["kind"] == kind for row in rows) for kind in sorted({row["kind"] for row in rows})}
        measured = [row["recall"] for row in rows if row["recall"] > 0]
        return {"kinds": kinds, "recall": float(np.mean(measured)) if measured else None,
                "worst_recall": min((row["worst_recall"] for row in rows if row["recall"] > 0), default=None),
                "index_bytes": sum(sum(context.memory().values()) for context in self.contexts)}

    def close(self) -> None:
        """Gives host memory back."""
        self.contexts = []
        self.memory.close()


def resident_bytes() -> int:
    """Host memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

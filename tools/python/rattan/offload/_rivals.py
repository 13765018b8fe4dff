"""Full attention of a token: keys and values on the device, or fetched from the host at each step."""
from contextlib import nullcontext
from typing import Any, List

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa

from ._decode import Step
from ._host import HostRows


class _Full:
    """Keys and values of a prefill of `tokens` and of up to `steps` tokens behind it."""

    pieces: List[Any] = []
    timeline: Any = None

    def __init__(self, step: Step, tokens: int, steps: int):
        self.step, self.tokens, self.steps, self.count = step, tokens, steps, tokens

    def after_projections(self) -> None:
        """Nothing."""

    def begin(self, position: int) -> None:
        """How many keys are seen."""
        self.count = position + 1

    def _rows(self) -> List[torch.Tensor]:
        shape = self.step.model.shape
        sizes = (shape.kv_heads, self.tokens + self.steps, shape.dim)
        return [torch.empty(sizes, dtype=self.step.model.dtype, device=self.step.model.device) for _ in range(2)]

    def _attend(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        step, shape = self.step, self.step.model.shape
        asked = step.asked.view(1, shape.kv_heads, shape.group, shape.dim)
        # Of torch's own choice cuDNN's would be planned anew for every number of keys, which takes 20 ms and more.
        flash = asked.is_cuda and asked.dtype != torch.float32
        with sdpa_kernel(SDPBackend.FLASH_ATTENTION) if flash else nullcontext():
            out = sdpa(asked, keys[None, :, :self.count], values[None, :, :self.count])
        step.attended.copy_(out.reshape(1, -1))


class FullOnDevice(_Full):
    """The upper bound, where it fits."""

    def __init__(self, step: Step, store: HostRows, tokens: int, steps: int):
        super().__init__(step, tokens, steps)
        self.layers = [self._rows() for _ in range(step.model.shape.layers)]
        for (keys, values), host_keys, host_values in zip(self.layers, store.keys, store.values):
            keys[:, :tokens].copy_(host_keys[:, :tokens])
            values[:, :tokens].copy_(host_values[:, :tokens])

    def attend(self, layer: int) -> None:
        """All keys there are."""
        begin = self.timeline.mark()
        keys, values = self.layers[layer]
        keys[:, self.count - 1], values[:, self.count - 1] = self.step.key, self.step.value
        self._attend(keys, values)
        self.timeline.span("attention", begin)


class FullFetched(_Full):
    """Two layers' room on the device: the next layer's rows come while this one's are attended."""

    def __init__(self, step: Step, store: HostRows, tokens: int, steps: int):
        super().__init__(step, tokens, steps)
        self.store, self.room = store, [self._rows(), self._rows()]
        self.behind = [[rows[:, :steps].clone() for rows in self.room[0]] for _ in range(step.model.shape.layers)]
        self.on_device = step.model.device.type == "cuda"
        self.stream = torch.cuda.Stream() if self.on_device else None
        self.come, self.free = ([torch.cuda.Event() for _ in range(2)] if self.on_device else [] for _ in range(2))

    def _fetch(self, layer: int) -> None:
        for mine, host in zip(self.room[layer % 2], (self.store.keys[layer], self.store.values[layer])):
            for head in range(mine.shape[0]):
                mine[head, :self.tokens].copy_(host[head, :self.tokens], non_blocking=True)

    def _order(self, layer: int) -> None:
        if layer >= len(self.behind):
            return
        if not self.on_device:
            self._fetch(layer)
            return
        with torch.cuda.stream(self.stream):
            self.stream.wait_event(self.free[layer % 2])
            self._fetch(layer)
            self.come[layer % 2].record()

    def begin(self, position: int) -> None:
        """The first layer's rows are ordered."""
        super().begin(position)
        for event in self.free:
            event.record()
        self._order(0)

    def attend(self, layer: int) -> None:
        """All keys there are."""
        self._order(layer + 1)
        begin = self.timeline.mark()
        if self.on_device:
            torch.cuda.current_stream().wait_event(self.come[layer % 2])
        begin = self.timeline.span("fetch", begin)
        new = self.count - 1 - self.tokens
        for rows, behind, row in zip(self.room[layer % 2], self.behind[layer], (self.step.key, self.step.value)):
            behind[:, new] = row
            rows[:, self.tokens:self.count] = behind[:, :new + 1]
        self._attend(*self.room[layer % 2])
        if self.on_device:
            self.free[layer % 2].record()
        self.timeline.span("attention", begin)

"""Attention of a token by two at once: the window on the device, retrieved keys by contexts on the CPU; merged by the lse."""
import time
from typing import List

import torch

from .._arrays import array
from .._context import Context
from ._build import Window
from ._decode import Step
from ._host import HostMemory
from ._pieces import Piece


class DeviceWindow:
    """Keys and values of the window, float32 [kv_heads, slots, dim] a layer. Token t behind the sinks has slot
    sinks + (t - sinks) % (recent + block)."""

    def __init__(self, step: Step, window: Window):
        shape, device = step.model.shape, step.model.device
        self.step, self.window = step, window
        sizes = (shape.layers, shape.kv_heads, window.slots, shape.dim)
        self.keys, self.values = (torch.zeros(sizes, device=device) for _ in range(2))
        self.bias = torch.full((window.slots,), -torch.inf, device=device)
        self.slot = torch.zeros(1, dtype=torch.int64, device=device)
        self.outputs = torch.zeros(shape.query_heads, shape.dim, device=device)
        self.lses = torch.zeros(shape.query_heads, 1, device=device)
        self.scale = shape.dim ** -0.5

    def slots(self, tokens: torch.Tensor) -> torch.Tensor:
        """Where tokens are."""
        first = self.window.sinks
        return torch.where(tokens < first, tokens, first + (tokens - first) % (self.window.slots - first))

    def take(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """The window's rows of a prompt [kv_heads, n, dim], and no others."""
        n = keys.shape[1]
        self.bias.fill_(-torch.inf)
        inside = torch.cat([torch.arange(min(self.window.sinks, n)), torch.arange(min(self.window.split(n), n), n)]).to(keys.device)
        slots = self.slots(inside)
        for mine, given in ((self.keys, keys), (self.values, values)):
            mine[layer][:, slots.to(mine.device)] = given[:, inside].to(mine.device).float()
        self.bias[slots.to(self.bias.device)] = 0

    def attend(self, layer: int) -> None:
        """outputs and lses of the step's queries; its key and value are put into the window first."""
        step, shape = self.step, self.step.model.shape
        keys, values = self.keys[layer], self.values[layer]
        keys.index_copy_(1, self.slot, step.key[:, None].float())
        values.index_copy_(1, self.slot, step.value[:, None].float())
        asked = step.asked.float().view(shape.kv_heads, shape.group, shape.dim) * self.scale
        logits = torch.baddbmm(self.bias, asked, keys.transpose(1, 2))
        lses = logits.logsumexp(-1, keepdim=True)
        torch.bmm(torch.exp(logits - lses), values, out=self.outputs.view(shape.kv_heads, shape.group, shape.dim))
        self.lses.copy_(lses.view(-1, 1))


class Retrieval:
    """The way of attention that Rattan is for. contexts: layers one after the other, all of the tokens between sinks and
    recent ones; tokens that leave the window are appended to them, `block` at a time."""

    def __init__(self, step: Step, window: DeviceWindow, contexts: List[Context], memory: HostMemory, tokens: int):
        shape = step.model.shape
        self.step, self.window, self.contexts = step, window, contexts
        self.at = [(context, layer) for context in contexts for layer in range(context.layers)]
        self.end = window.window.split(tokens)  # of what the contexts have
        heads, dim = shape.query_heads, shape.dim
        self.host_asked = memory.empty(heads, dim, dtype=step.model.dtype)
        self.host_part = memory.empty(heads * (dim + 1), dtype=torch.float32)
        self.part = torch.zeros(heads * (dim + 1), device=step.model.device)
        outputs, lses = self.host_part[:heads * dim].numpy(), self.host_part[heads * dim:].numpy()
        outputs[:], lses[:] = 0, -float("inf")
        self._decode = [(context._core.decode, layer) for context, layer in self.at]
        self._arrays = array(self.host_asked, "queries"), outputs, lses, None, None, None
        self.on_device = step.model.device.type == "cuda"
        self.asked = torch.cuda.Event() if self.on_device else None
        self._attend_window = [Piece(lambda at=layer: window.attend(at)) for layer in range(shape.layers)]
        self._merge = Piece(self._merge_parts)
        self.pieces = [*self._attend_window, self._merge]

    def after_projections(self) -> None:
        """The queries go to the host."""
        self.host_asked.copy_(self.step.asked, non_blocking=True)

    def begin(self, position: int) -> None:
        """A new token has a slot; where there is none left the oldest go to the contexts."""
        window = self.window.window
        if position - self.end >= window.recent + window.block:
            self._append(window.block)
        slot = int(self.window.slots(torch.tensor(position)))
        self.window.slot.fill_(slot)
        self.window.bias[slot:slot + 1].fill_(0)

    def _append(self, count: int) -> None:
        slots = self.window.slots(torch.arange(self.end, self.end + count)).to(self.window.bias.device)
        for layer, (context, number) in enumerate(self.at):
            keys, values = (rows[layer][:, slots].transpose(0, 1).contiguous().to("cpu", self.step.model.dtype)
                            for rows in (self.window.keys, self.window.values))
            context.append(number, keys, values)
        self.window.bias[slots] = -torch.inf
        self.end += count

    def attend(self, layer: int) -> None:
        """One synchronisation: the CPU goes on when the queries are there, while the device is at the window."""
        timeline, now = self.timeline, time.perf_counter()
        if self.on_device:
            self.asked.record()
        begin = timeline.mark()
        self._attend_window[layer]()
        timeline.span("window", begin)
        if self.on_device:
            self.asked.synchronize()
        now = timeline.host("wait", now)
        if self.end > self.window.window.sinks:
            decode, number = self._decode[layer]
            decode(number, *self._arrays)
        timeline.host("retrieve", now)
        begin = timeline.mark()
        self._merge()
        timeline.span("merge", begin)

    def _merge_parts(self) -> None:
        self.part.copy_(self.host_part, non_blocking=True)
        heads, dim = self.window.outputs.shape
        outputs, lses = self.part[:heads * dim].view(heads, dim), self.part[heads * dim:].view(heads, 1)
        share = torch.sigmoid(lses - self.window.lses)  # of the CPU's part in the softmax of both
        merged = torch.lerp(self.window.outputs, outputs, share)
        self.step.attended.copy_(merged.view(1, -1))

"""Matrices of a model, in the model's type or in 8 bits a weight."""
from typing import Any, Optional

import torch
from torch.nn.functional import linear

_KERNELS: dict = {}


class Dense:
    """weight: [out, in], in the type of activations."""

    def __init__(self, weight: torch.Tensor):
        self.weight = weight

    def rows(self, begin: int, end: int) -> "Dense":
        """A view of some outputs."""
        return Dense(self.weight[begin:end])

    def __call__(self, x: torch.Tensor, bias: Optional[torch.Tensor] = None) -> torch.Tensor:
        return linear(x, self.weight, bias)

    @property
    def bytes(self) -> int:
        """What is read for one row."""
        return self.weight.numel() * self.weight.element_size()


class Int8:
    """Weights only: int8 [out, in] and a float32 scale for each output. One row is multiplied by a kernel that reads bytes;
    more are multiplied by a copy in the type of activations, made in passing."""

    def __init__(self, weight: torch.Tensor, scale: torch.Tensor):
        self.weight, self.scale = weight, scale

    @staticmethod
    def of(weight: torch.Tensor) -> "Int8":
        """Rounded from numbers."""
        scale = weight.abs().amax(1).float().clamp_min(1e-12) / 127
        rounded = torch.empty(weight.shape, dtype=torch.int8, device=weight.device)
        for piece in range(0, len(weight), 4096):  # numbers in float32 take four times as much
            rows = slice(piece, piece + 4096)
            rounded[rows] = (weight[rows].float() / scale[rows, None]).round()
        return Int8(rounded, scale)

    def rows(self, begin: int, end: int) -> "Int8":
        """A view of some outputs."""
        return Int8(self.weight[begin:end], self.scale[begin:end])

    def __call__(self, x: torch.Tensor, bias: Optional[torch.Tensor] = None) -> torch.Tensor:
        if x.is_cuda and x.numel() == x.shape[-1]:
            out = _one_row(x, self.weight, self.scale)
        else:
            out = linear(x, self.weight.to(x.dtype)) * self.scale.to(x.dtype)
        return out if bias is None else out + bias

    @property
    def bytes(self) -> int:
        """What is read for one row."""
        return self.weight.numel() + 4 * self.scale.numel()


def _kernel() -> Any:
    if "row" not in _KERNELS:
        import triton
        import triton.language as tl

        @triton.jit
        def row(x, weight, scale, out, columns, outputs, ROWS: tl.constexpr, BLOCK: tl.constexpr):
            at = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
            total = tl.zeros([ROWS, BLOCK], tl.float32)
            for begin in range(0, columns, BLOCK):
                column = begin + tl.arange(0, BLOCK)
                inside = (at[:, None] < outputs) & (column[None, :] < columns)
                part = tl.load(weight + at[:, None].to(tl.int64) * columns + column[None, :], mask=inside, other=0)
                value = tl.load(x + column, mask=column < columns, other=0.0)
                total += part.to(tl.float32) * value[None, :].to(tl.float32)
            factor = tl.load(scale + at, mask=at < outputs, other=0.0)
            tl.store(out + at, tl.sum(total, 1) * factor, mask=at < outputs)

        _KERNELS["row"] = (row, triton.cdiv)
    return _KERNELS["row"]


def _one_row(x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    kernel, divide = _kernel()
    outputs, columns = weight.shape
    out = torch.empty(*x.shape[:-1], outputs, dtype=x.dtype, device=x.device)
    rows = 4
    kernel[(divide(outputs, rows),)](x, weight, scale, out, columns, outputs, ROWS=rows, BLOCK=1024, num_warps=4)
    return out


def rms(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """The norm, computed in float32."""
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps) * weight).to(x.dtype)

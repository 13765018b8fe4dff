"""Host memory that a GPU can copy to and from while both compute, and the rows that lie in it."""
import mmap
from typing import Any, List

import torch

from .._errors import Error


class HostMemory:
    """Tensors in huge pages where the system gives them, known to CUDA where `pinned`; released by `close`."""

    def __init__(self, pinned: bool):
        self.pinned = pinned
        self._registered: List[Any] = []
        self.bytes = 0

    def empty(self, *sizes: int, dtype: torch.dtype) -> torch.Tensor:
        """Of any size, in a piece of its own."""
        count = 1
        for size in sizes:
            count *= size
        length = max(1, count) * torch.empty(0, dtype=dtype).element_size()
        piece = mmap.mmap(-1, length)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            piece.madvise(mmap.MADV_HUGEPAGE)
        rows = torch.frombuffer(piece, dtype=dtype, count=count).view(*sizes)
        self.bytes += length
        if self.pinned:
            status = torch.cuda.cudart().cudaHostRegister(rows.data_ptr(), length, 0)
            if int(status) != 0:
                raise Error(f"host memory: {length} bytes cannot be pinned (cudaHostRegister: {int(status)})", "no_memory")
            self._registered.append(rows)
        return rows

    def close(self) -> None:
        """CUDA forgets what was pinned; tensors stay valid."""
        for rows in self._registered:
            torch.cuda.cudart().cudaHostUnregister(rows.data_ptr())
        self._registered = []

    def __del__(self) -> None:
        self.close()  # before the memory goes: the system may give the addresses to others


class HostRows:
    """Keys and values [kv_heads, capacity, dim] of every layer."""

    def __init__(self, memory: HostMemory, layers: int, kv_heads: int, capacity: int, dim: int, dtype: torch.dtype):
        self.keys = [memory.empty(kv_heads, capacity, dim, dtype=dtype) for _ in range(layers)]
        self.values = [memory.empty(kv_heads, capacity, dim, dtype=dtype) for _ in range(layers)]

    def take(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """The first rows, from a device; the copies are ordered in the current stream."""
        for mine, given in ((self.keys[layer], keys), (self.values[layer], values)):
            for head in range(given.shape[0]):  # pieces without gaps: copies that do not wait
                mine[head, :given.shape[1]].copy_(given[head], non_blocking=True)

"""The keys and values of one layer of one sequence."""
from typing import Optional

import torch

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
NAMES = {value: name for name, value in DTYPES.items()}


class Rows:
    """A prefix that never changes, which contexts borrow and copies share, and the rows behind it.

    keys: [kv_heads, n, d], values: [kv_heads, n, dv], in host memory.
    """

    def __init__(self, kv_heads: int, key_dim: int, value_dim: int, dtype: torch.dtype, capacity: int):
        self.prefix_keys = torch.empty(kv_heads, 0, key_dim, dtype=dtype)
        self.prefix_values = torch.empty(kv_heads, 0, value_dim, dtype=dtype)
        self._reserve(capacity)

    def __len__(self) -> int:
        return self.prefix_keys.shape[1] + self.behind

    def _reserve(self, capacity: int) -> None:
        # Memory is committed by the system when it is written to, so room for the longest sequence costs nothing.
        heads = self.prefix_keys.shape[0]
        self.tail_keys = torch.empty(heads, capacity, self.prefix_keys.shape[2], dtype=self.prefix_keys.dtype)
        self.tail_values = torch.empty(heads, capacity, self.prefix_values.shape[2], dtype=self.prefix_keys.dtype)
        self.behind = 0

    def append(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """keys: [kv_heads, rows, d], values: [kv_heads, rows, dv]; of any type, on any device."""
        rows = keys.shape[1]
        if self.behind + rows > self.tail_keys.shape[1]:
            old_keys, old_values, count = self.tail_keys, self.tail_values, self.behind
            self._reserve(max(2 * old_keys.shape[1], count + rows))
            self.tail_keys[:, :count], self.tail_values[:, :count] = old_keys[:, :count], old_values[:, :count]
            self.behind = count
        self.tail_keys[:, self.behind:self.behind + rows] = keys
        self.tail_values[:, self.behind:self.behind + rows] = values
        self.behind += rows

    def freeze(self, capacity: int = 1024) -> None:
        """All rows become the prefix, without a copy where there was none."""
        keys, values = self.keys(), self.values()
        self.prefix_keys, self.prefix_values = keys, values
        self._reserve(capacity)

    def keys(self, begin: int = 0, end: Optional[int] = None) -> torch.Tensor:
        """Rows [begin, end): a view where they lie in one piece."""
        return self._part(self.prefix_keys, self.tail_keys, begin, len(self) if end is None else end)

    def values(self, begin: int = 0, end: Optional[int] = None) -> torch.Tensor:
        """As `keys`."""
        return self._part(self.prefix_values, self.tail_values, begin, len(self) if end is None else end)

    @staticmethod
    def _part(prefix: torch.Tensor, tail: torch.Tensor, begin: int, end: int) -> torch.Tensor:
        edge = prefix.shape[1]
        if end <= edge:
            return prefix[:, begin:end]
        if begin >= edge:
            return tail[:, begin - edge:end - edge]
        return torch.cat([prefix[:, begin:], tail[:, :end - edge]], dim=1)

    def truncate(self, tokens: int) -> None:
        """Drops rows from `tokens` on."""
        edge = self.prefix_keys.shape[1]
        if tokens < edge:
            self.prefix_keys, self.prefix_values = self.prefix_keys[:, :tokens], self.prefix_values[:, :tokens]
        self.behind = max(0, tokens - edge)

    def copy(self) -> "Rows":
        """Another sequence with the same rows: the prefix is shared."""
        other = object.__new__(Rows)
        other.prefix_keys, other.prefix_values = self.prefix_keys, self.prefix_values
        other._reserve(max(1024, 2 * self.behind))
        other.append(self.tail_keys[:, :self.behind], self.tail_values[:, :self.behind])
        return other

    def same_as(self, other: "Rows") -> bool:
        """Whether both hold the same numbers."""
        return len(self) == len(other) and torch.equal(self.keys(), other.keys()) and torch.equal(self.values(), other.values())

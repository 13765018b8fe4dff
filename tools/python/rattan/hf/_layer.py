"""One full-attention layer of the cache."""
import time
from typing import List, Optional, Tuple

import torch
from transformers.cache_utils import CacheLayerMixin

from ._evidence import Evidence
from ._prefill import causal_attention
from ._rows import Rows


class RattanLayer(CacheLayerMixin):
    """Keys and values in host memory; attention of many rows exactly, of single rows by the cache's contexts.

    `update` returns the new rows alone, marked with this layer; the attention function finds it there and calls `attend`.
    """

    is_sliding = False
    is_croppable = True
    is_compileable = False
    supports_early_init = False

    def __init__(self, owner, index: int, position: int):
        super().__init__()
        self.owner = owner  # RattanCache
        self.index = index  # of the layers that are Rattan's
        self.position = position  # of all layers of the model
        self.rows: List[Rows] = []
        self.evidence: List[Evidence] = []
        self.scaling: Optional[float] = None
        self.query_heads = 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """As transformers wants it; the shapes are those of the first rows."""
        heads, key_dim, value_dim = key_states.shape[1], key_states.shape[-1], value_states.shape[-1]
        dtype = self.owner.storage_type(key_states.dtype)
        for _ in range(key_states.shape[0]):
            self.rows.append(Rows(heads, key_dim, value_dim, dtype, self.owner.capacity))
            self.evidence.append(Evidence(self.owner.link_queries))
        self.is_initialized = True

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs) -> Tuple[torch.Tensor, torch.Tensor]:
        """key_states, value_states: [batch, kv_heads, rows, d]."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        if len(self.rows) != key_states.shape[0]:
            raise ValueError(f"rattan: the cache holds {len(self.rows)} sequences, and {key_states.shape[0]} came")
        for rows, keys, values in zip(self.rows, key_states, value_states):
            rows.append(keys, values)
        marked = key_states.view(key_states.shape)
        marked._rattan = self
        return marked, value_states

    def attend(self, query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scaling: float) -> torch.Tensor:
        """Causal attention of the newest rows: query [batch, query_heads, rows, d], keys and values those of the same
        rows. Returns [batch, rows, query_heads, dv]."""
        self.scaling, self.query_heads = scaling, query.shape[1]
        count = query.shape[2]
        before = self.get_seq_length() - count
        if self.owner.recorder is not None:
            self.owner.recorder(self, before, query, keys, values)
        if count == 1 and before > 0 and not self.owner.built and self.owner.decoder is None and before >= self.owner.build_at:
            self.owner.build(before)
        begin = time.perf_counter()
        out = self._attend(query, keys, values, before)
        if count == 1:
            self.owner.decode_seconds += time.perf_counter() - begin
        return out

    def _attend(self, query, keys, values, before):
        count = query.shape[2]
        if self.owner.decoder is not None and count == 1 and before > 0:
            return self._decode_by(self.owner.decoder, query)
        if self.owner.built and count > self.owner.decode_rows and self.get_seq_length() >= 2 * self.owner.built_tokens:
            self.owner.drop_contexts()  # more is new than was indexed: built anew at the next single row
        if self.owner.built and count <= self.owner.decode_rows:
            return self._decode(query)
        for i, evidence in enumerate(self.evidence):
            if self.owner.built:
                self._append(i, before, before + count, query[i])
            else:
                evidence.add(query[i], before)
        return self._prefill(query, keys, values, before)

    def _prefill(self, query, keys, values, before):
        if before > 0:
            keys, values = ([getattr(rows, name)() for rows in self.rows] for name in ("keys", "values"))
            keys, values = ((x[0][None] if len(x) == 1 else torch.stack(x)).to(query.device, query.dtype) for x in (keys, values))
        return causal_attention(query, keys, values, before, self.scaling).transpose(1, 2)

    def _append(self, sequence: int, begin: int, end: int, query: torch.Tensor) -> None:
        rows = self.rows[sequence]
        self.owner.contexts[sequence].append(self.index, _token_major(rows.keys(begin, end)), _token_major(rows.values(begin, end)),
                                             _token_major(query.detach().cpu()))

    def _decode(self, query: torch.Tensor) -> torch.Tensor:
        batch, heads, count, _ = query.shape
        before = self.get_seq_length() - count
        out = torch.empty(batch, count, heads, self.rows[0].prefix_values.shape[2])
        host = query.detach().cpu()
        for i in range(batch):
            for row in range(count):
                self._append(i, before + row, before + row + 1, host[i, :, row:row + 1])
                self.owner.contexts[i].decode(self.index, host[i, :, row], out=out[i, row])
        return out.to(query.device, query.dtype)

    def _decode_by(self, decoder, query: torch.Tensor) -> torch.Tensor:
        out = [decoder(self, i, query[i, :, 0].float().cpu(), rows.keys(), rows.values()) for i, rows in enumerate(self.rows)]
        return torch.stack(out)[:, None].to(query.device, query.dtype)

    def get_mask_sizes(self, query_length: int) -> Tuple[int, int]:
        """Length and offset of the keys that a mask would cover."""
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        """Tokens that are stored."""
        return len(self.rows[0]) if self.rows else 0

    def get_max_length(self) -> int:
        """No bound."""
        return -1

    @property
    def batch_size(self) -> int:
        """Sequences; -1 before the first rows."""
        return len(self.rows) or -1

    # The cache calls these for all layers after it has done the same to the contexts.
    def reset(self) -> None:
        """Forgets everything."""
        self.rows, self.evidence, self.is_initialized = [], [], False

    def truncate(self, tokens: int) -> None:
        """Drops tokens from `tokens` on."""
        for rows, evidence in zip(self.rows, self.evidence):
            rows.truncate(tokens)
            evidence.truncate(tokens)

    def select(self, sequences: List[int]) -> None:
        """Sequence i becomes what sequences[i] was; one that is named again is copied."""
        used = set()
        rows, evidence = [], []
        for source in sequences:
            again = source in used
            rows.append(self.rows[source].copy() if again else self.rows[source])
            evidence.append(self.evidence[source].copy() if again else self.evidence[source])
            used.add(source)
        self.rows, self.evidence = rows, evidence


def _token_major(rows: torch.Tensor) -> torch.Tensor:
    """[heads, rows, d] as [rows, heads, d], contiguous."""
    return rows.transpose(0, 1).contiguous()

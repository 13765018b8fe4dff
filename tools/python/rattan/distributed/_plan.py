"""Which rank has what."""
from typing import Tuple

from .._errors import InvalidArgument


def _part(rank: int, ranks: int, count: int) -> Tuple[int, int]:
    if ranks < 1 or not 0 <= rank < ranks:
        raise InvalidArgument(f"rank: {rank} of {ranks}; allowed are 0 to one less than the number of ranks")
    if count < 0:
        raise InvalidArgument(f"count: {count} is below 0")
    return count * rank // ranks, count * (rank + 1) // ranks


def token_range(rank: int, ranks: int, tokens: int) -> Tuple[int, int]:
    """The contiguous block [begin, end) of a rank: as even as can be, empty where there are more ranks than tokens."""
    return _part(rank, ranks, tokens)


def head_range(rank: int, ranks: int, kv_heads: int) -> Tuple[int, int]:
    """The KV heads [begin, end) of a rank, as even as can be; their query heads go with them."""
    return _part(rank, ranks, kv_heads)

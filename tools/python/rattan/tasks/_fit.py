"""Prompts of a wanted number of tokens."""
import random
from typing import Any, Callable

from .._errors import InvalidArgument
from ._sample import Sample
from ._texts import TASKS


def make(task: str, tokenizer: Any, length: int, seed: int = 0) -> Sample:
    """The longest sample of `task` whose prompt and answer together have at most `length` tokens.

    tokenizer: of transformers, or a function from text to a number of tokens. The same arguments give the same sample.
    """
    if task not in TASKS:
        raise InvalidArgument(f"task: {task!r} is none of {', '.join(TASKS)}")
    count = _counter(tokenizer)
    write = TASKS[task]

    def attempt(units: int) -> Sample:
        return write(units, random.Random(f"{task}/{seed}"))

    def fits(units: int) -> bool:
        sample = attempt(units)
        return count(sample.prompt) + sample.new_tokens <= length

    low = 1
    if not fits(low):
        raise InvalidArgument(f"length: {length} tokens have no room for the shortest {task}")
    high = 2
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return attempt(low)


def _counter(tokenizer: Any) -> Callable[[str], int]:
    if hasattr(tokenizer, "encode"):
        return lambda text: len(tokenizer.encode(text))
    return tokenizer

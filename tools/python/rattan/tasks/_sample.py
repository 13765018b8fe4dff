"""One question with its answers."""
from dataclasses import dataclass
from typing import List


@dataclass(frozen=True)
class Sample:
    """prompt: text up to where the model goes on; answers: strings that it should say; new_tokens: how long it may."""
    task: str
    prompt: str
    answers: List[str]
    new_tokens: int


def score(sample: Sample, said: str) -> float:
    """Share of the answers found in `said`, whatever their case: 0..1."""
    said = said.lower()
    return sum(answer.lower() in said for answer in sample.answers) / len(sample.answers)

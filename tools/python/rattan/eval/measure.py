"""One prompt, attended once exactly; then every attention goes on from there."""
import time
from typing import Any, Dict, List

import torch

from .. import tasks
from ..hf import RattanCache
from .attentions import Attention


class Prompt:
    """The cache of `ids` [1, n] but for the last token; with `attention` in charge, `step` feeds a token."""

    def __init__(self, model: Any, ids: torch.Tensor, chunk: int, dtype: Any = None):
        self.model, self.ids = model, ids
        self.cache = RattanCache(model.config, build_at=1 << 62, dtype=dtype)
        self.cache.keep_evidence = True
        begin = time.perf_counter()
        last = ids.shape[1] - 1
        for first in range(0, last, chunk or last):
            self._forward(ids[:, first:min(last, first + (chunk or last))])
        self.prefill_seconds = time.perf_counter() - begin
        self.tokens = last

    @torch.no_grad()
    def _forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.model(ids.to(self.model.device), cache=self.cache, logits_to_keep=1).logits[0, -1].float()

    def start(self, attention: Attention) -> torch.Tensor:
        """Back to the prompt, under another attention; returns the logits after its last token."""
        self.cache.crop(self.tokens - self.cache.get_seq_length())
        attention.apply(self.cache)
        return self.step(self.ids[:, -1:])

    def step(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits [vocabulary] after one more token [1, 1]."""
        return self._forward(ids)

    def costs(self, attention: Attention, steps: int, seconds: float) -> Dict[str, float]:
        """What a row of results says beside the score. Shares of keys are per query head."""
        stats, memory = self.cache.stats(), self.cache.memory()
        held = memory.pop("keys and values")
        row = {"tokens_per_second": steps / seconds, "attention_ms": 1000 * self.cache.decode_seconds / (steps + 1),
               "prefill_seconds": self.prefill_seconds, "build_seconds": self.cache.build_seconds,
               "kv_bytes": held, "index_bytes": sum(memory.values())}
        if stats:
            row["keys_read"] = stats["keys_scored"] / stats["keys_visible"]
            row["keys_retrieved"] = stats["keys_retrieved"] / stats["steps"]
            row["bytes_per_step"] = stats["bytes_read"] / stats["steps"]
        return row


def answer(prompt: Prompt, attention: Attention, tokenizer: Any, sample: tasks.Sample) -> Dict[str, Any]:
    """Greedy answer to a task and its score."""
    logits = prompt.start(attention)
    begin = time.perf_counter()
    said: List[int] = []
    ends = {tokenizer.eos_token_id}
    for _ in range(sample.new_tokens):
        token = int(logits.argmax())
        if token in ends:
            break
        said.append(token)
        logits = prompt.step(torch.tensor([[token]]))
    seconds = max(1e-9, time.perf_counter() - begin)
    text = tokenizer.decode(said, skip_special_tokens=True)
    return {"score": tasks.score(sample, text), "said": text, **prompt.costs(attention, len(said), seconds)}


def nll(prompt: Prompt, attention: Attention, following: torch.Tensor) -> Dict[str, Any]:
    """Mean negative log likelihood of the tokens `following` [m] after the prompt."""
    logits = prompt.start(attention)
    begin = time.perf_counter()
    total = 0.0
    for i, token in enumerate(following.tolist()):
        total -= float(logits.log_softmax(-1)[token])
        if i + 1 < len(following):
            logits = prompt.step(torch.tensor([[token]]))
    seconds = time.perf_counter() - begin
    return {"nll": total / len(following), **prompt.costs(attention, len(following) - 1, seconds)}

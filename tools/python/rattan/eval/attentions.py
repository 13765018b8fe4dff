"""The attentions that are compared, by name and parameters: "rattan:k=100,epsilon=0.05"."""
import ast
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import torch

from .._errors import InvalidArgument

KNOWN = ("sdpa", "rattan", "window", "exact")


class Attention(NamedTuple):
    """text: as it was asked for."""
    text: str
    name: str
    params: Dict[str, Any]

    def apply(self, cache: Any) -> None:
        """Makes `cache`, a RattanCache, decode by this attention."""
        cache.decoder = None
        if self.name == "rattan":
            cache.build_at = 0
            cache.use(**self.params)
        else:
            cache.build_at = 1 << 62
            cache.use(self._decoder())

    def _decoder(self) -> Optional[Callable]:
        if self.name == "sdpa":
            return None
        params = dict(dict(sinks=128, recent=512, k=100 if self.name == "exact" else 0), **self.params)
        unknown = set(params) - {"sinks", "recent", "k"}
        if unknown:
            raise InvalidArgument(f"attention: {self.name} has no parameter {', '.join(sorted(unknown))} (known: sinks, recent, k)")
        return lambda *arguments: attend_best(*arguments, **params)


def parse(text: str) -> List[Attention]:
    """"sdpa,rattan:k=50,recall=0.9,window" as three attentions."""
    specs: List[str] = []
    for part in text.split(","):
        if specs and "=" in part and ":" not in part:
            specs[-1] += "," + part
        else:
            specs.append(part)
    return [_parse_one(spec) for spec in specs]


def _parse_one(spec: str) -> Attention:
    name, _, rest = spec.partition(":")
    if name not in KNOWN:
        raise InvalidArgument(f"attention: {name!r} is none of {', '.join(KNOWN)}")
    params: Dict[str, Any] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InvalidArgument(f"attention: {pair!r} of {spec!r} is no parameter=value")
        try:
            params[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            params[key] = value
    return Attention(spec, name, params)


def attend_best(layer: Any, sequence: int, query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, sinks: int, recent: int,
                k: int) -> torch.Tensor:
    """Attention over the first `sinks` and last `recent` keys and the exact best k of the others; nothing stands for the rest.

    query: [heads, d]; keys, values: [kv_heads, n, d]. Returns [heads, dv].
    """
    kv_heads, n, _ = keys.shape
    logits = torch.bmm(query.reshape(kv_heads, -1, query.shape[1]).to(keys.dtype), keys.transpose(1, 2)).float() * layer.scaling
    if sinks + recent < n:
        far = logits[..., sinks:n - recent]
        kept = torch.full_like(far, float("-inf"))
        if k > 0:
            best = far.topk(min(k, far.shape[-1]))
            kept.scatter_(-1, best.indices, best.values)
        logits = torch.cat([logits[..., :sinks], kept, logits[..., n - recent:]], dim=-1)
    out = torch.bmm(logits.softmax(-1).to(values.dtype), values)
    return out.reshape(query.shape[0], -1).float()

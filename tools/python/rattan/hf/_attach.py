"""A model whose `generate` uses Rattan."""
from typing import Any, Optional

from .._errors import InvalidArgument
from ._attention import NAME, register
from ._cache import RattanCache


class Attached:
    """A model under Rattan's attention; `detach` gives it back as it was. Also a context manager that does so.

    last_cache: the RattanCache of the last `generate` that made its own.
    """

    def __init__(self, model: Any, params: dict):
        self.model, self.params = model, params
        self.last_cache: Optional[RattanCache] = None
        self.cache()  # refuses what a cache refuses
        self._implementation = model.config._attn_implementation
        self._prepare = model._prepare_cache_for_generation
        register()
        model.set_attn_implementation(NAME)
        model._prepare_cache_for_generation = self._prepare_cache

    def cache(self, **changes: Any) -> RattanCache:
        """A new cache, for `model.generate(.., cache=cache)` over several turns; parameters as in `attach`."""
        return RattanCache(self.model.config, **{**self.params, **changes})

    def _prepare_cache(self, generation_config: Any, model_kwargs: dict, *args: Any, **kwargs: Any) -> Any:
        if model_kwargs.get("cache") is None and generation_config.use_cache is not False:
            if generation_config.cache_implementation is not None:
                raise InvalidArgument(f"cache_implementation: {generation_config.cache_implementation!r}; the cache is Rattan's")
            model_kwargs["cache"] = self.last_cache = self.cache()
            return None
        return self._prepare(generation_config, model_kwargs, *args, **kwargs)

    def detach(self) -> None:
        """The model's own attention and cache again."""
        self.model.set_attn_implementation(self._implementation)
        self.model.__dict__.pop("_prepare_cache_for_generation", None)

    def __enter__(self) -> "Attached":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.detach()


def attach(model: Any, **params: Any) -> Attached:
    """Puts a causal language model of transformers on Rattan: `model.generate` then works as always.

    params: those of `RattanCache` (build_at, decode_rows, dtype, capacity) and of `rattan.Context` (k, epsilon,
    estimate_unread, kind, recall, sinks, recent, memory_limit, threads, ..). Layers with local attention stay as they are.
    Batches have no padding. Raises rattan.InvalidArgument for a model whose attention is not plain softmax attention.
    """
    config = model.config.get_text_config(decoder=True)
    if getattr(config, "attn_logit_softcapping", None) is not None:
        raise InvalidArgument(f"model: attn_logit_softcapping is {config.attn_logit_softcapping}; Rattan's attention has no soft cap")
    if getattr(config, "is_encoder_decoder", False):
        raise InvalidArgument("model: an encoder-decoder; Rattan is for causal language models")
    return Attached(model, params)

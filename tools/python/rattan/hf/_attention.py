"""The functions that transformers calls by the name "rattan"."""
from typing import Any, Optional, Tuple

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import causal_mask_function, sdpa_mask

from .._errors import InvalidArgument

NAME = "rattan"


def attention(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
              attention_mask: Optional[torch.Tensor], scaling: Optional[float] = None, dropout: float = 0.0,
              **kwargs: Any) -> Tuple[torch.Tensor, None]:
    """query: [batch, query_heads, rows, d]; key, value: the same rows, as RattanLayer.update returned them."""
    layer = getattr(key, "_rattan", None)
    if layer is None:  # a layer with local attention, or no cache
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs)
    if kwargs.get("softcap") is not None or kwargs.get("s_aux") is not None:
        raise InvalidArgument("model: its attention has a soft cap or learned sinks, which Rattan's has not")
    if dropout != 0.0:
        raise InvalidArgument(f"dropout: {dropout}; a cache is no place to train (model.eval() turns it off)")
    return layer.attend(query, key, value, query.shape[-1] ** -0.5 if scaling is None else float(scaling)), None


def mask(batch_size: int, q_length: int, kv_length: int, q_offset: int = 0, kv_offset: int = 0,
         mask_function: Any = causal_mask_function, attention_mask: Optional[torch.Tensor] = None,
         local_size: Optional[int] = None, **kwargs: Any) -> Optional[torch.Tensor]:
    """No mask for full attention, after it has been made sure that nothing but the future is masked."""
    if local_size is not None:
        return sdpa_mask(batch_size, q_length, kv_length, q_offset=q_offset, kv_offset=kv_offset, mask_function=mask_function,
                         attention_mask=attention_mask, local_size=local_size, **kwargs)
    if attention_mask is not None and not bool(attention_mask.all()):
        raise InvalidArgument("attention_mask: has padding, which Rattan's attention has not; generate for sequences of one length, "
                              "or one after the other")
    if mask_function is not causal_mask_function:
        raise InvalidArgument("attention_mask: packed sequences and other masks than the causal one are not supported")
    return None


def register() -> None:
    """Makes both known to transformers; any number of times."""
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, mask)

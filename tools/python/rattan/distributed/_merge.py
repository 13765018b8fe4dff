"""Parts of attention as one."""
from typing import Tuple

import torch


def merge(outputs: torch.Tensor, lses: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """outputs: [parts, .., heads, value_dim], lses: [parts, .., heads], natural logarithm, of disjoint keys.

    Returns attention over the keys of all of them and its lse. An lse of -infinity is a part without keys.
    """
    most = lses.amax(0)
    base = torch.where(most == -torch.inf, 0.0, most)
    weights = torch.exp(lses - base)
    total = weights.sum(0)
    share = torch.where(total > 0, weights / total, 0.0)
    return (torch.nan_to_num(outputs) * share[..., None]).sum(0), base + torch.log(total)

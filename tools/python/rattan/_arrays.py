"""Arrays of any library as what the extension module takes."""
from typing import Any, Optional

import numpy as np

from . import _core
from ._errors import InvalidArgument

DTYPES = ("f32", "f16", "bf16")


def array(value: Any, name: str, dtype: Optional[str] = None) -> _core.Array:
    """`value` as an array of the extension module, without a copy. dtype "bf16" reads uint16 as bfloat16."""
    if dtype is not None and dtype not in DTYPES:
        raise InvalidArgument(f"dtype: {dtype!r} is none of {', '.join(DTYPES)}")
    if isinstance(value, np.ndarray):
        if value.dtype.name == "bfloat16":  # of ml_dtypes, which numpy cannot export
            value, dtype = value.view(np.uint16), "bf16"
    elif type(value).__module__.partition(".")[0] == "torch":
        value = value.detach()
    elif not hasattr(value, "__dlpack__"):
        raise InvalidArgument(f"{name}: a {type(value).__name__} is no array (numpy, torch, or anything with DLPack)")
    return _core.Array(value, dtype or "", name)


def optional_array(value: Any, name: str, dtype: Optional[str] = None) -> Optional[_core.Array]:
    """None as None."""
    return None if value is None else array(value, name, dtype)


def positions(value: Any) -> Optional[np.ndarray]:
    """int64 [rows], contiguous."""
    return None if value is None else np.ascontiguousarray(np.asarray(value), dtype=np.int64)


def metric_number(metric: str) -> int:
    """The number of a metric's name."""
    if metric not in ("inner_product", "l2"):
        raise InvalidArgument(f'metric: {metric!r} is none of "inner_product", "l2"')
    return 0 if metric == "inner_product" else 1

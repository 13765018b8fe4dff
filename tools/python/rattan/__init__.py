"""Rattan: a vector-search index made for LLM attention.

Keys, queries and values are arrays of numpy or torch, or of anything else with DLPack: float32, float16 or bfloat16
(ml_dtypes.bfloat16, or uint16 with ``dtype="bf16"``). Rows may lie at any distance; nothing is copied, and what an index
or a context borrows it keeps alive. Scores are "higher is closer"; -1 stands where there is no key.
"""
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

from . import evaluate
from ._context import Context
from ._errors import Error, InvalidArgument
from ._exact import cuda_available, exact_topk
from ._index import Index, Neighbors, available_kinds, build, open

try:
    __version__ = _version("rattan")
except PackageNotFoundError:  # used from a build tree
    __version__ = "0.0.0"

__all__ = ["Context", "Error", "Index", "InvalidArgument", "Neighbors", "available_kinds", "build", "cuda_available",
           "evaluate", "exact_topk", "open"]

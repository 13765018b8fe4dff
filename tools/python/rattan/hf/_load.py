"""A model and its tokenizer from a folder or a GGUF file."""
import os
from typing import Any, Optional, Tuple

from .._errors import InvalidArgument

_TYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}


def load(path: str, dtype: Optional[str] = None, device: str = "cpu") -> Tuple[Any, Any]:
    """(model, tokenizer) of transformers, with sdpa. path: a model folder, or a .gguf file, which is dequantised whole.

    dtype: "f32", "f16" or "bf16"; None: the folder's own, f32 for a GGUF file.
    """
    import torch
    import transformers
    if dtype is not None and dtype not in _TYPES:
        raise InvalidArgument(f"dtype: {dtype!r} is none of {', '.join(_TYPES)}")
    path = os.path.expanduser(path)
    if not os.path.exists(path):
        raise InvalidArgument(f"model: {path} does not exist")
    folder, options = path, {}
    if os.path.isfile(path):
        if not path.endswith(".gguf"):
            raise InvalidArgument(f"model: {path} is neither a folder nor a .gguf file")
        folder, options = os.path.dirname(path) or ".", {"gguf_file": os.path.basename(path)}
    kind = getattr(torch, _TYPES[dtype]) if dtype else (torch.float32 if options else "auto")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **options)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=kind, attn_implementation="sdpa",
                                                              **options)
    return model.to(device).eval(), tokenizer

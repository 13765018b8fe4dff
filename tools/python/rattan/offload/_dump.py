"""The heads of a prompt as a dump of Rattan's layout."""
import numpy as np
import torch

from ..dump import Layer, write_layer
from ._model import Model
from ._prefill import prefill


def _plain(rows: torch.Tensor) -> np.ndarray:
    rows = rows.cpu()
    return rows.view(torch.int16).numpy().view(np.uint16) if rows.dtype == torch.bfloat16 else rows.numpy()


def save_heads(model: Model, ids: torch.Tensor, tokens: int, queries: int, folder: str) -> None:
    """The first `tokens` of ids are the prompt; its queries are thinned to between `queries` and twice as many rows, those of the
    tokens behind it are all kept."""
    step = max(1, tokens // queries)
    kept = torch.cat([torch.arange(0, tokens, step), torch.arange(tokens, len(ids))])
    dtype = {torch.bfloat16: "bf16", torch.float16: "f16"}.get(model.dtype, "f32")

    def take(layer: int, keys: torch.Tensor, values: torch.Tensor, asked: torch.Tensor) -> None:
        write_layer(folder, Layer(layer, tokens, model.shape.dim ** -0.5, dtype, _plain(asked), _plain(keys), _plain(values), kept.numpy(),
                                  f"{model.shape.name}, {tokens} tokens, YaRN {model.shape.yarn:g}"))

    with torch.no_grad():
        prefill(model, ids, kept, take)

"""A long context on a small GPU: weights and the window's keys and values on the device, all others in host memory under a
rattan.Context. A token's projections and window are the device's, retrieval is the CPU's, and both parts are merged.

    model = offload.load_model("FOLDER", torch.device("cuda"), "bf16")
    session = offload.Session(model, tokens=len(ids), steps=256, links="cuda")
    session.prefill(ids)
    decode = session.decoder("rattan")
    logits = decode()                     # behind the best token; decode(token) behind another

`python -m rattan.offload` measures it beside full attention.
"""
from ._build import Builder, Window
from ._links import TorchTopK
from ._model import Model, load_model, random_model
from ._session import Session
from ._shape import SHAPES, Shape
from ._standin import StandIn

__all__ = ["Builder", "Model", "SHAPES", "Session", "Shape", "StandIn", "TorchTopK", "Window", "load_model", "random_model"]

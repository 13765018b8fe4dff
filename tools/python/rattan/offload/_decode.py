"""One token after the other: the layers' projections on the device, attention by one of several ways."""
from typing import Any, List, Optional

import torch

from ._linear import rms
from ._model import Model
from ._pieces import Piece, Timeline
from ._prefill import feed_forward
from ._shape import rotate


class Step:
    """The buffers of a token in flight. asked: [query_heads, dim], key, value: [kv_heads, dim], written by the projections of a
    layer; attended: [1, query_heads * dim], written by the way of attention."""

    def __init__(self, model: Model, stand_in: Optional[List[torch.Tensor]] = None):
        shape, device = model.shape, model.device
        self.model, self.stand_in = model, stand_in

        def buffer(*sizes: int, dtype: torch.dtype = model.dtype) -> torch.Tensor:
            return torch.zeros(*sizes, dtype=dtype, device=device)

        self.asked, self.key, self.value = buffer(shape.query_heads, shape.dim), buffer(shape.kv_heads, shape.dim), buffer(shape.kv_heads, shape.dim)
        self.attended, self.x = buffer(1, shape.query_heads * shape.dim), buffer(1, shape.hidden)
        self.cos, self.sin = (buffer(1, shape.dim // 2, dtype=torch.float32) for _ in range(2))
        self.token, self.row, self.position = (buffer(1, dtype=torch.int64) for _ in range(3))
        self.logits = buffer(shape.vocab, dtype=torch.float32)

    def project(self, layer: int) -> None:
        """asked, key and value of a layer from x."""
        model, at = self.model, self.model.layers[layer]
        shape, heads = model.shape, model.shape.query_heads
        rows = at.qkv(rms(self.x, at.attention_norm, shape.eps), at.bias).view(-1, 1, shape.dim)
        turned = rotate(rows[:heads + shape.kv_heads], self.cos, self.sin)[:, 0]
        made = [turned[:heads], turned[heads:], rows[heads + shape.kv_heads:, 0]]
        if self.stand_in is not None:
            made = [given[layer].index_select(0, self.row)[0] for given in self.stand_in]
        for mine, new in zip((self.asked, self.key, self.value), made):
            mine.copy_(new)

    def finish(self, layer: int) -> None:
        """x behind a layer, from what was attended."""
        at = self.model.layers[layer]
        self.x += at.out(self.attended)
        self.x += feed_forward(at, self.x, self.model.shape.eps)

    def enter(self) -> None:
        """x of the token, and the angles of its position."""
        for mine, new in zip((self.cos, self.sin), self.model.rotary.at(self.position)):
            mine.copy_(new)
        self.x.copy_(self.model.embedding.index_select(0, self.token))

    def leave(self) -> None:
        """Logits, and the best of them as the next token."""
        self.logits.copy_(self.model.head(rms(self.x, self.model.norm, self.model.shape.eps))[0])
        self.token.copy_(self.logits.argmax(keepdim=True))


class Decoder:
    """Tokens by one way of attention. way: begin(position), attend(layer) from the step's buffers, pieces, and `extra`, more
    work in the graph of a layer's projections."""

    def __init__(self, step: Step, way: Any, position: int):
        """position: of the first token, as many as there were before it."""
        self.step, self.way, self.position = step, way, position
        self.timeline = Timeline(step.model.device)
        way.timeline = self.timeline
        layers = step.model.shape.layers
        self._between = [Piece(lambda at=layer: self._turn(at)) for layer in range(layers + 1)]

    def _turn(self, layer: int) -> None:
        """From the attention of the layer before to the queries of this one."""
        if layer == 0:
            self.step.enter()
        else:
            self.step.finish(layer - 1)
        if layer < len(self._between) - 1:
            self.step.project(layer)
            self.way.after_projections()
        else:
            self.step.leave()

    def warm_up(self) -> None:
        """A token that leaves nothing behind, and then graphs on a GPU."""
        token = self.step.token.clone()
        self._run()
        if self.step.model.device.type == "cuda":
            torch.cuda.synchronize()
            pool = torch.cuda.graph_pool_handle()
            for piece in self._between + self.way.pieces:
                piece.capture(pool)
        self.step.token.copy_(token)

    def _run(self) -> None:
        self.step.position.fill_(self.position)
        self.way.begin(self.position)
        begin = self.timeline.mark()
        for layer, piece in enumerate(self._between):
            piece()
            begin = self.timeline.span("projections", begin)
            if layer < len(self._between) - 1:
                self.way.attend(layer)
                begin = self.timeline.mark()

    def __call__(self, token: Optional[int] = None) -> torch.Tensor:
        """The logits [vocab] behind one more token, which is the best one of before where None. They are overwritten by the next
        call."""
        if token is not None:
            self.step.token.fill_(token)
        self._run()
        self.position += 1
        self.step.row += 1
        if self.step.model.device.type == "cuda":
            torch.cuda.synchronize()
        self.timeline.end_step()
        return self.step.logits

"""The cache: transformers' own layers where attention is local, Rattan's where it is full."""
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from .._context import Context
from .._errors import InvalidArgument
from ._layer import RattanLayer
from ._rows import DTYPES, NAMES


class RattanCache(Cache):
    """A cache of any number of sequences of one length, for models whose attention is "rattan" (`rattan.hf.attach`).

    Prompts are attended exactly, by torch. When the first single token comes and there are at least `build_at` tokens, a
    `rattan.Context` per sequence is built from the stored keys, values and queries, and decodes from then on. Chunks of
    up to `decode_rows` tokens (speculative decoding) go through the contexts as well; longer ones (the next turn of a
    chat) are attended exactly and appended, or, where they are most of the tokens, the contexts are built anew.
    """

    def __init__(self, config: Any, *, build_at: int = 4736, decode_rows: int = 8, dtype: Optional[str] = None,
                 capacity: Optional[int] = None, **context: Any):
        """config: of the model. dtype: of stored keys and values, "f32", "f16" or "bf16"; None: the model's. capacity:
        tokens for which address space is taken at once; None: the model's longest sequence. context: parameters of
        `rattan.Context` (k, epsilon, kind, recall, memory_limit, ..). background_build, True unless given, makes contexts
        decode by codes until their indexes are built beside."""
        config = config.get_text_config(decoder=True)
        own = DynamicCache(config=config).layers
        if not own:
            own = [DynamicLayer() for _ in range(config.num_hidden_layers)]
        layers: List[Any] = []
        self.own: List[RattanLayer] = []
        for layer in own:
            if type(layer) is DynamicLayer:
                layer = RattanLayer(self, len(self.own), len(layers))
                self.own.append(layer)
            layers.append(layer)
        if not self.own:
            raise InvalidArgument("model: none of its layers attends to everything")
        if dtype is not None and dtype not in DTYPES:
            raise InvalidArgument(f"dtype: {dtype!r} is none of {', '.join(DTYPES)}")
        super().__init__(layers=layers)
        self.build_at, self.decode_rows, self.dtype = build_at, decode_rows, dtype
        self.params = {"background_build": True, **context}
        self.capacity = capacity or min(getattr(config, "max_position_embeddings", 0) or 32768, 1 << 20)
        self.link_queries = context.get("link_queries") or 16384
        self.contexts: List[Context] = []
        self.built_tokens = 0
        self.build_seconds = 0.0
        # Instead of contexts, what attends a single row: decoder(layer, sequence, query [heads, d], keys [kv_heads, n, d],
        # values) -> [heads, dv]. For measurements.
        self.decoder: Optional[Callable] = None
        # Sees all that is attended: recorder(layer, first token, query, keys, values), each [batch, heads, rows, d]. For dumps.
        self.recorder: Optional[Callable] = None
        self.keep_evidence = False  # whether prompts' queries outlast a build, for builds with other parameters
        self.decode_seconds = 0.0  # in attention of single rows

    @property
    def built(self) -> bool:
        """Whether contexts decode."""
        return bool(self.contexts)

    def storage_type(self, model_type: torch.dtype) -> torch.dtype:
        """The type in which keys and values of a model of `model_type` are stored."""
        if self.dtype is not None:
            return DTYPES[self.dtype]
        return model_type if model_type in NAMES else torch.float32

    def build(self, tokens: int) -> None:
        """Contexts over the first `tokens` tokens of all layers. Sequences that are the same share one."""
        begin = time.perf_counter()
        for sequence in range(len(self.own[0].rows)):
            twin = self._twin(sequence, tokens)
            self.contexts.append(self._context(sequence, tokens) if twin is None else self.contexts[twin].fork())
        self.built_tokens = tokens
        self.build_seconds += time.perf_counter() - begin

    def _twin(self, sequence: int, tokens: int) -> Optional[int]:
        for other in range(sequence):
            # Layers that the token in flight has passed hold one row more.
            if all(torch.equal(getattr(layer.rows[sequence], name)(0, tokens), getattr(layer.rows[other], name)(0, tokens))
                   for layer in self.own for name in ("keys", "values")):
                for layer in self.own:
                    newest = layer.rows[sequence]
                    keys, values = newest.keys(tokens).clone(), newest.values(tokens).clone()
                    layer.rows[sequence] = layer.rows[other].copy()
                    layer.rows[sequence].truncate(tokens)
                    layer.rows[sequence].append(keys, values)
                    layer.evidence[sequence].take()
                return other
        return None

    def _context(self, sequence: int, tokens: int) -> Context:
        rows = self.own[0].rows[sequence]
        for layer in self.own:
            one = layer.rows[sequence]
            if (one.tail_keys.shape[0], one.tail_keys.shape[2], one.tail_values.shape[2]) != (
                    rows.tail_keys.shape[0], rows.tail_keys.shape[2], rows.tail_values.shape[2]):
                raise InvalidArgument("model: its full-attention layers differ in heads or dimensions")
            if layer.scaling is not None and layer.scaling != self.own[0].scaling:
                raise InvalidArgument("model: its full-attention layers differ in the scale of scores")
        context = Context(len(self.own), self.own[0].query_heads, rows.tail_keys.shape[0], rows.tail_keys.shape[2], rows.tail_values.shape[2],
                          NAMES[rows.tail_keys.dtype], softmax_scale=self.own[0].scaling, **self.params)
        for layer in self.own:
            rows = layer.rows[sequence]
            newest = rows.keys(tokens), rows.values(tokens)
            rows.truncate(tokens)
            rows.freeze()
            rows.append(*newest)
            queries, positions = layer.evidence[sequence].take(self.keep_evidence)
            context.build_layer(layer.index, rows.prefix_keys, rows.prefix_values, queries, positions)
        return context

    def build_progress(self) -> Tuple[int, float]:
        """Heads that are still being built beside decoding, and the most seconds that it took in a sequence."""
        progress = [context.build_progress() for context in self.contexts]
        return sum(heads for heads, _ in progress), max((seconds for _, seconds in progress), default=0.0)

    def wait_for_builds(self) -> None:
        """Returns when none is being built."""
        for context in self.contexts:
            context.wait_for_builds()

    def drop_contexts(self) -> None:
        """Attention is torch's again, until contexts are built anew."""
        self.contexts, self.built_tokens = [], 0

    def use(self, decoder: Optional[Callable] = None, **context: Any) -> None:
        """Other parameters, or another decoder, from the next single row on: contexts are built anew. For measurements."""
        self.drop_contexts()
        self.decoder, self.params = decoder, context
        self.build_seconds = self.decode_seconds = 0.0

    def _fork(self, sequence: int) -> Context:
        fork = self.contexts[sequence].fork()
        for layer in self.own:  # what the context has not been given yet
            rows = layer.rows[sequence]
            have = fork.tokens(layer.index)
            if have < len(rows):
                fork.append(layer.index, rows.keys(have).transpose(0, 1).contiguous(), rows.values(have).transpose(0, 1).contiguous())
        return fork

    def _select(self, sequences: List[int]) -> None:
        if self.contexts:
            used = set()
            contexts = []
            for source in sequences:
                contexts.append(self._fork(source) if source in used else self.contexts[source])
                used.add(source)
            self.contexts = contexts
        for layer in self.own:
            layer.select(sequences)

    def _others(self) -> List[Any]:
        return [layer for layer in self.layers if not isinstance(layer, RattanLayer)]

    def reorder_cache(self, beam_idx: torch.LongTensor) -> None:
        """Sequence i becomes what sequence beam_idx[i] was: forks, where one goes on as several."""
        self._select(beam_idx.tolist())
        for layer in self._others():
            layer.reorder_cache(beam_idx)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Every sequence `repeats` times."""
        self._select([i for i in range(len(self.own[0].rows)) for _ in range(repeats)])
        for layer in self._others():
            layer.batch_repeat_interleave(repeats)

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Only the sequences `indices`."""
        if indices.dtype == torch.bool:
            indices = indices.nonzero().flatten()
        self._select(indices.tolist())
        for layer in self._others():
            layer.batch_select_indices(indices)

    def crop(self, tokens_to_remove: int) -> None:
        """Drops the last -tokens_to_remove tokens."""
        if tokens_to_remove > 0:
            raise InvalidArgument(f"tokens_to_remove: {tokens_to_remove} is above 0; its negative is the number of tokens to drop")
        tokens = max(0, self.own[0].get_seq_length() + tokens_to_remove)
        if tokens_to_remove < 0:
            if tokens == 0:
                self.drop_contexts()
            for context in self.contexts:
                context.truncate(tokens)
            for layer in self.own:
                layer.truncate(tokens)
        for layer in self._others():
            layer.crop(tokens_to_remove)

    def reset(self) -> None:
        """Forgets everything."""
        self.drop_contexts()
        super().reset()

    def stats(self) -> Dict[str, Any]:
        """`rattan.Context.stats`, summed over sequences; empty before contexts are built. Also "build_seconds", in which a token
        waited, "background_seconds" of builds beside tokens, and "building", the heads that are not done."""
        total: Dict[str, Any] = {}
        for context in self.contexts:
            for name, value in context.stats().items():
                total[name] = total.get(name, 0) + value
        if self.contexts:
            total["building"], total["background_seconds"] = self.build_progress()
            total["build_seconds"] = self.build_seconds
        return total

    def report(self) -> List[Dict[str, Any]]:
        """`rattan.Context.report` of every sequence, with "sequence" in each row."""
        return [dict(row, sequence=i) for i, context in enumerate(self.contexts) for row in context.report()]

    def memory(self) -> Dict[str, int]:
        """Bytes beside keys and values by part, summed over sequences, and "keys and values" themselves."""
        total: Dict[str, int] = {"keys and values": 0}
        for context in self.contexts:
            for name, value in context.memory().items():
                total[name] = total.get(name, 0) + value
        for layer in self.own:
            for rows in layer.rows:
                per_row = rows.tail_keys.shape[2] + rows.tail_values.shape[2]
                total["keys and values"] += len(rows) * rows.tail_keys.shape[0] * per_row * rows.tail_keys.element_size()
        return total

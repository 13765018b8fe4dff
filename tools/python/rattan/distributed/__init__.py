"""One sequence over several processes: by KV heads, where nothing is merged, or by contiguous blocks of tokens, whose
parts are merged by their lse. torch.distributed carries the parts, over gloo or NCCL.

    torch.distributed.init_process_group("gloo")
    shard = rattan.distributed.BlockContext(layers, query_heads, kv_heads, key_dim, tokens=tokens)
    begin, end = shard.block
    shard.build_layer(0, keys[:, begin:end], values[:, begin:end], queries[:, begin:end])
    out, lse = shard.decode(0, query)        # on every rank: attention over the tokens of all ranks
"""
from ._blocks import BlockContext
from ._exchange import Exchange
from ._heads import HeadContext
from ._merge import merge
from ._plan import head_range, token_range

__all__ = ["BlockContext", "Exchange", "HeadContext", "head_range", "merge", "token_range"]

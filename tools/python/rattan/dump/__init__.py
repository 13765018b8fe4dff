"""Dumps of a model's queries, keys and values in Rattan's layout, and other formats made from them: `python -m rattan.dump`.

A dump is a folder of layer_NN.safetensors: q [query_heads, rows, d], k [kv_heads, n, d], v [kv_heads, n, dv], after RoPE, and
q_pos [rows], the tokens of the query rows; rows at or behind `prefill` are decode queries.
"""
from ._convert import (from_arrays, from_hdf5, from_pt, to_hdf5, to_npy, to_pt)
from ._layout import Layer, LayerWriter, layer_files, read_layer, write_layer
from ._model import dump_model

__all__ = ["Layer", "LayerWriter", "dump_model", "from_arrays", "from_hdf5", "from_pt", "layer_files", "read_layer", "to_hdf5", "to_npy",
           "to_pt", "write_layer"]

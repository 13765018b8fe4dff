"""python -m rattan.dump: dumps of models, and conversions."""
import argparse
import os
import sys
from typing import Any, List, Optional

from .._errors import Error

DESCRIPTION = """Writes what the attention of a model sees, or turns other formats into dumps and back.

  python -m rattan.dump MODEL --text book.txt --tokens 16384 --layers 2,10 -o dump
  python -m rattan.dump --from-arrays Q.npy K.npy V.npy -o dump        [heads, rows, d]
  python -m rattan.dump --from-pt qkv.pt -o dump                       torch.save of {q, k, v}
  python -m rattan.dump --from-hdf5 llama-128-ip.hdf5 -o dump          VIBE
  python -m rattan.dump --from-dump dump/layer_02.safetensors --to hdf5 -o head.hdf5

MODEL is a folder of transformers or a .gguf file. Then: rattan-bench sweep --data dump
"""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="rattan-dump", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="folder of a model, or a .gguf file")
    parser.add_argument("-o", "--output", required=True, help="folder of the dump; file or folder of --to")
    parser.add_argument("--text", help="file whose first tokens are run")
    parser.add_argument("--tokens", type=int, help="how many, decode rows included (all)")
    parser.add_argument("--decode", type=int, default=512, help="last tokens, whose queries are decode queries (512)")
    parser.add_argument("--layers", default="all", help="numbers separated by commas (all that attend to everything)")
    parser.add_argument("--kv-heads", default="all", help="of each layer, with their query heads (all)")
    parser.add_argument("--query-step", type=int, default=1, help="keep every so many prefill queries (1)")
    parser.add_argument("--dtype", default="f16", help="of the dump: f32, f16 or bf16 (f16)")
    parser.add_argument("--model-dtype", default=None, help="of the model: f32, f16 or bf16 (its own)")
    parser.add_argument("--chunk", type=int, default=2048, help="tokens of a pass (2048)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--source", default="", help="provenance, for result rows")
    parser.add_argument("--from-arrays", nargs="+", metavar="FILE", help="Q K [V], .npy")
    parser.add_argument("--from-pt", metavar="FILE")
    parser.add_argument("--from-hdf5", metavar="FILE")
    parser.add_argument("--from-dump", metavar="PATH")
    parser.add_argument("--layout", default="bhsd", help="of --from-pt: bhsd or bshd (bhsd)")
    parser.add_argument("--layer", type=int, default=0, help="number of a layer that is made (0)")
    parser.add_argument("--prefill", type=int, help="tokens before the decode queries, of arrays (all but the last sixteenth of the rows)")
    parser.add_argument("--to", choices=["hdf5", "npy", "pt"], help="what --from-dump becomes")
    parser.add_argument("--kv-head", type=int, default=0, help="of --to hdf5 and npy (0)")
    parser.add_argument("--head", type=int, default=0, help="query head of that KV head (0)")
    return parser


def numbers(text: str) -> Optional[List[int]]:
    """"1,2" as [1, 2]; "all" as None."""
    try:
        return None if text == "all" else [int(part) for part in text.split(",")]
    except ValueError:
        raise Error(f"{text!r}: numbers separated by commas, or all") from None


def show(done: int, tokens: int) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{done} of {tokens} tokens", end="\n" if done >= tokens else "", file=sys.stderr, flush=True)


def dump_text(args: argparse.Namespace) -> List[str]:
    """MODEL --text."""
    from .. import hf
    from ._model import dump_model
    if not args.text:
        raise Error("text: --text FILE is needed with a model")
    model, tokenizer = hf.load(args.model, args.model_dtype, args.device)
    with open(args.text, encoding="utf-8", errors="replace") as file:
        ids = tokenizer(file.read(), return_tensors="pt").input_ids
    if args.tokens and ids.shape[1] < args.tokens:
        raise Error(f"tokens: {args.text} has {ids.shape[1]}, and {args.tokens} are wanted")
    ids = ids[:, :args.tokens or ids.shape[1]]
    if not 0 < args.decode < ids.shape[1]:
        raise Error(f"decode: {args.decode} of {ids.shape[1]} tokens")
    source = args.source or f"{os.path.basename(args.model.rstrip('/'))}, {os.path.basename(args.text)}, {ids.shape[1]} tokens"
    return dump_model(model, ids, args.output, prefill=ids.shape[1] - args.decode, layers=numbers(args.layers),
                      kv_heads=numbers(args.kv_heads), query_step=args.query_step, dtype=args.dtype, chunk=args.chunk, source=source,
                      progress=show)


def convert(args: argparse.Namespace) -> List[str]:
    """The --from options."""
    from . import _convert as to
    from ._layout import layer_files, read_layer
    made: Any = dict(layer=args.layer, prefill=args.prefill, dtype=args.dtype, source=args.source)
    if args.from_arrays:
        if len(args.from_arrays) not in (2, 3):
            raise Error("from-arrays: two or three files, Q K [V]")
        return [to.from_arrays(args.output, *[to.load_array(path) for path in args.from_arrays], **made)]
    if args.from_pt:
        if not args.source:
            made.pop("source")
        return [to.from_pt(args.output, args.from_pt, layout=args.layout, **made)]
    if args.from_hdf5:
        return to.from_hdf5(args.output, args.from_hdf5, layer=args.layer)
    if not args.to:
        raise Error("to: what shall --from-dump become (hdf5, npy, pt)?")
    files = layer_files(args.from_dump)
    if args.to == "npy":
        return [path for file in files for path in to.to_npy(args.output, read_layer(file), kv_head=args.kv_head, head=args.head)]
    if len(files) != 1:
        raise Error(f"from-dump: {args.from_dump} holds {len(files)} layers; name one file")
    if args.to == "pt":
        to.to_pt(args.output, read_layer(files[0]))
    else:
        to.to_hdf5(args.output, read_layer(files[0]), kv_head=args.kv_head, head=args.head)
    return [args.output]


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command; returns its exit status."""
    args = options().parse_args(arguments)
    try:
        sources = [args.model, args.from_arrays, args.from_pt, args.from_hdf5, args.from_dump]
        if sum(source is not None for source in sources) != 1:
            raise Error("one of MODEL, --from-arrays, --from-pt, --from-hdf5 and --from-dump is needed")
        paths = dump_text(args) if args.model else convert(args)
    except ImportError as error:
        print(f"rattan-dump: {error} (pip install \"rattan[hf]\" for models, \"rattan[formats]\" for HDF5)", file=sys.stderr)
        return 2
    except (Error, OSError) as error:
        print(f"rattan-dump: {error}", file=sys.stderr)
        return 2
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

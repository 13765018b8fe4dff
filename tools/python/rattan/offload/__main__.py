"""python -m rattan.offload: the time of a token, and of the first one, on a GPU of limited memory."""
import argparse
import re
import sys
from typing import Any, Dict, List, Optional

from .. import __version__, cuda_available
from .._errors import Error, InvalidArgument

TIMED = 8  # tokens behind --steps that are measured part by part

DESCRIPTION = """Runs a model whose weights and window lie on the GPU and whose other keys and values lie in host memory under
Rattan, and its rivals on the same prompt.

  python -m rattan.offload --model x.gguf --yarn 4 --text ids.npy --tokens 131072 --memory-limit 8GiB --nll
  python -m rattan.offload --model 8b --weights int8 --heads DUMP --tokens 131072 --distinct-layers 8 --memory-limit 16GiB

ways: rattan, cpu-flat (exact scan of all keys on the CPU), full-fetched (full attention on the GPU, keys and values fetched from
pinned host memory for every token), full-device (full attention, keys and values on the GPU; the limit is lifted for it)
"""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="rattan-offload", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", required=True, help="folder (llama, qwen2), .gguf file (qwen2), or a shape with random weights: 8b, tiny")
    add("--weights", default="bf16", choices=["f32", "bf16", "f16", "int8"], help="int8: weights alone, activations in bf16")
    add("--layers", type=int, default=0, help="of a random model: so many instead of all")
    add("--yarn", type=float, default=None, help="how many times positions are stretched (the model's own)")
    add("--text", default=None, help="tokens as .npy, or text for the folder's tokenizer; else random tokens")
    add("--tokens", default="4096", help="of the prompt; several separated by commas (4096)")
    add("--steps", type=int, default=64, help="tokens that are decoded (64)")
    add("--rival-steps", type=int, default=24, help="tokens of cpu-flat and full-fetched (24)")
    add("--also", action="append", default=[], metavar="WEIGHTS:LIMIT", help="with --heads: then prefill and rattan with other weights over the "
        "same indexes, e.g. int8:16GiB")
    add("--memory-limit", default=None, help="of the GPU, for torch's allocator and links together, e.g. 24GiB")
    add("--ways", "--rivals", default="rattan,cpu-flat,full-fetched,full-device", help="separated by commas, or none")
    add("--heads", default=None, metavar="DUMP", help="folder of a dump whose keys, queries and values stand in for a random model's")
    add("--distinct-layers", type=int, default=None, help="with --heads: layers that are built; the others are copies at other addresses")
    add("--skip-prefill", action="store_true", help="with --heads: indexes alone, no first token")
    add("--save-heads", default=None, metavar="DUMP", help="write the prompt's heads, --steps tokens behind it included; then go on")
    add("--nll", action="store_true", help="likelihood of the --steps tokens behind the prompt instead of the model's own tokens")
    add("--errors", action="store_true", help="compare what is attended with exact attention, in some layers")
    add("--device", default="auto", help="cuda, cpu or auto")
    add("--links", default="auto", help="where links are found: cuda (a build of Rattan with CUDA), torch, cpu or auto")
    add("--links-memory", default="1GiB", help="of the GPU, for links (1GiB)")
    add("--link-queries", type=int, default=16384, help="prompt's queries per query head that are linked (16384)")
    add("--workers", type=int, default=8, help="layers that are built at once (8)")
    add("--background", action="store_true", help="decode by codes while indexes are built: a row says when the first token came, and what "
        "tokens took meanwhile")
    add("--build-threads", type=int, default=0, help="of --background (half of --threads)")
    add("--kind", default="auto", help="of heads: auto, graph, scan4, flat")
    add("--k", type=int, default=100, help="keys retrieved per query head (100)")
    add("--recall", type=float, default=0.95)
    add("--window", default="128,512,256", help="sinks, recent tokens, and how many more before they are appended (128,512,256)")
    add("--threads", type=int, default=0, help="of retrieval (all)")
    add("--format", default="md", choices=["md", "json"])
    add("-o", "--output", default=None, help="file, written anew after every row (standard output, at the end)")
    return parser


def bytes_of(text: str) -> int:
    """24GiB, 512MiB, or a number."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(|[KMGT]i?B)", text)
    if not found:
        raise InvalidArgument(f"memory: {text!r} is no size such as 24GiB")
    unit = found.group(2)
    base = 1024 if "i" in unit else 1000
    return int(float(found.group(1)) * base ** (" KMGT".index(unit[0]) if unit else 0))


class Limit:
    """torch's allocator on a GPU that is smaller than it is."""

    def __init__(self, args: argparse.Namespace, device: Any):
        self.links = bytes_of(args.links_memory) if args.links == "cuda" else 0
        self.on = device.type == "cuda"
        self.change(args.memory_limit)

    def change(self, text: Optional[str]) -> None:
        """To 24GiB, or none."""
        import torch
        self.share = 1.0
        if text and self.on:
            self.share = min(1.0, (bytes_of(text) - self.links) / torch.cuda.mem_get_info()[1])
            if self.share <= 0:
                raise InvalidArgument(f"memory_limit: {text} is no more than the {self.links} bytes of links")
        self.set(True)

    def set(self, limited: bool) -> None:
        """Or lifts it."""
        if self.on:
            import torch
            torch.cuda.set_per_process_memory_fraction(self.share if limited else 1.0)


def read_tokens(path: Optional[str], model: str, vocab: int, count: int) -> Any:
    """int64 [count]."""
    import numpy as np
    import torch
    if path is None:
        return torch.randint(0, vocab, (count,), generator=torch.Generator().manual_seed(1))
    if path.endswith(".npy"):
        ids = torch.from_numpy(np.load(path).astype(np.int64))
    else:
        import transformers
        with open(path, encoding="utf-8", errors="replace") as file:
            ids = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)(file.read(), return_tensors="pt").input_ids[0]
    if len(ids) < count:
        raise InvalidArgument(f"text: {path} has {len(ids)} tokens; {count} are needed")
    return ids[:count]


def open_model(args: argparse.Namespace, device: Any, weights: str) -> Any:
    """Of --model, with weights of that kind."""
    from dataclasses import replace
    from . import SHAPES, load_model, random_model
    if args.model in SHAPES:
        shape = SHAPES[args.model]
        return random_model(replace(shape, layers=args.layers or shape.layers), device, weights)
    return load_model(args.model, device, weights, args.yarn)


def run(args: argparse.Namespace, models: List[Any], limit: Limit, keep: Any) -> List[Dict[str, Any]]:
    """A row for each prompt and way; keep(rows) after each. models: the one model, taken out, so that another can follow it."""
    model = models.pop()
    from . import Session, StandIn, TorchTopK, Window
    from ._measure import measure_errors, measure_prompt, measure_way, measure_while_building
    rows: List[Dict[str, Any]] = []

    def add(row: Dict[str, Any]) -> None:
        rows.append(row)
        print({name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}, file=sys.stderr, flush=True)
        keep(rows)

    sinks, recent, block = (int(part) for part in args.window.split(","))
    ways = [way for way in args.ways.split(",") if way not in ("", "none")]
    for tokens in (int(part) for part in args.tokens.split(",")):
        more = args.steps + TIMED
        ids = read_tokens(args.text, args.model, model.shape.vocab, tokens + more)
        stand_in = StandIn(args.heads, model.shape, tokens, more) if args.heads else None
        links = TorchTopK(str(model.device)) if args.links == "torch" else args.links
        session = Session(model, tokens, more, window=Window(sinks, recent, block), stand_in=stand_in, distinct_layers=args.distinct_layers,
                          links=links, links_memory=bytes_of(args.links_memory), link_queries=args.link_queries, workers=args.workers,
                          build="rattan" in ways, pin=not args.skip_prefill or "full-fetched" in ways, kind=args.kind, k=args.k, recall=args.recall, threads=args.threads,
                          background_build=args.background, build_threads=args.build_threads)
        add(measure_prompt(session, None if args.skip_prefill else ids[:tokens]))
        if session.background:
            add(measure_while_building(session, args.steps))
        for way in ways:
            limit.set(way != "full-device")
            steps = min(args.steps, args.rival_steps) if way in ("cpu-flat", "full-fetched") else args.steps
            add(measure_way(session, way, ids[tokens:] if args.nll else None, steps, TIMED))
            if way == "rattan" and args.errors:
                add(measure_errors(session))
        limit.set(True)
        for other in args.also:
            weights, _, room = other.partition(":")
            device, model = session.model.device, None
            session.replace_model(lambda: open_model(args, device, weights))
            limit.change(room)
            add(dict(measure_prompt(session, None if args.skip_prefill else ids[:tokens]), weights=weights, limit=room))
            add(dict(measure_way(session, "rattan", None, args.steps, TIMED), weights=weights, limit=room))
        model = session.model
        session.close()
        del session
    return rows


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command; returns its exit status."""
    args = options().parse_args(arguments)
    try:
        import torch
        from ._measure import growth
        from ._report import write
        device = torch.device("cuda" if args.device == "auto" and torch.cuda.is_available() else args.device.replace("auto", "cpu"))
        if args.links == "auto":
            args.links = "cpu" if device.type != "cuda" else "cuda" if cuda_available()[0] else "torch"
        limit = Limit(args, device)
        model = open_model(args, device, args.weights)
        about = {"rattan": __version__, "torch": torch.__version__, "model": model.shape.name, "layers": model.shape.layers,
                 "weights": f"{args.weights} {model.bytes / 1e9:.2f} GB", "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
                 "limit": args.memory_limit or "none", "heads": args.heads or "the model's", "kind": args.kind, "k": args.k, "links": args.links,
                 "window": args.window}
        if args.save_heads:
            from ._dump import save_heads
            tokens = int(args.tokens)
            more = tokens + args.steps + TIMED
            save_heads(model, read_tokens(args.text, args.model, model.shape.vocab, more), tokens, args.link_queries, args.save_heads)

        def keep(rows: List[Dict[str, Any]]) -> None:
            if args.output:
                with open(args.output, "w", encoding="utf-8") as file:
                    file.write(write(about, rows, growth(rows), args.format))

        models = [model]
        del model
        rows = run(args, models, limit, keep)
    except (Error, ImportError) as error:
        print(f"rattan-offload: {error}", file=sys.stderr)
        return 2
    if not args.output:
        print(write(about, rows, growth(rows), args.format), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

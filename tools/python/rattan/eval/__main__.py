"""python -m rattan.eval: tasks and texts under several attentions."""
import argparse
import sys
from typing import Any, Callable, Dict, List, Optional

from .. import __version__
from .._errors import Error

DESCRIPTION = """Asks a model the same questions under several attentions. A prompt is attended once, exactly; every
attention goes on from there, so that only decoding differs.

  python -m rattan.eval --model FOLDER --tasks all --lengths 4096,8192 --attention sdpa,rattan,window,exact
  python -m rattan.eval --model x.gguf --nll book.txt --lengths 16384 --attention sdpa,rattan:k=200,epsilon=0.02

attentions, with parameters after a colon:
  sdpa     full attention, by torch, over keys and values in place
  rattan   rattan.Context: k, epsilon, estimate_unread, kind, recall, sinks, recent, .. as there
  window   the first `sinks` and last `recent` tokens alone (128, 512), as StreamingLLM
  exact    the window and the exact best k of the others (100): what a perfect index would find
"""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="rattan-eval", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of a model, or a .gguf file")
    parser.add_argument("--tasks", default="", help="names separated by commas, or all (see rattan.tasks.TASKS)")
    parser.add_argument("--nll", action="append", default=[], metavar="FILE", help="text whose tokens after each length are scored")
    parser.add_argument("--nll-tokens", type=int, default=256, help="how many (256)")
    parser.add_argument("--lengths", default="4096", help="tokens of a prompt, separated by commas (4096)")
    parser.add_argument("--samples", type=int, default=25, help="of each task and length (25)")
    parser.add_argument("--attention", default="sdpa,rattan,window,exact")
    parser.add_argument("--chunk", type=int, default=2048, help="tokens of a prefill pass; 0: all at once (2048)")
    parser.add_argument("--dtype", default=None, help="of the model: f32, f16 or bf16 (its own)")
    parser.add_argument("--keys-as", default=None, help="of stored keys and values: f32, f16 or bf16 (the model's)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="of torch (its own choice)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", default="md", choices=["md", "json"])
    parser.add_argument("-o", "--output", default=None, help="file, written anew after every prompt (standard output, at the end)")
    return parser


def run(args: argparse.Namespace, model: Any, tokenizer: Any, keep: Callable[[List[Dict[str, Any]]], None]) -> None:
    """One row for each prompt and attention; keep(rows) is called with all there are after each of them."""
    from .. import hf, tasks
    from .attentions import parse
    from .measure import Prompt, answer, nll
    attentions = parse(args.attention)
    names = list(tasks.TASKS) if args.tasks == "all" else [name for name in args.tasks.split(",") if name]
    rows: List[Dict[str, Any]] = []

    def record(task: str, length: int, measured: Dict[str, Any], attention: Any) -> None:
        rows.append({"task": task, "length": length, "attention": attention.text, **measured})
        told = "score {score:.2f}" if "score" in measured else "NLL {nll:.4f}"
        print(f"{task} {length} {attention.text}: " + told.format(**measured), file=sys.stderr, flush=True)
        keep(rows)

    with hf.attach(model):
        for length in [int(text) for text in args.lengths.split(",")]:
            for path in args.nll:
                with open(path, encoding="utf-8", errors="replace") as file:
                    ids = tokenizer(file.read(), return_tensors="pt").input_ids
                if ids.shape[1] < length + args.nll_tokens:
                    raise Error(f"nll: {path} has {ids.shape[1]} tokens; {length + args.nll_tokens} are needed")
                prompt = Prompt(model, ids[:, :length], args.chunk, args.keys_as)
                for attention in attentions:
                    record("nll " + path.rpartition("/")[2], length, nll(prompt, attention, ids[0, length:length + args.nll_tokens]),
                           attention)
            for name in names:
                for number in range(args.samples):
                    sample = tasks.make(name, tokenizer, length, args.seed + number)
                    prompt = Prompt(model, tokenizer(sample.prompt, return_tensors="pt").input_ids, args.chunk, args.keys_as)
                    for attention in attentions:
                        record(name, length, answer(prompt, attention, tokenizer, sample), attention)


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command; returns its exit status."""
    args = options().parse_args(arguments)
    try:
        import torch
        from .. import hf
        from .report import write
        if not args.tasks and not args.nll:
            raise Error("nothing to do: --tasks or --nll is needed")
        if args.threads:
            torch.set_num_threads(args.threads)
        model, tokenizer = hf.load(args.model, args.dtype, args.device)
        about = {"rattan": __version__, "torch": torch.__version__, "model": args.model.rstrip("/").rpartition("/")[2],
                 "dtype": str(model.dtype).rpartition(".")[2], "device": args.device, "threads": torch.get_num_threads(), "seed": args.seed}
        kept: List[Dict[str, Any]] = []

        def keep(rows: List[Dict[str, Any]]) -> None:
            kept[:] = rows
            if args.output:  # what there is, whenever it ends
                with open(args.output, "w", encoding="utf-8") as file:
                    file.write(write(rows, args.format, about))

        run(args, model, tokenizer, keep)
    except (Error, ImportError) as error:
        print(f"rattan-eval: {error}", file=sys.stderr)
        return 2
    if not args.output:
        print(write(kept, args.format, about), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

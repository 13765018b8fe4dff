"""The command line of tools/compare."""
import argparse
import pathlib
import subprocess
import sys

import faiss

from compare_peers import measure, peers, problem as problems, rattan, report

QUICK = "n=16384,d=128,group=4,heads=1,seed=1"


def parse(root):
    parser = argparse.ArgumentParser(prog="tools/compare", description="Rattan against FAISS and hnswlib")
    parser.add_argument("--rattan", default=f"{root}/build/main/bench/rattan-bench", help="the program rattan-bench")
    parser.add_argument("--synth", default="n=131072,d=128,group=4,heads=1,seed=1", help="a synthetic head")
    parser.add_argument("--data", help="a dump instead: folder of layer_*.safetensors")
    parser.add_argument("--layer", type=int, default=0)
    parser.add_argument("--kv-head", type=int, default=0)
    parser.add_argument("--index", default="flat,graph", help="Rattan's variants")
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--recall", default="0.90,0.95,0.99")
    parser.add_argument("--queries", type=int, default=256, help="decode steps")
    parser.add_argument("--resident", type=int, default=16, help="KV heads that take turns")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--out", default=f"{root}/build/compare/result")
    parser.add_argument("--quick", action="store_true", help="a smoke test: 16,384 synthetic keys, 2 rounds over 4 residents")
    flags = parser.parse_args()
    if flags.quick:
        flags.synth, flags.data, flags.rounds, flags.resident, flags.recall, flags.queries = QUICK, None, 2, 4, "0.90", 32
    if not pathlib.Path(flags.rattan).is_file():
        parser.error(f"--rattan {flags.rattan} does not exist: build it (cmake --build BUILD --target rattan-bench)")
    return flags


def say(text):
    print(f"tools/compare: {text}", file=sys.stderr, flush=True)


def make_dump(flags, folder):
    if flags.data:
        return flags.data
    dump = folder / "data" / flags.synth.replace(",", "_")
    if not dump.exists():
        say(f"making {flags.synth}")
        subprocess.run([flags.rattan, "synth", "--synth", flags.synth, "-o", str(dump)], check=True, stdout=sys.stderr)
    return str(dump)


def interleave(flags, dump, prepared, problem, folder):
    """Rounds in turn: Rattan's kinds, then every peer. The first round of both is not counted."""
    say("rattan-bench: building, settings and residents")
    partner = rattan.PacedRattan(
        [flags.rattan, "latency", "--data", dump, "--layers", flags.layer, "--kv-heads", flags.kv_head, "--index", flags.index,
         "--k", flags.k, "--recall", flags.recall, "--queries", flags.queries, "--resident", flags.resident, "--rounds",
         flags.rounds, "--keys-as", "bf16", "--cache", folder / "cache", "--paced", "--format", "json"])
    say("copies of the peers")
    residents = [measure.Resident(peer, index, path, problem, flags.resident) for peer, index, path, _, _ in prepared]
    sweeper = measure.CacheSweeper()
    for number in range(flags.rounds + 1):
        say(f"round {number} of {flags.rounds}")
        partner.round(last=number == flags.rounds)
        rows = partner.rows() if number == flags.rounds else None
        for (_, _, _, _, timed), resident in zip(prepared, residents):
            for one in timed:
                measure.time_round(one, resident, problem, number, number > 0, sweeper)
    return rows


def main(root):
    flags = parse(root)
    faiss.omp_set_num_threads(1)
    folder = pathlib.Path(root) / "build" / "compare"
    out = pathlib.Path(flags.out)
    out.mkdir(parents=True, exist_ok=True)
    dump = make_dump(flags, folder)
    problem = problems.load(flags.rattan, dump, flags.layer, flags.kv_head, flags.k, flags.queries, out / "truth")
    targets = [float(target) for target in flags.recall.split(",")]
    prepared = measure.prepare(problem, targets, folder / "cache", say)
    rows = interleave(flags, dump, prepared, problem, folder)
    for peer, _, path, build, timed in prepared:
        rows += [measure.row_of(one, build, peer.nbytes(path, problem.keys)) for one in timed]
    flat = next((row["us_p50"] for row in rows if row["index"] == "flat"), None)
    for row in rows:
        row["times_faster_than_flat"] = flat and flat / row["us_p50"]
    first = rows[0]
    head = f"{pathlib.Path(flags.data).name}, layer {flags.layer}, KV head {flags.kv_head}" if flags.data else f"synthetic head {flags.synth}"
    title = f"{head}, {first['keys']} keys, k = {flags.k}, one thread, {first['cpu']}"
    notes = [f"us: one step of {problem.heads} query heads; {flags.rounds} rounds in turn over {flags.resident} resident "
             "copies at different addresses; before each kind's turn twice the last-level cache is read from elsewhere "
             f"(last-level cache {first['llc_bytes'] / 1e6:.0f} MB). Rattan: bf16 keys, kernels {first['isa']}, commit {first['commit']}.",
             f"Peers: FAISS {faiss.__version__} and hnswlib, float32 (the same bf16-rounded values), keys inserted in "
             f"{peers.order_name()} order, the better one for HNSW; built on 2 threads; the faster of a batch of "
             f"{problem.heads} and row by row. Their index MB hold the keys, Rattan's do not; vectors/q where they count them.",
             "* target not reached by any width tried."]
    report.write(rows, notes, title, out)
    print(report.markdown(rows, notes))
    say(f"wrote {out}/compare.md, compare.json, compare.png")
    return 0

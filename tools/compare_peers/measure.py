"""Finds each peer's cheapest width for a recall, then times it on resident copies with cold caches."""
import os
import time

import numpy as np

from compare_peers import peers as peer_kinds


class Timed:
    """One peer at one width."""

    def __init__(self, peer, target, width, recall, scored):
        self.peer, self.target, self.width, self.recall, self.scored = peer, target, width, recall, scored
        self.seconds = {batch: [] for batch in peer.batches}


def search_all(peer, index, problem, width):
    peer.set_width(index, width)
    peer.reset_stats()
    ids = peer.search(index, problem.queries, problem.k)
    scored = peer.scored()
    keys = np.where(ids >= 0, peer_kinds.insertion_order(len(problem.keys))[ids], -1)
    return problem.recall(keys), scored and scored / len(problem.queries)


def cheapest(peer, index, problem, targets):
    """For each target the smallest width of the peer that reaches it, by bisection; else the widest."""
    known = {}

    def at(i):
        if i not in known:
            known[i] = search_all(peer, index, problem, peer.widths[i])
        return known[i]

    found = []
    for target in targets:
        low, high = 0, len(peer.widths) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if at(middle)[0] >= target else (middle + 1, high)
        recall, scored = at(low)
        found.append(Timed(peer, target, peer.widths[low], recall, scored))
    return found


class CacheSweeper:
    """Twice the last-level cache, at most 1 GiB, read from elsewhere."""

    def __init__(self):
        size = 32 << 20
        levels = "/sys/devices/system/cpu/cpu0/cache"
        for entry in sorted(os.listdir(levels)) if os.path.isdir(levels) else []:
            path = f"{levels}/{entry}/size"
            if os.path.exists(path):
                text = open(path).read().strip()
                size = max(size, int(text.rstrip("KM")) << (20 if text.endswith("M") else 10))
        self.words = np.ones(min(2 * size, 1 << 30) // 8)

    def sweep(self):
        return self.words[::8].sum()


class Resident:
    """The residents of one peer: the built index and its copies."""

    def __init__(self, peer, index, path, problem, count):
        self.indexes = [index] + [peer.clone(index, path, problem.keys) for _ in range(count - 1)]


def time_round(timed, resident, problem, number, keep, sweeper):
    """Every resident one step, once one row at a time and once as a batch; the faster way is the peer's figure."""
    count = len(resident.indexes)
    for batch in timed.peer.batches:
        sweeper.sweep()
        for r, index in enumerate(resident.indexes):
            timed.peer.set_width(index, timed.width)
            begin = ((r * problem.steps // count + number) % problem.steps) * problem.heads
            rows = [problem.queries[begin + i : begin + i + batch] for i in range(0, problem.heads, batch)]
            start = time.perf_counter()
            for queries in rows:
                timed.peer.search(index, queries, problem.k)
            if keep:
                timed.seconds[batch].append(time.perf_counter() - start)


def row_of(timed, build, size):
    batch = min(timed.seconds, key=lambda b: np.median(timed.seconds[b]))
    micros = np.array(timed.seconds[batch]) * 1e6
    return {"index": timed.peer.name, "target": timed.target, "reached": bool(timed.recall >= timed.target),
            "recall": float(timed.recall), "us_p50": float(np.median(micros)), "us_p99": float(np.quantile(micros, 0.99)),
            "timed": len(micros), "keys_per_query": timed.scored, "bytes_per_query": None, "build_s": build["build_s"],
            "index_bytes": size, "setting": f"width {timed.width}, {'batch of ' + str(batch) if batch > 1 else 'row by row'}"}


def prepare(problem, targets, folder, say):
    """[(peer, index, path, build record, [Timed])] with answers checked."""
    prepared = []
    for peer in peer_kinds.all_peers(problem.k, len(problem.keys), problem.heads):
        say(f"{peer.name}: building or opening")
        index, path, build = peer_kinds.build_or_open(peer, problem.keys, folder)
        say(f"{peer.name}: widths for recall {targets}")
        prepared.append((peer, index, path, build, cheapest(peer, index, problem, targets)))
    return prepared

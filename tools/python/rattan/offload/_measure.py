"""What a session takes: time to the first token, time of a token by each way, likelihood, memory."""
import gc
import math
import statistics
import time
from typing import Any, Dict, List, Optional

import torch
from torch.nn.functional import log_softmax

from ._pieces import bound_of
from ._session import Session, resident_bytes

GIB = 1 << 30


def device_gib(device: torch.device) -> Dict[str, float]:
    """Most that torch has held since the last call, and what is in use of the whole device, links' and CUDA's own included."""
    if device.type != "cuda":
        return {}
    free, total = torch.cuda.mem_get_info()
    peak = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return {"gpu_peak_gib": peak / GIB, "gpu_in_use_gib": (total - free) / GIB}


def measure_prompt(session: Session, ids: Optional[torch.Tensor]) -> Dict[str, Any]:
    """Runs the prefill. Seconds by part; "first token" is prefill and what builds take behind it before a token can be decoded."""
    device_gib(session.model.device)  # the peak is of what follows
    session.prefill(ids)
    seconds = session.seconds
    row = {"way": "prompt", "tokens": session.tokens, **{f"{name} s": value for name, value in seconds.items()},
           "first token s": seconds["prefill"] + seconds.get("wait", 0.0), **device_gib(session.model.device),
           "host_gib": resident_bytes() / GIB}
    if session.builder is not None:
        row.update(session.report())
    return row


def measure_way(session: Session, way: str, ids: Optional[torch.Tensor], steps: int, timed: int = 8) -> Dict[str, Any]:
    """Decodes `steps` tokens, then `timed` more with a timeline. ids: tokens behind the prompt, whose likelihood is measured; None:
    the best token follows."""
    first = session.step.logits.clone()
    try:
        decoder = session.decoder(way)
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        return {"way": way, "tokens": session.tokens, "error": f"no room: {str(error).splitlines()[0][:120]}"}
    if way == "rattan":
        session.contexts[0].reset_stats()
    logits, losses, times = first, [], []
    for i in range(steps):
        if ids is not None:
            losses.append(-log_softmax(logits.float(), -1)[int(ids[i])])
        begin = time.perf_counter()
        logits = decoder(None if ids is None else int(ids[i]))
        times.append(time.perf_counter() - begin)
    row: Dict[str, Any] = {"way": way, "tokens": session.tokens, "ms": 1e3 * statistics.median(times),
                           "ms p90": 1e3 * sorted(times)[int(0.9 * (len(times) - 1))]}
    row["tokens/s"] = 1e3 / row["ms"]
    if losses:
        row["nll"] = float(torch.stack(losses).mean())
    decoder.timeline.running = True
    for i in range(steps, steps + timed):
        decoder(None if ids is None else int(ids[i]))
    decoder.timeline.running = False
    row["parts"] = decoder.timeline.milliseconds()
    row["bound"] = bound_of(row["parts"], row["ms"])
    row.update(device_gib(session.model.device), host_gib=resident_bytes() / GIB)
    if way == "rattan":
        stats = session.contexts[0].stats()
        row["keys read"] = stats["keys_scored"] * session.model.shape.group / max(1, stats["keys_visible"]) if stats["steps"] else None
        row["uncertainty"] = stats["uncertainty"] / max(1, stats["steps_estimated"])
    del decoder
    session.step.logits.copy_(first)
    gc.collect()
    if session.model.device.type == "cuda":
        torch.cuda.empty_cache()
    return row


def measure_while_building(session: Session, steps: int) -> Dict[str, Any]:
    """Decodes up to `steps` tokens behind the prompt while indexes are built in the background, then waits for them. Milliseconds of
    the first eight tokens and the median of all; seconds are from the prompt's beginning."""
    first = session.step.logits.clone()
    decoder = session.decoder("rattan")
    begun = time.perf_counter() - session._begun
    times = []
    while session.building and len(times) < steps:
        begin = time.perf_counter()
        decoder()
        times.append(time.perf_counter() - begin)
    done = not session.building
    session.finish_builds()
    session.step.logits.copy_(first)
    row: Dict[str, Any] = {"way": "while building", "tokens": session.tokens, "first token s": begun + (times[0] if times else 0.0),
                           "decoded": len(times), "finished meanwhile": done, "first ms": [1e3 * one for one in times[:8]],
                           "built s": session.seconds["built"], **device_gib(session.model.device), "host_gib": resident_bytes() / GIB}
    if times:
        row["median ms"] = 1e3 * statistics.median(times)
    row.update(session.report())
    return row


def measure_errors(session: Session, count: int = 4) -> Dict[str, Any]:
    """Of the attention of `count` tokens behind the prompt, in some layers, against exact attention."""
    layers = session.model.shape.layers
    chosen = sorted({round(i * (layers - 1) / 3) for i in range(4)})
    decoder = session.decoder("rattan")
    errors = [error for _ in range(count) for error in session.output_errors(decoder, chosen)]
    return {"way": "error of attention", "tokens": session.tokens, "mean": statistics.mean(errors), "largest": max(errors)}


def growth(rows: List[Dict[str, Any]]) -> Dict[str, float]:
    """By way: the power of the number of tokens with which the time of a token grows (least squares of the logarithms)."""
    found = {}
    for way in {row["way"] for row in rows if "ms" in row}:
        points = [(math.log(row["tokens"]), math.log(row["ms"])) for row in rows if row["way"] == way and "ms" in row]
        if len(points) > 1:
            mean_x, mean_y = (statistics.mean(values) for values in zip(*points))
            spread = sum((x - mean_x) ** 2 for x, _ in points)
            if spread > 0:
                found[way] = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return found

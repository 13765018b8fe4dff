"""Rows of results as text."""
import json
from collections import defaultdict
from typing import Any, Dict, List

COLUMNS = [("score", "score", "{:.1%}"), ("nll", "NLL", "{:.4f}"), ("keys_read", "keys read", "{:.2%}"),
           ("keys_retrieved", "retrieved", "{:.0f}"), ("bytes_per_step", "KB a head", "{:.1f}"), ("tokens_per_second", "tokens/s", "{:.2f}"),
           ("attention_ms", "attention, ms", "{:.1f}"), ("build_seconds", "build, s", "{:.1f}"), ("prefill_seconds", "prefill, s", "{:.1f}"),
           ("index_bytes", "index / KV", "{:.1%}")]


def summarise(rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Means over samples: one row for each task, length and attention."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["task"], row["length"], row["attention"]].append(row)
    out = []
    for (task, length, attention), members in groups.items():
        mean = {"task": task, "length": length, "attention": attention, "samples": len(members)}
        for name, _, _ in COLUMNS:
            values = [row[name] for row in members if name in row]
            if values:
                mean[name] = sum(values) / len(values)
        if "index_bytes" in mean:
            mean["index_bytes"] /= sum(row["kv_bytes"] for row in members) / len(members)
        if "bytes_per_step" in mean:
            mean["bytes_per_step"] /= 1000
        out.append(mean)
    return out


def write(rows: List[Dict[str, Any]], form: str, about: Dict[str, Any]) -> str:
    """form: "md" (means) or "json" (every sample)."""
    if form == "json":
        return json.dumps({"about": about, "rows": rows}, indent=1) + "\n"
    means = summarise(rows)
    shown = [column for column in COLUMNS if any(column[0] in row for row in means)]
    lines = [", ".join(f"{key} {value}" for key, value in about.items()), "",
             "| task | length | attention | samples | " + " | ".join(title for _, title, _ in shown) + " |",
             "|---" * (4 + len(shown)) + "|"]
    for row in means:
        cells = [style.format(row[name]) if name in row else "" for name, _, style in shown]
        lines.append(f"| {row['task']} | {row['length']} | {row['attention']} | {row['samples']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"

"""Rows as text."""
import json
from typing import Any, Dict, List

COLUMNS = [("ms", "ms a token", "{:.1f}"), ("ms p90", "p90", "{:.1f}"), ("tokens/s", "tokens/s", "{:.1f}"), ("nll", "NLL", "{:.4f}"),
           ("gpu_peak_gib", "GPU peak, GiB", "{:.1f}"), ("gpu_in_use_gib", "GPU in use, GiB", "{:.1f}"), ("host_gib", "host, GiB", "{:.1f}")]


def write(about: Dict[str, Any], rows: List[Dict[str, Any]], exponents: Dict[str, float], form: str) -> str:
    """form: "md" or "json"."""
    if form == "json":
        return json.dumps({"about": about, "rows": rows, "growth": exponents}, indent=1) + "\n"
    lines = [", ".join(f"{name} {value}" for name, value in about.items()), ""]
    lines += ["| tokens | way | " + " | ".join(title for _, title, _ in COLUMNS) + " |", "|---" * (2 + len(COLUMNS)) + "|"]
    for row in rows:
        if "ms" in row or "error" in row:
            cells = [style.format(row[name]) if row.get(name) is not None else "" for name, _, style in COLUMNS]
            lines.append(f"| {row['tokens']:,} | {row['way']}{', ' + row['weights'] if 'weights' in row else ''} | " + " | ".join(cells) + " |" + row.get("error", ""))
    for row in rows:
        lines.append("")
        if row["way"] == "prompt":
            times = ", ".join(f"{name[:-2]} {value:.2f}" for name, value in row.items() if name.endswith(" s"))
            lines.append(f"{row['tokens']:,} tokens, seconds: {times}.")
            if "kinds" in row:
                recall = "" if row["recall"] is None else f"; recall of held-out queries {row['recall']:.3f}, worst query head {row['worst_recall']:.3f}"
                lines.append(f"Heads: {row['kinds']}{recall}; index {row['index_bytes'] / (1 << 30):.2f} GiB beside keys and values.")
        elif row["way"] == "while building":
            first = ", ".join(f"{one:.1f}" for one in row["first ms"])
            median = f", median {row['median ms']:.1f}" if "median ms" in row else ""
            lines.append(f"{row['tokens']:,} tokens, seconds from the prompt's beginning: first token {row['first token s']:.2f}, all indexes "
                         f"stand {row['built s']:.2f}. Tokens decoded meanwhile: {row['decoded']}; ms of the first: {first}{median}.")
            lines.append(f"Heads: {row['kinds']}; index {row['index_bytes'] / (1 << 30):.2f} GiB beside keys and values.")
        elif "mean" in row:
            lines.append(f"{row['tokens']:,} tokens: attention is off by {row['mean']:.3f} of its norm in the mean, {row['largest']:.3f} at most.")
        elif row.get("bound"):
            lines.append(f"{row['tokens']:,} tokens, {row['way']}: {row['bound']}.")
    lines += ["", *(f"{way}: time grows as the number of tokens to the power {power:.2f}." for way, power in sorted(exponents.items()))]
    return "\n".join(lines) + "\n"

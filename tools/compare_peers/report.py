"""One table (Markdown, JSON) and one picture."""
import json

COLUMNS = [("index", "index", "{}"), ("target", "target", "{:.2f}"), ("recall", "recall", "{:.3f}"),
           ("us p50", "us_p50", "{:.0f}"), ("us p99", "us_p99", "{:.0f}"), ("x flat", "times_faster_than_flat", "{:.2f}"),
           ("vectors/q", "keys_per_query", "{:.0f}"), ("KB/q", "kb", "{:.1f}"), ("build s", "build_s", "{:.1f}"),
           ("index MB", "mb", "{:.1f}"), ("setting", "setting", "{}")]


def cell(row, member, form):
    value = {"kb": lambda r: r["bytes_per_query"] and r["bytes_per_query"] / 1e3,
             "mb": lambda r: r["index_bytes"] / 1e6}.get(member, lambda r: r.get(member))(row)
    text = "-" if value is None else form.format(value)
    return text + "*" if member == "recall" and not row["reached"] else text


def markdown(rows, notes):
    lines = ["| " + " | ".join(title for title, _, _ in COLUMNS) + " |",
             "|" + "|".join(":--" if m in ("index", "setting") else "--:" for _, m, _ in COLUMNS) + "|"]
    lines += ["| " + " | ".join(cell(row, m, f) for _, m, f in COLUMNS) + " |" for row in rows]
    return "\n".join(lines) + "\n\n" + "\n".join(notes) + "\n"


def plot(rows, title, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib import ticker

    names = list(dict.fromkeys(row["index"] for row in rows))
    figure, panels = plt.subplots(1, 2, figsize=(13, 5.5), layout="constrained")
    for i, name in enumerate(names):
        ours = not name.startswith(("faiss", "hnswlib"))
        style = {"color": f"C{i % 10}", "marker": "o" if ours else "s", "linewidth": 2.2 if ours else 1.2,
                 "linestyle": "-" if ours else "--", "markersize": 6}
        mine = sorted((row for row in rows if row["index"] == name), key=lambda row: row["recall"])
        label = f"Rattan {name}" if ours else name
        panels[0].plot([r["recall"] for r in mine], [r["us_p50"] for r in mine], label=label, **style)
        counted = [r for r in mine if r["bytes_per_query"]]
        if counted:
            panels[1].plot([r["recall"] for r in counted], [r["bytes_per_query"] / 1e3 for r in counted], label=label, **style)
    panels[0].set_ylabel("time of one step (4 heads), us, median")
    panels[1].set_ylabel("KB read per query head (kinds that count it)")
    for panel in panels:
        panel.set_yscale("log")
        for axis in (panel.yaxis.set_major_formatter, panel.yaxis.set_minor_formatter):
            axis(ticker.FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "125" else ""))
        panel.set_xlabel("recall@k on held-out decode queries")
        panel.grid(True, which="both", alpha=0.25)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=130)


def write(rows, notes, title, folder):
    (folder / "compare.md").write_text(f"# {title}\n\n" + markdown(rows, notes))
    (folder / "compare.json").write_text(json.dumps({"title": title, "rows": rows, "notes": notes}, indent=1) + "\n")
    plot(rows, title, folder / "compare.png")

# SPDX-License-Identifier: Apache-2.0
"""Write the results of peers.py as JSON, as Markdown and as a plot.

    report.py RESULT.json           write .md and .svg anew
"""

import json
import math
import sys

COLORS = {"burin": "#c0392b", "onnxruntime": "#1f3a5f", "openvino": "#2a7f9e",
          "deepsparse": "#d68910", "torch-dense": "#7d3c98",
          "torch-csr": "#a569bd", "torch-bsr": "#d2b4de",
          "tvm-dense": "#1e8449", "tvm-bsr": "#58d68d", "bound": "#888888"}


def color(system):
    return COLORS[system.partition("@")[0].partition(":")[0]]


def dash(system):
    """Of its line in the plot, by precision."""
    return ("4 3" if system == "bound" else "1 3" if ":int8" in system else
            "8 3" if ":bf16" in system else "")


def write(out, result):
    with open(f"{out}.json", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
    with open(f"{out}.md", "w", encoding="utf-8") as f:
        f.write(markdown(result))
    with open(f"{out}.svg", "w", encoding="utf-8") as f:
        f.write(svg(result))


def systems(result):
    """Systems with at least one time, in the order they ran."""
    return list(dict.fromkeys(
        s for r in result["runs"] for s, x in r["results"].items()
        if "ms" in x))


def label(run):
    if not run["sparsity"]:
        return "dense"
    return f"{run['block']} {100 * run['sparsity']:g} %"


def bound(result, run):
    """Milliseconds for the remaining operations at the FMA peak of all
    threads."""
    return run["gflop"] / (result["machine"]["peak_gflops"] *
                           result["threads"]) * 1e3


def ms(run, system):
    return run["results"].get(system, {}).get("ms")


# ---- Markdown ----------------------------------------------------------------

def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def number(x, digits=1, unit=""):
    return "" if x is None else f"{x:.{digits}f}{unit}"


def times(result):
    names = systems(result)
    rows = []
    for run in result["runs"]:
        rows.append([label(run), *(number(ms(run, s)) for s in names),
                     number(bound(result, run))])
    return table(["ms", *names, "bound"], rows)


def ratios(result):
    """Table of how many times burin is faster."""
    names = [s for s in systems(result) if s != "burin"]
    dense = ms(result["runs"][0], "onnxruntime")
    rows = []
    for run in result["runs"]:
        mine = ms(run, "burin")
        if not mine:
            continue
        rows.append([label(run), number(dense and dense / mine, 2),
                     *(number(ms(run, s) and ms(run, s) / mine, 2)
                       for s in names),
                     number(mine / bound(result, run), 2)])
    return table(["times faster than", "onnxruntime, dense file", *names,
                  "burin / bound"], rows)


def sharing(result):
    """Table of how many times systems with @N are faster than without; ""
    if there are none."""
    names = [s for s in systems(result) if "@" in s]
    rows = []
    for run in result["runs"]:
        pairs = [(ms(run, s.partition("@")[0]), ms(run, s)) for s in names]
        if any(all(pair) for pair in pairs):
            rows.append([label(run), *(number(a and b and a / b, 2)
                                       for a, b in pairs)])
    head = ["times faster than on its own", *names]
    return table(head, rows) + "\n" if rows else ""


def costs(result):
    """Table of load times and memory for the first two files."""
    rows = []
    for run in result["runs"][:2]:
        for s, x in run["results"].items():
            if "ms" in x:
                rows.append([f"{label(run)}, {s}", number(x["load_s"], 2),
                             str(len(x.get("loads_s", [0]))),
                             number(x["rss_mb"], 0),
                             f"{x.get('difference', 0):.1e}"])
    return table(["file, system", "load and first run, s", "processes",
                  "peak RSS, MB", "largest difference"], rows)


def remarks(result):
    """List of notes and errors, each once."""
    seen = {}
    for run in result["runs"]:
        for s, x in run["results"].items():
            if "error" in x:
                seen.setdefault((s, f"fails: {x['error']}"), label(run))
            elif x.get("note"):
                seen.setdefault((s, x["note"]), label(run))
    lines = [f"- {s}, first at {where}: {what}"
             for (s, what), where in seen.items()]
    lines += [f"- {s}: not run: {why}" for s, why in result["missing"].items()]
    return "\n".join(lines) + "\n" if lines else "None.\n"


def started(result):
    prefix = result.get("prefix")
    return f", processes started with `{prefix}`" if prefix else ""


def versions(result):
    found = {s: x["version"] for r in result["runs"]
             for s, x in r["results"].items() if "version" in x}
    return ", ".join(f"{s} {v}" for s, v in found.items())


def markdown(result):
    m = result["machine"]
    threads = result["threads"]
    return f"""# {result['model']}, {result['shape']}, {threads} \
thread{'s' * (threads > 1)}

{result['date']}, {m['cpu']}, {m['cores']} cores, Linux {m['kernel']}, load at \
the start {m['load']:.1f}. FMA peak of one core {m['peak_gflops']:.1f} GFLOP/s \
before, {m['peak_gflops_after']:.1f} after. {versions(result)}.

Medians of {result['rounds']} rounds{started(result)}; in a round every system \
runs once \
untimed and once timed, after one another. float32 but for :bf16 and :int8, \
which is a file quantized dynamically by onnxruntime.quantization. Bound: the \
operations that the zeros leave, at the fp32 FMA peak.

{times(result)}
{ratios(result)}
{sharing(result)}Load and first run: median over processes, systems in turn, \
the file in the page cache, burin's cache warm. RSS includes the Python \
interpreter.

{costs(result)}
Remarks:

{remarks(result)}"""


# ---- SVG ---------------------------------------------------------------------

WIDTH, HEIGHT, TOP, LEFT, GAP = 300, 360, 60, 60, 140


def curves(result, block):
    """System -> [(sparsity, ms)] for a block shape; the dense file is at 0."""
    runs = [r for r in result["runs"] if r["block"] == block]
    runs = sorted([result["runs"][0], *runs], key=lambda r: r["sparsity"])
    found = {}
    for s in systems(result):
        points = [(r["sparsity"], ms(r, s)) for r in runs if ms(r, s)]
        if len(points) == 1 and points[0][0] == 0:
            points = [(r["sparsity"], points[0][1]) for r in runs]
        if points:
            found[s] = points
    found["bound"] = [(r["sparsity"], bound(result, r)) for r in runs]
    return found


def spread(labels, gap=13):
    """y of each label, moved down where labels would overlap."""
    placed, last = {}, -math.inf
    for y, name in sorted(labels):
        last = max(y, last + gap)
        placed[name] = last
    return placed


def panel(result, block, x0, scale):
    """The plot of one block shape: sparsity in even steps, time
    logarithmic."""
    lines = curves(result, block)
    steps = sorted({p for line in lines.values() for p, _ in line})
    low, high = scale

    def x(p):
        return x0 + WIDTH * steps.index(p) / max(1, len(steps) - 1)

    def y(t):
        return TOP + HEIGHT * math.log(high / t) / math.log(high / low)

    out = [f'<text x="{x0}" y="{TOP - 14}" font-weight="bold">blocks of '
           f'{block}</text>']
    for t in ticks(low, high):
        out.append(f'<path d="M{x0} {y(t):.1f}h{WIDTH}" stroke="#ddd"/>'
                   f'<text x="{x0 - 6}" y="{y(t) + 4:.1f}" '
                   f'text-anchor="end">{t:g}</text>')
    for p in steps:
        name = f"{100 * p:g} %" if p else "dense"
        out.append(f'<text x="{x(p):.1f}" y="{TOP + HEIGHT + 20}" '
                   f'text-anchor="middle">{name}</text>')
    for s, line in lines.items():
        d = "L".join(f"{x(p):.1f} {y(t):.1f}" for p, t in line)
        width = 3 if s == "burin" else 1.5
        out.append(f'<path d="M{d}" fill="none" stroke="{color(s)}" '
                   f'stroke-width="{width}" '
                   f'stroke-dasharray="{dash(s)}"/>')
        out += [f'<circle cx="{x(p):.1f}" cy="{y(t):.1f}" r="{width}" '
                f'fill="{color(s)}"/>' for p, t in line if s != "bound"]
    ends = spread([(y(line[-1][1]), s) for s, line in lines.items()])
    for s, at in ends.items():
        out.append(f'<text x="{x0 + WIDTH + 8}" y="{at + 4:.1f}" '
                   f'fill="{color(s)}">{s} {lines[s][-1][1]:.0f}</text>')
    return "\n".join(out)


def ticks(low, high):
    return [m * 10 ** e for e in range(5) for m in (1, 2, 5)
            if low <= m * 10 ** e <= high]


def svg(result):
    blocks = list(dict.fromkeys(r["block"] for r in result["runs"]
                                if r["sparsity"]))
    all_ms = [t for b in blocks for line in curves(result, b).values()
              for _, t in line]
    if not all_ms:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    scale = min(all_ms) / 1.2, max(all_ms) * 1.2
    width = LEFT + len(blocks) * (WIDTH + GAP)
    panels = "\n".join(panel(result, b, LEFT + i * (WIDTH + GAP), scale)
                       for i, b in enumerate(blocks))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" \
viewBox="0 0 {width} {TOP + HEIGHT + 40}" font-family="sans-serif" \
font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="{LEFT}" y="22" font-size="15">{result['model']}, {result['shape']}, \
{result['threads']} thread{'s' * (result['threads'] > 1)}: ms a run</text>
{panels}
</svg>
"""


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        write(sys.argv[1].removesuffix(".json"), json.load(f))

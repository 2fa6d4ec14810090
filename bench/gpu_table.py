#!/usr/bin/env python3
"""Writes the GPU table of README.md's Speed section from the newest result of a device in bench/results/, or that nothing has
been measured; it stands between two comments.

usage: gpu_table.py [--check]     --check changes nothing and exits 1 where README.md says something else
"""

import json
import pathlib
import sys

BEGIN, END = "<!-- written by bench/gpu_table.py -->\n", "<!-- until here -->\n"
ROWS = {  # what a reader asks for first
    "emissions-1e8": "emissions, 10⁸ rows",
    "front-1e6x3": "front, 10⁶ × 3",
    "front-1e8x3": "front, 10⁸ × 3",
    "front-1e6x8": "front, 10⁶ × 8",
    "counts-1e6x3": "dominance counts, 10⁶ × 3",
    "counts-1e7x3": "dominance counts, 10⁷ × 3",
    "counts-1e8x3": "dominance counts, 10⁸ × 3",
    "counts-1e6x8": "dominance counts, 10⁶ × 8",
    "ranks-1e6x3": "ranks of all fronts, 10⁶ × 3",
    "ranks-1e6x8": "ranks of all fronts, 10⁶ × 8",
}


def seconds(way):
    if "seconds" not in way:
        return "not measured"
    value = way["seconds"]
    return f"{1e6 * value:.0f} µs" if value < 1e-3 else f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def newest(folder):
    """The newest result that is of a device, as (path, result); None where there is none."""
    found = []
    for path in folder.glob("20??-??-??-*.json"):
        result = json.loads(path.read_text())
        if isinstance(result, dict) and "device" in result and not result.get("emulated", True):
            found.append((path, result))
    return max(found, key=lambda one: one[0].name, default=None)


def table(root):
    measured = newest(root / "bench/results")
    if not measured:
        return "**GPU: not measured.** The CUDA backend is proven on an emulated device; no figure of a GPU is claimed.\n"
    path, result = measured
    last = {line["row"]: line for line in result["lines"] if line["kind"] == "headline"}
    text = (f"On one {result['device']}, {result['date']} ([table](bench/results/{path.stem}.md)): from float64 columns in device "
            "memory to answers in device memory,\nfrom host memory to host memory, and the CPU of the same machine on all cores:\n\n"
            "| task, independent data | device | host to host | CPU |\n|---|---:|---:|---:|\n")
    for row, name in ROWS.items():
        line = last.get(row, {})
        wrong = "" if line.get("equal", True) else " (**wrong answer**)"
        text += f"| {name}{wrong} | {' | '.join(seconds(line.get(way, {})) for way in ('device', 'host', 'cpu'))} |\n"
    return text


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    readme = root / "README.md"
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    new = before + BEGIN + "\n" + table(root) + "\n" + END + after
    if "--check" in sys.argv[1:]:
        if new != text:
            sys.exit("README.md's GPU table is not what bench/gpu_table.py writes; run it")
    else:
        readme.write_text(new)


main()

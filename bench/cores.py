#!/usr/bin/env python3
"""Measure how far `score` uses the cores: every phase with one thread, two, and as many as there are.

usage: cores.py PROGRAM [--output-folder DIR] [--runs N] [--rows N] [--name NAME]

Threads take turns within a run, times are medians. Of n threads and a speed-up of s, the serial share is what Amdahl's law makes
of them, (n / s − 1) / (n − 1): what a phase would still take on any number of cores, with what memory and shared caches cost.
Writes DIR/YYYY-MM-DD-cpu-NAME-cores.json and a Markdown table beside it (DIR: bench/results).
"""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from end_to_end import EMISSIONS, machine, view

PHASES = ["read", "decode", "emissions", "order", "front", "counts", "rank", "write"]
LEAST = 0.005  # seconds; a phase of less says nothing


def plain(objectives, outputs):
    return view([f"f{k + 1}:min" for k in range(objectives)], outputs)


# title, rows as a multiple of --rows, arguments of generate, spec
CASES = [
    ("counts and witnesses, × 2", 1, ["--plain", "--objectives", 2], plain(2, ["dominated_by", "witness"])),
    ("emissions; counts and witnesses of accuracy × co2e_kg", 1, ["--objectives", 2],
     EMISSIONS + view(["accuracy:max", "co2e_kg:min"], ["dominated_by", "witness"])),
    ("counts, × 3", 1, ["--plain", "--objectives", 3], plain(3, ["dominated_by"])),
    ("counts, × 8", 1, ["--plain", "--objectives", 8], plain(8, ["dominated_by"])),
    ("ranks, × 3", 1, ["--plain", "--objectives", 3], plain(3, ["rank"])),
    ("ranks, × 8", 1, ["--plain", "--objectives", 8], plain(8, ["rank"])),
    ("front, × 3", 10, ["--plain", "--objectives", 3], plain(3, [])),
    ("front, × 8", 10, ["--plain", "--objectives", 8], plain(8, [])),
    ("six packed columns: emissions, and the front of 4", 10, ["--objectives", 1, "--deflate", 1],
     EMISSIONS + view(["accuracy:max", "params:min", "f1:min", "co2e_kg:min"], [])),
]


def timings(program, sweep, spec, threads, scratch):
    summary = scratch / "summary.json"
    command = [program, "score", sweep, "--spec", spec, "-o", scratch / "result.h5", "--backend", "cpu", "--force",
               "--threads", threads, f"--json={summary}"]
    subprocess.run([str(c) for c in command], check=True, capture_output=True)
    return json.loads(summary.read_text())["timings"]


def measure(program, case, rows, counts, runs, scratch):
    title, factor, generate, text = case
    sweep, spec = scratch / "sweep.h5", scratch / "spec.toml"
    spec.write_text(text)
    subprocess.run([str(c) for c in [program, "generate", "--rows", rows * factor, *generate, "-o", sweep, "--force"]],
                   check=True, capture_output=True)
    every = {threads: [] for threads in counts}
    for _ in range(runs):
        for threads in counts:
            every[threads].append(timings(program, sweep, spec, threads, scratch))
            print(f"{title}, {threads} threads: {every[threads][-1]['total']:.3f} s", file=sys.stderr)
    seconds = {phase: {t: statistics.median(run.get(phase, 0) for run in every[t]) for t in counts} for phase in [*PHASES, "total"]}
    return {"title": title, "rows": rows * factor, "seconds": seconds}


def serial_share(one, many, threads):
    return max(0.0, (threads * many / one - 1) / (threads - 1))


def markdown(report):
    m, counts = report["machine"], report["threads"]
    out = [f"# `score` on {' and '.join(map(str, counts))} threads, {report['date']}", "",
           f"{m['cpu']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, {m['system']}; {report['version']}; median of {report['runs']} runs in "
           "turns. Independent data. Serial share: what Amdahl's law makes of the speed-up on all cores; phases of less than 5 ms are left out. With more than "
           "one thread the next batch is read meanwhile: what is read so takes its time from the phases beside it, and `read` is what is waited for.", "",
           "| work | rows | phase | " + " | ".join(f"{t} threads, ms" if t > 1 else "1 thread, ms" for t in counts) + " | speed-up | serial share |",
           "|---|---:|---|" + "---:|" * (len(counts) + 2)]
    for case in report["cases"]:
        for phase, seconds in case["seconds"].items():
            one, many = seconds[counts[0]], seconds[counts[-1]]
            if one < LEAST or many == 0:
                continue
            times = " | ".join(f"{1000 * seconds[t]:.1f}" for t in counts)
            share = f"{serial_share(one, many, counts[-1]):.0%}" if counts[-1] > 1 else "–"
            out.append(f"| {case['title']} | {case['rows']:,} | {phase} | {times} | {one / many:.2f} | {share} |")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).resolve().parent / "results")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--name", default="unnamed")
    a = parser.parse_args()
    program, cores = a.program.resolve(), len(os.sched_getaffinity(0))
    counts = sorted({1, min(2, cores), cores})
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip() or "carbonfront"
    report = {"date": datetime.date.today().isoformat(), "machine": machine(), "version": version, "runs": a.runs,
              "threads": counts, "cases": []}
    stem = a.output_folder / f"{report['date']}-cpu-{a.name}-cores"
    a.output_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            report["cases"].append(measure(program, case, a.rows, counts, a.runs, Path(folder)))
            stem.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")  # partial results are kept
            stem.with_suffix(".md").write_text(markdown(report))
    print(markdown(report), end="")


if __name__ == "__main__":
    main()

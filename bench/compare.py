#!/usr/bin/env python3
"""Compare carbonfront's CPU engine with the libraries a user would pick, on the same files in the same run.

usage: compare.py BUILD [--output-folder DIR] [--name NAME] [--only TEXT] [--rows N] [--limit SECONDS] [--large] [--peers PYTHON]

BUILD is a build folder (build/release). For every case: `carbonfront generate` writes a sweep; `carbonfront score` scores it, and its
answer is kept; BUILD/bench/pareto_bench times the verdict alone, in memory; each peer (peer.py, in a virtual environment made here
from PyPI unless --peers names a Python that has them) is timed on the file's columns in memory, and its time counts only where its
answer equals ours. `pairwise` is our own SIMD loop over all pairs, the floor. Writes DIR/YYYY-MM-DD-cpu-NAME-peers.json and a Markdown table
(DIR: bench/results). --rows N caps the rows of every case, for a quick look. A peer gets --limit seconds (120). --large adds what needs
16 GiB and no peer finishes.
"""
import argparse
import datetime
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from end_to_end import machine

PEERS = {"front": ["moocore", "paretoset", "pymoo"], "rank": ["moocore", "pymoo", "paretoset"], "dominated_by": ["pairwise"],
         "hypervolume": ["moocore", "pygmo"]}
ALL = ["independent", "correlated", "anticorrelated", "nondominated", "quantised"]
M = 1_000_000
CASES = (
    [("front", M, 3, d) for d in ALL] + [("front", M, 8, d) for d in ALL] + [("front", M, 6, "anticorrelated")]
    + [("dominated_by", M, m, "independent") for m in (2, 3, 4, 5, 8)] + [("dominated_by", M, m, d) for m in (3, 8) for d in ALL[1:]]
    + [("dominated_by", 10 * M, 3, "independent"), ("dominated_by", 10 * M, 4, "independent")]
    + [("rank", M, 2, "independent")] + [("rank", M, 3, d) for d in ALL] + [("rank", M, 4, "independent")] + [("rank", M, 8, d) for d in ALL]
    + [("rank", 10_000, 3, "independent")]
    + [("dominated_by", 10_000, 3, "independent"), ("dominated_by", 100_000, 3, "independent")]
    + [("hypervolume", 100_000, 3, "nondominated"), ("hypervolume", 10_000, 4, "nondominated"),
       ("hypervolume", 1_000, 6, "nondominated"), ("hypervolume", 500, 8, "nondominated")]
)
# No peer finishes these: our time alone, with --large.
LARGE = [("front", 100 * M, 3, "independent"), ("front", 10 * M, 8, "anticorrelated"), ("dominated_by", 100 * M, 3, "independent"),
         ("rank", 10 * M, 3, "independent"), ("rank", 10 * M, 8, "independent")]
# Quadratic memory or time: only where they finish.
ROWS_LIMIT = {("rank", "pymoo"): 20_000, ("rank", "pygmo"): 20_000, ("dominated_by", "pygmo"): 20_000,
              ("rank", "paretoset"): 20_000, ("dominated_by", "pairwise"): 100_000}
EXTRA_PEERS = {("rank", 10_000): ["pygmo"], ("dominated_by", 10_000): ["pygmo"]}


def run(command, limit=None):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit, check=True).stdout


def sha(values, kind):
    return hashlib.sha256(values.astype(kind).tobytes()).hexdigest()


def our_answer(program, sweep, task, objectives, scratch):
    outputs = {"front": "", "rank": "rank", "dominated_by": "dominated_by", "hypervolume": "hypervolume"}[task]
    spec, result = scratch / "spec.toml", scratch / "result.h5"
    reference = f"reference_point = {[1.1] * objectives}\n" if task == "hypervolume" else ""
    names = json.dumps([outputs] if outputs else [])
    columns = json.dumps([f"f{i + 1}:min" for i in range(objectives)])
    spec.write_text(f'[[view]]\nname = "v"\nobjectives = {columns}\noutputs = {names}\n{reference}')
    run([program, "score", sweep, "--spec", spec, "-o", result, "--force", "--backend", "cpu"])
    with h5py.File(result) as f:
        view = f["views/v"]
        if task == "front":
            return sha(view["front"][:], "<i8"), len(view["front"])
        if task == "hypervolume":
            return float(view["groups/hypervolume"][0]), len(view["front"])
        return sha(view[task][:], "<u4"), len(view["front"])


def bench_run(bench, task, distribution, rows, objectives, repetitions=3):
    """Median seconds of the verdict in memory, and the rows of its front."""
    text = run([bench, f"--benchmark_filter=^{task}/{distribution}/rows:{rows}/objectives:{objectives}/", "--benchmark_format=json",
                f"--benchmark_repetitions={repetitions}", "--benchmark_min_time=0.2"])
    runs = [b for b in json.loads(text)["benchmarks"] if b["run_type"] == "iteration"]
    times = sorted(b["real_time"] for b in runs)
    return times[len(times) // 2] / 1000, int(runs[0].get("front", 0))


def equal(task, ours, theirs):
    return abs(ours - theirs) <= 1e-9 * abs(ours) if task == "hypervolume" else ours == theirs


def measure(case, args, program, bench, peers_python, scratch):
    task, rows, objectives, distribution = case
    rows = min(rows, args.rows or rows)
    sweep = scratch / "sweep.h5"
    entry = {"task": task, "rows": rows, "objectives": objectives, "distribution": distribution, "peers": {}}
    entry["seconds"], entry["front_rows"] = bench_run(bench, task, distribution, rows, objectives, 1 if case in LARGE else 3)
    if case in LARGE:
        return entry
    run([program, "generate", "--plain", "--rows", rows, "--objectives", objectives, "--distribution", distribution, "-o", sweep, "--force"])
    answer, entry["front_rows"] = our_answer(program, sweep, task, objectives, scratch)
    for peer in PEERS[task] + EXTRA_PEERS.get((task, rows), []):
        if rows > ROWS_LIMIT.get((task, peer), rows):
            continue
        try:
            if peer == "pairwise":  # its answer is checked by pareto_bench itself
                entry["peers"][peer] = {"seconds": bench_run(bench, "pairwise", distribution, rows, objectives, 1)[0]}
                continue
            found = json.loads(run([peers_python, Path(__file__).with_name("peer.py"), peer, task, sweep], args.limit))
            if equal(task, answer, found.pop("answer")):
                entry["peers"][peer] = found
            else:
                entry["peers"][peer] = {"problem": "another answer"}
        except subprocess.TimeoutExpired:
            entry["peers"][peer] = {"problem": f"not done in {args.limit} s"}
        except subprocess.CalledProcessError as error:
            entry["peers"][peer] = {"problem": (error.stderr.strip().splitlines() or ["failed"])[-1][:100]}
    return entry


def seconds_text(seconds):
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def table(report):
    box = report["machine"]
    lines = [f"# CPU engine and its peers, {report['date']}", "",
             f"{box['cpu']}, {box['cores']} cores, {box['memory_bytes'] / 2**30:.0f} GiB, {box['system']}. Columns in memory as float64; medians; carbonfront "
             "with all cores, peers as they come (one thread). Every peer's answer was compared with ours first.", "",
             "| task | rows × objectives | data | front rows | carbonfront | peers (times ours) |", "|---|---|---|---:|---:|---|"]
    for e in report["cases"]:
        peers = ", ".join(f"{n} {p['problem']}" if "problem" in p else f"{n} {seconds_text(p['seconds'])} ({p['seconds'] / e['seconds']:.3g} ×)"
                          for n, p in e["peers"].items())
        lines.append(f"| {e['task']} | {e['rows']:,} × {e['objectives']} | {e['distribution']} | {e['front_rows']:,} | "
                     f"{seconds_text(e['seconds'])} | {peers} |")
    return "\n".join(lines) + "\n"


def make_peers(folder):
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin/pip", "install", "--quiet", "moocore", "pymoo", "paretoset", "pygmo", "numpy", "h5py"])
    return folder / "bin/python"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--name", default="unnamed")
    parser.add_argument("--only", default="")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--limit", type=float, default=120)
    parser.add_argument("--peers")
    args = parser.parse_args()
    report = {"date": datetime.date.today().isoformat(), "machine": machine(), "cases": []}
    stem = args.output_folder / f"{report['date']}-cpu-{args.name}-peers"
    args.output_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        peers_python = args.peers or make_peers(scratch / "peers")
        for case in CASES + (LARGE if args.large else []):
            if args.only not in "/".join(map(str, case)):
                continue
            entry = measure(case, args, args.build / "host/carbonfront", args.build / "bench/pareto_bench", peers_python, scratch)
            report["cases"].append(entry)
            print(table({**report, "cases": [entry]}).splitlines()[-1], flush=True)
            stem.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")  # partial results are kept
            stem.with_suffix(".md").write_text(table(report))
    print(f"{stem}.json and .md")


if __name__ == "__main__":
    main()

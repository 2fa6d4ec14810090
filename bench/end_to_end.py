#!/usr/bin/env python3
"""Measure `score` from file to result: wall time and peak memory.

usage: end_to_end.py PROGRAM [--cases FOLDER] [--output-folder DIR] [--runs N] [--rows N] [--large N] [--name NAME]

Makes a sweep of 1,000,000 rows and one of 421,875 rows × 4 objectives; with --cases the latter is the real
nasbench201_hw_long.h5 found under FOLDER; with --large also one of that many rows, packed, of which six
columns are read, and the front of four objectives and the emissions computed, within 2 GiB. Writes DIR/YYYY-MM-DD-cpu-NAME.json and a Markdown table beside it
(DIR: bench/results). Files are in the page cache from the second run on; times are the median of all runs.
Memory is judged against 6 × the columns used + 64 MB (1 MB = 10^6 bytes). Needs h5py.
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMISSIONS = """[emissions]
carbon_intensity = { value = 0.437, unit = "kg/kWh" }
devices = { column = "n_gpus" }
max_power = { column = "tdp" }
time = { column = "train_time" }
"""


def view(objectives, outputs):
    return f'[[view]]\nname = "bench"\nobjectives = {json.dumps(objectives)}\noutputs = {json.dumps(outputs)}\n'


COUNTS_AND_WITNESS = ["dominated_by", "witness"]
ALL_COUNTS = ["dominated_by", "dominates", "witness"]
TRAINING = EMISSIONS + view(["accuracy:max", "co2e_kg:min"], COUNTS_AND_WITNESS)
PLAIN = view(["f1:min", "f2:min"], COUNTS_AND_WITNESS)
NASBENCH = view(["cifar10_acc_200ep:max", "cifar100_test_12ep:max", "imagenet16_test_12ep:max", "latency_ms:min"], ALL_COUNTS)
LARGE = EMISSIONS + view(["accuracy:max", "params:min", "f1:min", "co2e_kg:min"], [])
FOUR = view(["f1:min", "f2:min", "f3:min", "f4:min"], ALL_COUNTS)


def machine():
    def first(path, pattern, default):
        try:
            found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
            return found.group(1).strip() if found else default
        except OSError:
            return default

    return {
        "cpu": first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$", platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": first("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)', platform.system()),
    }


def measured(command):
    """Runs to the end; returns wall seconds and peak resident bytes."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}: {errors.read().decode().strip()}")
    return seconds, usage.ru_maxrss * 1024


def score(program, sweep, title, spec, columns, runs, scratch, more=()):
    """Runs one case; `describe` adds what only the files tell."""
    spec_file, result, summary = scratch / "spec.toml", scratch / f"{len(os.listdir(scratch))}.h5", scratch / "summary.json"
    spec_file.write_text(spec)
    command = [program, "score", sweep, "--spec", spec_file, "-o", result, "--backend", "cpu", "--force", f"--json={summary}", *more]
    every = []
    for _ in range(runs):
        seconds, peak = measured(command)
        every.append({"seconds": seconds, "peak_bytes": peak, "timings": json.loads(summary.read_text()).get("timings", {})})
        print(f"{title}: {seconds:.3f} s, {peak / 1e6:.0f} MB", file=sys.stderr)
    seconds = statistics.median(run["seconds"] for run in every)
    nearest = min(every, key=lambda run: abs(run["seconds"] - seconds))
    return {
        "title": title, "spec": spec, "columns": columns, "sweep": sweep, "result": result, "seconds": seconds,
        "seconds_of_runs": [run["seconds"] for run in every], "peak_bytes": max(run["peak_bytes"] for run in every),
        "timings": nearest["timings"],
    }


def describe(case):
    """Adds rows, front and sizes. Only after all runs: a process starts with its parent's peak memory, and h5py is large."""
    import h5py

    sweep, result = case.pop("sweep"), case.pop("result")
    with h5py.File(sweep, "r") as file:
        used = sum(int(file["configs"][name].size) * file["configs"][name].dtype.itemsize for name in case["columns"])
    with h5py.File(result, "r") as file:
        case["rows"], case["front_rows"] = int(file["views/bench/state"].size), int(file["views/bench/front"].size)
    limit = 6 * used + 64_000_000
    case.update(sweep_bytes=os.path.getsize(sweep), column_bytes=used, memory_limit_bytes=limit,
                peak_to_limit=case["peak_bytes"] / limit)


def find_real_sweep(folder):
    if folder is None:
        return None
    found = sorted(folder.rglob("nasbench201_hw_long.h5"))
    if not found:
        sys.exit(f"no nasbench201_hw_long.h5 under '{folder}' (it is the real sweep that is measured); "
                 "give another folder, or drop --cases")
    return found[0]


def markdown(report):
    m = report["machine"]
    out = [f"# From file to result, {report['date']}", "",
           f"{m['cpu']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, {m['system']}; {report['version']}; "
           f"median of {report['runs']} runs. Limit of memory: 6 × columns + 64 MB.", "",
           "| work | rows | front | seconds | waiting for the reader | columns | peak | peak / limit | slowest phases |",
           "|---|---:|---:|---:|---:|---:|---:|---:|---|"]
    for case in report["score"]:
        phases = sorted(((v, k) for k, v in case["timings"].items() if k != "total" and isinstance(v, (int, float))), reverse=True)
        out.append(f"| {case['title']} | {case['rows']:,} | {case['front_rows']:,} | {case['seconds']:.3f} | "
                   f"{case['timings'].get('read', 0) / case['timings'].get('total', case['seconds']):.0%} | {case['column_bytes'] / 1e6:.1f} MB | {case['peak_bytes'] / 1e6:.0f} MB | {case['peak_to_limit']:.2f} | "
                   f"{', '.join(f'{name} {seconds:.3f} s' for seconds, name in phases[:3])} |")
    g = report["generate"]
    out += ["", f"`generate` wrote {g['rows']:,} rows ({g['bytes'] / 1e6:.0f} MB) in {g['seconds']:.2f} s, peak "
            f"{g['peak_bytes'] / 1e6:.0f} MB.", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--cases", type=Path, help="folder of real sweeps")
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).resolve().parent / "results")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the two-objective sweep")
    parser.add_argument("--large", type=int, default=0, help="rows of a sweep that is larger than its memory limit")
    parser.add_argument("--name", help="of the machine, in the file's name; its CPU otherwise")
    a = parser.parse_args()
    program, real = a.program.resolve(), find_real_sweep(a.cases)
    here = machine()
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip() or "carbonfront"
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        large, four = scratch / "large.h5", scratch / "four.h5"
        seconds, peak = measured([program, "generate", "--rows", a.rows, "--objectives", 2, "-o", large])
        generated = {"rows": a.rows, "seconds": seconds, "peak_bytes": peak, "bytes": os.path.getsize(large)}
        emission_columns = ["accuracy", "n_gpus", "tdp", "train_time"]
        cases = [score(program, large, "accuracy, co2e_kg (emissions computed)", TRAINING, emission_columns, a.runs, scratch),
                 score(program, large, "f1, f2", PLAIN, ["f1", "f2"], a.runs, scratch)]
        if real:
            columns = ["cifar10_acc_200ep", "cifar100_test_12ep", "imagenet16_test_12ep", "latency_ms"]
            cases.append(score(program, real, "NAS-Bench-201 on 27 devices, 4 objectives", NASBENCH, columns, a.runs, scratch))
        else:
            measured([program, "generate", "--rows", 421_875, "--objectives", 4, "--plain", "--deflate", 4, "-o", four])
            cases.append(score(program, four, "f1 to f4, independent", FOUR, ["f1", "f2", "f3", "f4"], a.runs, scratch))
        if a.large:
            sweep = scratch / "six.h5"
            measured([program, "generate", "--rows", a.large, "--objectives", 1, "--deflate", 1, "-o", sweep])
            cases.append(score(program, sweep, "six packed columns, in 2 GiB: emissions, and the front of 4 objectives", LARGE,
                               ["accuracy", "params", "f1", "n_gpus", "tdp", "train_time"], min(a.runs, 3), scratch, ["--memory-limit", "2GiB"]))
        for case in cases:
            describe(case)
    date = datetime.date.today().isoformat()
    report = {"date": date, "machine": here, "version": version, "runs": a.runs, "generate": generated, "score": cases}
    name = a.name or re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)|@.*", "", here["cpu"].lower())).strip("-") + f"-{here['cores']}-cores"
    a.output_folder.mkdir(parents=True, exist_ok=True)
    stem = a.output_folder / f"{date}-cpu-{name}"
    stem.with_name(stem.name + ".json").write_text(json.dumps(report, indent=1) + "\n")
    stem.with_name(stem.name + ".md").write_text(markdown(report))
    print(markdown(report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

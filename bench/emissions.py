#!/usr/bin/env python3
"""Record how fast every emission model is beside a copy of memory.

usage: emissions.py BENCH [--runs N] [--output-folder DIR] [--name NAME]

BENCH is the program emissions_bench of the build folder's bench/; its cases take turns. Writes
DIR/YYYY-MM-DD-cpu-NAME-emissions.json and a Markdown table beside it (DIR: bench/results).
"""
import argparse
import datetime
import json
import statistics
import subprocess
import sys
from pathlib import Path

from end_to_end import machine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).resolve().parent / "results")
    parser.add_argument("--name", required=True, help="of the machine, in the file's name")
    a = parser.parse_args()
    command = [a.bench.resolve(), f"--benchmark_repetitions={a.runs}", "--benchmark_enable_random_interleaving=true",
               "--benchmark_format=json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    runs = {}
    for run in told["benchmarks"]:
        if run["run_type"] == "iteration":
            runs.setdefault(run["run_name"].split("/")[0], []).append(run)
    cases = [{"model": model, "rows": int(every[0]["run_name"].split("/")[1]),
              "bytes_per_second": statistics.median(run["bytes_per_second"] for run in every),
              "rows_per_second": statistics.median(run["items_per_second"] for run in every if "items_per_second" in run)
              if "items_per_second" in every[0] else None} for model, every in runs.items()]
    copy = next(case["bytes_per_second"] for case in cases if case["model"] == "copy")
    here, date = machine(), datetime.date.today().isoformat()
    lines = [f"# Emission models beside a copy, {date}", "",
             f"{here['cpu']}, {here['cores']} cores, {here['memory_bytes'] / 2**30:.0f} GiB, {here['system']}; {cases[0]['rows']:,} rows in memory, "
             f"every factor but one a column, median of {a.runs} runs in turns. Bytes are those of the columns read and written, without what the "
             "caches read before they write.", "", "| model | GB/s | million rows/s | of a copy |", "|---|---:|---:|---:|"]
    for case in cases:
        rows = f"{case['rows_per_second'] / 1e6:.0f}" if case["rows_per_second"] else "–"
        lines.append(f"| {case['model']} | {case['bytes_per_second'] / 1e9:.1f} | {rows} | {case['bytes_per_second'] / copy:.2f} |")
    a.output_folder.mkdir(parents=True, exist_ok=True)
    stem = a.output_folder / f"{date}-cpu-{a.name}-emissions"
    stem.with_suffix(".json").write_text(json.dumps({"date": date, "machine": here, "runs": a.runs, "cases": cases}, indent=1) + "\n")
    stem.with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())

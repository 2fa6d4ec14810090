#!/usr/bin/env python3
"""Measure reading: columns of a sweep into memory, beside dd and h5py, on the same file in the same run, page cache warm.

usage: read_bench.py READER [--rows N] [--runs N] [--output-folder DIR] [--name NAME]

READER is the program read_columns of the build folder's bench/. Four float64 columns, uncompressed and with deflate 1 + shuffle; h5py
reads whole columns with one core; dd reads as many bytes of the file into a buffer of 1 MiB. The ways take turns; times are
medians. One core is `taskset -c 0`. Also the time to map the 100,000 chunks of one column. Writes
DIR/YYYY-MM-DD-cpu-NAME-read.json and a Markdown table beside it. Needs h5py and numpy.
"""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from end_to_end import machine

H5PY = """
import sys, time, h5py
with h5py.File(sys.argv[1], "r") as file:
    start = time.perf_counter()
    for column in file["configs"].values():
        column[:]
    print(time.perf_counter() - start)
"""


def make(path, rows, packed):
    import h5py
    import numpy as np

    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        for i in range(4):
            values = np.round(random.random(rows) * 100, 3)
            options = {"chunks": (65536,), "compression": 1, "shuffle": True} if packed else {}
            file.create_dataset(f"configs/c{i}", data=values, **options)


def make_chunks(path):
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        file.create_dataset("configs/c0", data=np.arange(1_600_000), chunks=(16,), compression=1, shuffle=True)


def seconds_of(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return done


def printed(command):
    return float(seconds_of(command).stdout.split()[0])


def dd(path, size):
    done = seconds_of(["dd", f"if={path}", "of=/dev/null", "bs=1M", f"count={size >> 20}"])
    return float(re.search(r"([0-9.e-]+) s,", done.stderr).group(1))


def measure(ways, runs):
    """Each way once a round, so that what else the machine does hits all alike; the first round only warms up."""
    times = {name: [] for name in ways}
    for i in range(runs + 1):
        for name, way in ways.items():
            seconds = way()
            if i:
                times[name].append(seconds)
    return {name: {"seconds": statistics.median(every), "runs": every} for name, every in times.items()}


def markdown(report):
    m = report["machine"]
    out = [f"# Reading columns, {report['date']}", "",
           f"{m['cpu']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, {m['system']}; 4 float64 columns of {report['rows']:,} rows, page cache warm; "
           f"median of {report['runs']} interleaved runs. GB/s are of the columns in memory.", "", "| file | way | seconds | GB/s |", "|---|---|---:|---:|"]
    size = report["rows"] * 32
    for file in ("plain", "packed"):
        for way, found in report[file].items():
            out.append(f"| {'uncompressed' if file == 'plain' else 'deflate 1 + shuffle'} | {way} | {found['seconds']:.3f} | {size / found['seconds'] / 1e9:.2f} |")
    out += ["", "| ratio | measured | goal |", "|---|---:|---:|"]
    for name, (value, goal) in report["ratios"].items():
        out.append(f"| {name} | {value:.2f} | {goal} |")
    return "\n".join(out + [""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", type=Path)
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).resolve().parent / "results")
    parser.add_argument("--name", default="2core")
    a = parser.parse_args()
    reader = a.reader.resolve()
    one = ["taskset", "-c", "0"]
    with tempfile.TemporaryDirectory() as folder:
        plain, packed, chunks = (Path(folder) / name for name in ("plain.h5", "packed.h5", "chunks.h5"))
        make(plain, a.rows, False), make(packed, a.rows, True), make_chunks(chunks)
        python = [sys.executable, "-c", H5PY]
        found = {
            "plain": measure({"dd, one core": lambda: dd(plain, a.rows * 32), "fast reader, one core": lambda: printed([*one, reader, plain]),
                              "fast reader, all cores": lambda: printed([reader, plain]), "h5py, one core": lambda: printed([*one, *python, plain])}, a.runs),
            "packed": measure({"h5py, one core": lambda: printed([*one, *python, packed]), "plain reader, one core": lambda: printed([*one, reader, packed, "plain"]),
                               "fast reader, one core": lambda: printed([*one, reader, packed]), "fast reader, all cores": lambda: printed([reader, packed])}, a.runs),
        }
        maps = [float(seconds_of([reader, chunks]).stdout.split()[1]) for _ in range(a.runs)]
    p, c = found["plain"], found["packed"]
    cores = machine()["cores"]
    ratios = {
        "uncompressed: rate of dd, one core": (p["dd, one core"]["seconds"] / p["fast reader, one core"]["seconds"], "≥ 0.8"),
        "deflate + shuffle: × h5py, one core": (c["h5py, one core"]["seconds"] / c["fast reader, one core"]["seconds"], "≥ 2.2"),
        f"deflate + shuffle: {cores} cores × one": (c["fast reader, one core"]["seconds"] / c["fast reader, all cores"]["seconds"], "≥ 1.8 on 2"),
        "100,000 chunks opened and mapped, seconds": (statistics.median(maps), "< 1"),
    }
    report = {"date": datetime.date.today().isoformat(), "machine": machine(), "rows": a.rows, "runs": a.runs, **found, "map_seconds": maps, "ratios": ratios,
              "load_average": os.getloadavg()}
    a.output_folder.mkdir(parents=True, exist_ok=True)
    stem = a.output_folder / f"{report['date']}-cpu-{a.name}-read"
    stem.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    stem.with_suffix(".md").write_text(markdown(report))
    print(markdown(report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
